"""Answers over HTTP: what a caller reads, for every outcome and every problem."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.api import HttpReply, render, render_json, render_outcome, render_problem
from shared.outcome import (
    CATALOGUE,
    Batch,
    Code,
    Deferred,
    Delivered,
    Limit,
    Mode,
    Outcome,
    Problem,
    RecordError,
    Rejected,
)
from shared.pipelines.requests import Answer

OPERATION = UUID("00000000-0000-0000-0000-000000000007")


def answer(outcome: Outcome | None, rows: int | None = 3) -> Answer:
    return Answer(operation_id=OPERATION, outcome=outcome, rows=rows, raw_size=100)


def read(reply: HttpReply) -> dict[str, object]:
    body: dict[str, object] = json.loads(reply.body)
    assert reply.headers["Cache-Control"] == "no-store"
    return body


def error(index: int) -> RecordError:
    return RecordError(index=index, line=index + 1, offset=index * 10, code="not-an-object", detail="d")


def test_delivered() -> None:
    reply = render(answer(Delivered(rows=3, raw_size=100, attempts=2, maybe_duplicate=True)))
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert read(reply) == {
        "operationId": str(OPERATION),
        "outcome": "delivered",
        "duplicate": False,
        "mode": "streaming",
        "rows": {"received": 3, "ingested": 3, "rejected": 0},
        "bytes": 100,
        "attempts": 2,
        "maybeDuplicate": True,
    }


def test_delivered_together_with_others() -> None:
    batch = Batch(requests=17, rows=41, wait=0.0384)
    reply = render(answer(Delivered(rows=3, raw_size=100, attempts=1, batch=batch)))
    assert read(reply)["batch"] == {"requests": 17, "rows": 41, "waitMs": 38}


def test_rows_that_only_the_service_counts() -> None:
    reply = render(answer(Delivered(rows=None, raw_size=100, attempts=1), rows=None))
    assert read(reply)["rows"] == {"received": None, "ingested": None, "rejected": 0}


def test_deferred() -> None:
    reply = render(answer(Deferred(reason="throttled", rows=3, raw_size=100, attempts=3, mode=Mode.QUEUED)))
    body = read(reply)
    assert reply.status == 202
    assert (body["outcome"], body["mode"], body["reason"]) == ("deferred", "queued", "throttled")
    assert body["rows"] == {"received": 3, "ingested": 0, "rejected": 0}


def test_a_deferral_can_be_followed() -> None:
    reply = render(answer(Deferred(reason="throttled", rows=3, raw_size=100, attempts=3)))
    assert read(reply)["statusUrl"] == reply.headers["Location"] == f"/api/operations/{OPERATION}"
    assert int(reply.headers["Retry-After"]) > 0


def test_an_earlier_outcome_is_called_a_duplicate() -> None:
    outcome = Delivered(rows=3, raw_size=100, attempts=1)
    again = Answer(operation_id=OPERATION, outcome=outcome, rows=3, raw_size=100, duplicate=True)
    assert read(render(again))["duplicate"] is True


def test_records_that_were_set_aside_are_counted_and_listed() -> None:
    rejected = tuple(map(error, range(25)))
    body = read(render(answer(Delivered(rows=75, raw_size=100, attempts=1, rejected=rejected), rows=100)))
    assert body["rows"] == {"received": 100, "ingested": 75, "rejected": 25}
    assert (len(body["errors"]), body["errorsTotal"]) == (20, 25)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "outcome", [None, Delivered(rows=1, raw_size=2, attempts=1), Deferred(reason="r", rows=1, raw_size=2, attempts=0)]
)
def test_an_answer_without_a_request_body(outcome: Outcome | None) -> None:
    reply = render_outcome(OPERATION, outcome)
    assert reply.status in {200, 202}
    assert read(reply)["operationId"] == str(OPERATION)


def test_a_dry_run_says_that_nothing_was_ingested() -> None:
    reply = render(answer(None))
    body = read(reply)
    assert reply.status == 200
    assert (body["outcome"], body["dryRun"]) == ("valid", True)
    assert body["rows"] == {"received": 3, "ingested": 0, "rejected": 0}


@pytest.mark.parametrize("code", Code)
def test_every_problem_renders(code: Code) -> None:
    reply = render(answer(Rejected(problem=Problem(code=code, detail="What to do."), attempts=1)))
    kind = CATALOGUE[code]
    assert (reply.status, reply.headers["Content-Type"]) == (kind.status, "application/problem+json")
    assert read(reply) == {
        "type": f"urn:kusto-ingest:problem:{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": "What to do.",
        "instance": f"urn:uuid:{OPERATION}",
        "code": code.value,
        "retryable": kind.retryable,
    }


def test_all_that_a_problem_can_say() -> None:
    problem = Problem(
        code=Code.TOO_LARGE,
        detail="d",
        limit=Limit(name="MAX", value=10, actual=11),
        accepted=("gzip",),
        errors=(error(0),),
        errors_total=1,
        retry_after=1.2,
        maybe_committed=True,
    )
    reply = render_problem(problem, OPERATION)
    body = read(reply)
    assert reply.headers["Retry-After"] == "2"
    assert body["retryAfter"] == 2
    assert body["limit"] == {"name": "MAX", "value": 10, "actual": 11}
    assert body["accepted"] == ["gzip"]
    assert body["maybeCommitted"] is True
    assert body["errors"] == [{"index": 0, "line": 1, "offset": 0, "code": "not-an-object", "detail": "d"}]
    assert body["errorsTotal"] == 1


def test_twenty_errors_are_listed() -> None:
    problem = Problem(code=Code.MALFORMED_BODY, detail="d", errors=tuple(map(error, range(30))), errors_total=30)
    body = read(render_problem(problem, OPERATION))
    assert [row["index"] for row in body["errors"]] == list(range(20))  # type: ignore[attr-defined]
    assert body["errorsTotal"] == 30


def test_a_method_that_is_not_allowed_names_those_that_are() -> None:
    problem = Problem(code=Code.METHOD_NOT_ALLOWED, detail="d", accepted=("POST", "OPTIONS"))
    assert render_problem(problem, OPERATION).headers["Allow"] == "POST, OPTIONS"


@given(seconds=st.floats(min_value=0, max_value=10**6))
def test_retry_after_is_whole_seconds_and_never_too_early(seconds: float) -> None:
    reply = render_problem(Problem(code=Code.UNAVAILABLE, detail="d", retry_after=seconds), OPERATION)
    assert seconds <= int(reply.headers["Retry-After"]) <= seconds + 1


@given(detail=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_detail_is_json(detail: str) -> None:
    assert read(render_problem(Problem(code=Code.INTERNAL, detail=detail), OPERATION))["detail"] == detail


def test_any_other_answer() -> None:
    reply = render_json(503, {"status": "failed"})
    assert (reply.status, reply.headers["Content-Type"]) == (503, "application/json")
    assert read(reply) == {"status": "failed"}
