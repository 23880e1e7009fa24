"""Answers over HTTP: outcomes as JSON, problems as RFC 9457. Pure, and the only place that renders either."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

import msgspec

from shared.http.answer import Answer
from shared.outcome import MAX_LISTED_ERRORS, Code, Deferred, Delivered, Outcome, Problem, RecordError, Rejected

_JSON = "application/json"
_PROBLEM = "application/problem+json"
#: `type` of a problem is stable and needs no host: RFC 9457 allows any URI.
_PROBLEM_TYPE = "urn:kusto-ingest:problem:"

#: Seconds after which it is worth asking what became of a deferral.
FOLLOW_AFTER = 10

type _Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """An answer, ready to be sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def render(answer: Answer) -> HttpReply:
    """The answer to an ingestion or webhook request."""
    match answer.outcome:
        case None:
            found: _Json = {"dryRun": True, "rows": _rows(answer, ingested=0), "bytes": answer.raw_size}
            return _reply(200, _JSON, _base(answer, "valid") | found)
        case Delivered() as outcome:
            return _reply(200, _JSON, {**_base(answer, "delivered"), **_delivered(answer, outcome)})
        case Deferred() as outcome:
            url = _status_url(answer.operation_id)
            body = {**_base(answer, "deferred"), **_deferred(answer, outcome), "statusUrl": url}
            return _reply(202, _JSON, body, {"Location": url, "Retry-After": str(FOLLOW_AFTER)})
        case Rejected() as outcome:
            return render_problem(outcome.problem, answer.operation_id)
        case _:
            assert_never(answer.outcome)


def render_outcome(operation_id: UUID, outcome: Outcome | None) -> HttpReply:
    """The answer to a request that had no body of its own; None: there was nothing left to do."""
    if outcome is None:
        return render_json(200, {"operationId": str(operation_id), "outcome": "nothing-to-do"})
    return render(Answer(operation_id=operation_id, outcome=outcome, rows=getattr(outcome, "rows", None)))


def render_problem(problem: Problem, operation_id: UUID) -> HttpReply:
    """A problem body; `Retry-After` where trying again may help."""
    body: _Json = {
        "type": f"{_PROBLEM_TYPE}{problem.code}",
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "instance": f"urn:uuid:{operation_id}",
        "code": problem.code.value,
        "retryable": problem.kind.retryable,
    }
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after is not None:
        seconds = math.ceil(problem.retry_after)
        headers["Retry-After"] = str(seconds)
        body["retryAfter"] = seconds
    if problem.limit is not None:
        limit = problem.limit
        body["limit"] = {"name": limit.name, "value": limit.value, "actual": limit.actual}
    if problem.accepted:
        body["accepted"] = list(problem.accepted)
    if problem.maybe_committed:
        body["maybeCommitted"] = True
    if problem.errors:
        body["errors"] = [msgspec.to_builtins(error) for error in problem.errors[:MAX_LISTED_ERRORS]]
        body["errorsTotal"] = problem.errors_total
    if problem.code is Code.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(problem.accepted)
    return _reply(problem.kind.status, _PROBLEM, body, headers)


def render_json(status: int, body: _Json) -> HttpReply:
    """Any other answer."""
    return _reply(status, _JSON, body)


def _base(answer: Answer, outcome: str) -> _Json:
    return {"operationId": str(answer.operation_id), "outcome": outcome, "duplicate": answer.duplicate}


def _status_url(operation: UUID) -> str:
    return f"/api/operations/{operation}"


def _delivered(answer: Answer, outcome: Delivered) -> _Json:
    body: _Json = {
        "mode": outcome.mode.value,
        "rows": _rows(answer, ingested=outcome.rows) | {"rejected": len(outcome.rejected)},
        "bytes": outcome.raw_size,
        "attempts": outcome.attempts,
        "maybeDuplicate": outcome.maybe_duplicate,
    }
    body |= _set_aside(outcome.rejected)
    if outcome.batch is not None:
        batch = outcome.batch
        body["batch"] = {"requests": batch.requests, "rows": batch.rows, "waitMs": round(batch.wait * 1000)}
    return body


def _deferred(answer: Answer, outcome: Deferred) -> _Json:
    return (
        {
            "mode": outcome.mode.value,
            "reason": outcome.reason,
            "rows": _rows(answer, ingested=0) | {"rejected": len(outcome.rejected)},
            "bytes": outcome.raw_size,
            "attempts": outcome.attempts,
            "maybeDuplicate": outcome.maybe_duplicate,
        }
        | ({"detail": outcome.detail} if outcome.detail else {})
        | _set_aside(outcome.rejected)
    )


def _set_aside(errors: tuple[RecordError, ...]) -> _Json:
    if not errors:
        return {}
    return {
        "errors": [msgspec.to_builtins(error) for error in errors[:MAX_LISTED_ERRORS]],
        "errorsTotal": len(errors),
    }


def _rows(answer: Answer, *, ingested: int | None) -> _Json:
    return {"received": answer.rows, "ingested": ingested, "rejected": 0}


def _reply(status: int, media_type: str, body: _Json, headers: Mapping[str, str] | None = None) -> HttpReply:
    return HttpReply(
        status=status,
        headers={"Content-Type": media_type, "Cache-Control": "no-store", **(headers or {})},
        body=msgspec.json.encode(body),
    )
