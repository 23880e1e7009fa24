"""Requests in our own words: parameters, sizes and the format of a body."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.framing.formats import DataFormat
from shared.http.call import HttpCall, OnError, Options, check_size, choose_format, parse_options
from shared.outcome import Code, Limit, Problem, Refused
from shared.routing.routes import Route

NOTHING = Options()


def call(query: dict[str, str] | None = None, headers: dict[str, str] | None = None, body: bytes = b"x") -> HttpCall:
    return HttpCall(
        operation_id=UUID(int=1),
        method="POST",
        route="r",
        table=None,
        headers=headers or {},
        query=query or {},
        body=body,
    )


def route(data_format: DataFormat | None) -> Route:
    return Route(name="r", database="d", table="t", data_format=data_format)


def chosen(route_format: DataFormat | None, content_type: str = "", wanted: DataFormat | None = None) -> DataFormat:
    return choose_format(route(route_format), Options(data_format=wanted), content_type)


def refusal(what: object, *args: object) -> Problem:
    with pytest.raises(Refused) as caught:
        what(*args)  # type: ignore[operator]
    return caught.value.problem


def test_nothing_asked_is_nothing_chosen() -> None:
    assert parse_options(call()) == NOTHING


def test_everything_that_can_be_asked() -> None:
    query = {"format": "CSV", "mapping": "m", "ignoreFirstRecord": "TRUE", "onError": "quarantine", "dryRun": "1"}
    headers = {"prefer": "Respond-Async, Wait = 5", "idempotency-key": "k 1"}
    assert parse_options(call(query | {"code": "function key"}, headers)) == Options(
        data_format=DataFormat.CSV,
        mapping="m",
        ignore_first_record=True,
        on_error=OnError.QUARANTINE,
        dry_run=True,
        wait=5.0,
        respond_async=True,
        key="k 1",
    )


@pytest.mark.parametrize("key", ["", "é", "a\nb", "\x7f", "k" * 256])
def test_a_key_is_one_line_of_ascii(key: str) -> None:
    assert refusal(parse_options, call(headers={"idempotency-key": key})).code is Code.MALFORMED_PARAMETER


def test_the_longest_key() -> None:
    assert parse_options(call(headers={"idempotency-key": "k" * 255})).key == "k" * 255


@pytest.mark.parametrize("text", ["false", "0", "False"])
def test_false_is_not_nothing(text: str) -> None:
    options = parse_options(call({"ignoreFirstRecord": text, "dryRun": text}))
    assert (options.ignore_first_record, options.dry_run) == (False, False)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"formt": "csv"}, "formt"),
        ({"Format": "csv"}, "Format"),
        ({"format": "exe"}, "format"),
        ({"ignoreFirstRecord": "yes"}, "ignoreFirstRecord"),
        ({"dryRun": ""}, "dryRun"),
        ({"onError": "retry"}, "onError"),
        ({"x" * 5000: "1"}, "xxxx"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_by_name(query: dict[str, str], named: str) -> None:
    problem = refusal(parse_options, call(query))
    assert problem.code is Code.MALFORMED_PARAMETER
    assert named in problem.detail
    assert len(problem.detail) < 300


@given(query=st.dictionaries(st.one_of(st.sampled_from(["format", "dryRun", "mapping"]), st.text()), st.text()))
def test_any_query_is_read_or_refused(query: dict[str, str]) -> None:
    try:
        parse_options(call(query))
    except Refused as refused:
        assert refused.problem.code is Code.MALFORMED_PARAMETER  # noqa: PT017 - either way is right


@given(prefer=st.one_of(st.text(max_size=30), st.text(st.sampled_from("wait=0123456789, ²;."), max_size=20)))
def test_any_preference_is_read_or_passed_over(prefer: str) -> None:
    wait = parse_options(call(headers={"prefer": prefer})).wait
    assert wait is None or wait > 0


@pytest.mark.parametrize(
    ("prefer", "wait"),
    [
        ("wait=10", 10.0),
        ("WAIT=3", 3.0),
        ("return=minimal, wait=2", 2.0),
        ("wait=0", None),
        ("wait=-1", None),
        ("wait=²", None),
        ("wait=soon", None),
        ("wait", None),
        ("waiting=5", None),
        ("", None),
    ],
)
def test_how_long_the_caller_waits(prefer: str, wait: float | None) -> None:
    assert parse_options(call(headers={"prefer": prefer})).wait == wait


def test_a_very_long_wait_is_read_or_passed_over() -> None:
    wait = parse_options(call(headers={"prefer": "wait=" + "9" * 5000})).wait
    assert wait is None or wait > 10**9


def test_the_size_is_checked_to_the_byte() -> None:
    check_size(call(body=b"x" * 10), 10)
    problem = refusal(check_size, call(body=b"x" * 11), 10)
    assert (problem.code, problem.limit) == (Code.TOO_LARGE, Limit(name="MAX_BODY_BYTES", value=10, actual=11))


def test_no_body_is_refused() -> None:
    assert refusal(check_size, call(body=b""), 10).code is Code.EMPTY_BODY
    assert refusal(check_size, call(headers={"content-length": "0"}, body=b""), 10).code is Code.EMPTY_BODY


@pytest.mark.parametrize("encoding", ["chunked", "gzip, Chunked"])
def test_a_chunked_body_that_did_not_arrive_needs_a_length(encoding: str) -> None:
    problem = refusal(check_size, call(headers={"transfer-encoding": encoding}, body=b""), 10)
    assert problem.code is Code.LENGTH_REQUIRED
    assert "Content-Length" in problem.detail


def test_a_chunked_body_that_arrived_is_fine() -> None:
    check_size(call(headers={"transfer-encoding": "chunked"}), 10)


@pytest.mark.parametrize(
    ("route_format", "content_type", "wanted", "expected"),
    [
        (DataFormat.CSV, "", None, DataFormat.CSV),
        (DataFormat.CSV, "application/octet-stream", None, DataFormat.CSV),
        (DataFormat.CSV, "text/csv; charset=utf-8", DataFormat.CSV, DataFormat.CSV),
        (DataFormat.CSV, "text/plain", None, DataFormat.CSV),
        (DataFormat.CSV, "application/x-unknown", None, DataFormat.CSV),
        (DataFormat.MULTIJSON, "application/json", None, DataFormat.MULTIJSON),
        (DataFormat.SINGLEJSON, "application/json", None, DataFormat.SINGLEJSON),
        (None, "text/csv", None, DataFormat.CSV),
        (None, "application/x-ndjson", None, DataFormat.JSON),
        (None, "application/octet-stream", DataFormat.ORC, DataFormat.ORC),
        (None, "", DataFormat.TSV, DataFormat.TSV),
        (None, "text/csv", DataFormat.TSV, DataFormat.TSV),
    ],
)
def test_formats(
    route_format: DataFormat | None, content_type: str, wanted: DataFormat | None, expected: DataFormat
) -> None:
    assert chosen(route_format, content_type, wanted) is expected


def test_a_parameter_may_not_contradict_the_route() -> None:
    assert refusal(chosen, DataFormat.CSV, "", DataFormat.JSON).code is Code.MALFORMED_PARAMETER


@pytest.mark.parametrize(
    ("route_format", "content_type"),
    [(DataFormat.CSV, "application/json"), (DataFormat.JSON, "text/csv"), (DataFormat.PARQUET, "application/json")],
)
def test_a_media_type_may_not_contradict_the_route(route_format: DataFormat, content_type: str) -> None:
    problem = refusal(chosen, route_format, content_type)
    assert (problem.code, problem.accepted) == (Code.UNSUPPORTED_MEDIA_TYPE, (route_format.value,))


@pytest.mark.parametrize(
    "content_type", ["", "application/octet-stream", "image/png", "application/x-www-form-urlencoded"]
)
def test_something_must_name_the_format(content_type: str) -> None:
    problem = refusal(chosen, None, content_type)
    assert problem.code is Code.UNSUPPORTED_MEDIA_TYPE
    assert "text/csv" in problem.accepted
    assert content_type != "image/png" or "not supported" in problem.detail
