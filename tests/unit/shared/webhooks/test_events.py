"""Webhooks as CloudEvents: the sender's body stays as it was, and names come from where the sender writes them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.framing.formats import DataFormat
from shared.outcome import Code, Problem, Refused
from shared.webhooks.events import envelope
from shared.webhooks.schemes import Delivery, Scheme
from tests.strategies import Json, almost_bodies, exactly, json_objects

NOW = 1_760_000_000.0
DELIVERY = Delivery(id="d-1", timestamp=None)


def line(body: bytes, scheme: Scheme = Scheme.GITHUB, delivery: Delivery = DELIVERY, **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    records = envelope(scheme, "hook", delivery, named, body, now=NOW, fallback_id="operation")
    assert (records.count, records.data_format) == (1, DataFormat.JSON)
    assert records.content.endswith(b"\n")
    assert records.content.count(b"\n") == 1
    return records.content


def event(
    body: bytes, scheme: Scheme = Scheme.GITHUB, delivery: Delivery = DELIVERY, **headers: str
) -> dict[str, object]:
    found: dict[str, object] = json.loads(line(body, scheme, delivery, **headers))
    return found


def refusal(body: bytes, **headers: str) -> Problem:
    with pytest.raises(Refused) as caught:
        line(body, **headers)
    return caught.value.problem


@given(body=json_objects, scheme=st.sampled_from(Scheme))
def test_the_body_is_kept_byte_for_byte(body: Json, scheme: Scheme) -> None:
    text = body.compact().encode()
    assert line(text, scheme).endswith(b',"data":' + text + b"}\n")


@given(body=json_objects, scheme=st.sampled_from(Scheme))
def test_line_breaks_become_spaces_and_nothing_else_changes(body: Json, scheme: Scheme) -> None:
    text = body.pretty("\r\n").encode()
    written = line(text, scheme)
    assert written.endswith(b',"data":' + text.replace(b"\r", b" ").replace(b"\n", b" ") + b"}\n")
    whole = exactly(written)
    assert ("data", exactly(text)) in whole[1]  # type: ignore[index]


@pytest.mark.parametrize("body", ["1.10", '"text"', "null", "[1, 2]", "12345678901234567890"])
def test_a_body_need_not_be_an_object(body: str) -> None:
    assert line(body.encode()).endswith(f',"data":{body}}}\n'.encode())


def test_a_github_event() -> None:
    body = b'{"action":"opened","repository":{"html_url":"https://github.com/o/r"},"number":1}'
    found = event(body, content_type="application/json", x_github_event="pull_request")
    assert found == {
        "specversion": "1.0",
        "id": "d-1",
        "source": "https://github.com/o/r",
        "type": "com.github.pull_request.opened",
        "time": "2025-10-09T08:53:20Z",
        "datacontenttype": "application/json",
        "data": json.loads(body),
    }


@pytest.mark.parametrize(
    "body", ["{}", '{"action":null}', '{"action":5}', '{"repository":[]}', "[]", '{"repository":null}']
)
def test_a_github_event_of_another_shape_still_has_its_names(body: str) -> None:
    found = event(body.encode(), x_github_event="ping")
    assert (found["source"], found["type"]) == ("/hooks/hook", "com.github.ping")


def test_a_standard_event() -> None:
    delivery = Delivery(id="msg_1", timestamp=NOW - 10)
    found = event(b'{"type":"user.created","timestamp":"2026-01-02T03:04:05Z","data":{}}', Scheme.STANDARD, delivery)
    assert (found["id"], found["type"], found["source"]) == ("msg_1", "user.created", "/hooks/hook")
    assert found["time"] == "2026-01-02T03:04:05Z"


def test_a_standard_event_without_a_time_has_that_of_its_signature() -> None:
    found = event(b"{}", Scheme.STANDARD, Delivery(id="msg_1", timestamp=NOW - 10))
    assert (found["type"], found["time"]) == ("event", "2025-10-09T08:53:10Z")


def test_a_delivery_without_an_id_has_that_of_the_operation() -> None:
    assert event(b"{}", delivery=Delivery(id=None, timestamp=None))["id"] == "operation"


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_no_body_is_refused(body: bytes) -> None:
    assert refusal(body).code is Code.EMPTY_BODY


@pytest.mark.parametrize(
    "body", [b"{", b"{} {}", b"{}\n{}", b'{"a":"s3cret\xff"}', b"s3cret", b"a=b", b'{"a":"x\ny"}', b"NaN"]
)
def test_what_is_not_one_json_document_is_refused(body: bytes) -> None:
    problem = refusal(body)
    assert problem.code is Code.MALFORMED_BODY
    assert "s3cret" not in repr(problem)


def test_a_form_is_refused_with_what_to_do() -> None:
    problem = refusal(b"payload=%7B%7D", content_type="application/x-www-form-urlencoded; charset=utf-8")
    assert (problem.code, problem.accepted) == (Code.UNSUPPORTED_MEDIA_TYPE, ("application/json",))


@given(
    body=st.one_of(almost_bodies, json_objects.map(lambda item: item.pretty().encode())),
    scheme=st.sampled_from(Scheme),
    name=st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))),
    kind=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_only_a_refusal_escapes(body: bytes, scheme: Scheme, name: str | None, kind: str) -> None:
    try:
        line(body, scheme, Delivery(id=name, timestamp=None), x_github_event=kind)
    except Refused as refused:
        assert refused.problem.kind.status in {400, 415}  # noqa: PT017 - either way is right


@pytest.mark.parametrize("scheme", Scheme)
def test_deep_nesting_is_read_or_refused(scheme: Scheme) -> None:
    # One level decides between the two; the exact one is the JSON library's business.
    low, high = 1, 300_000
    while high - low > 1:
        depth = (low + high) // 2
        try:
            line(b'{"a":' * depth + b"1" + b"}" * depth, scheme)
        except Refused as refused:
            assert refused.problem.code is Code.MALFORMED_BODY  # noqa: PT017 - beyond the limit it must be this one
            high = depth
        else:
            low = depth
    assert low > 100
