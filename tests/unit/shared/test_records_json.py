"""Framing of JSON: objects, arrays, lines and one after the other, with every character of a record kept."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.framing.formats import DataFormat
from shared.framing.records import frame
from shared.outcome import Code, Problem, Refused
from tests.strategies import Json, exactly, json_objects

objects = st.lists(json_objects, min_size=1, max_size=5)


def lines_of(body: str | bytes, data_format: DataFormat = DataFormat.JSON) -> list[bytes]:
    """The framed lines; each is a whole record, and the count says how many there are."""
    records = frame(body if isinstance(body, bytes) else body.encode(), data_format, skip_header=False)
    *lines, last = records.content.split(b"\n")
    assert last == b""
    assert records.count == len(lines)
    assert records.data_format is DataFormat.JSON
    return lines


def refusal(body: bytes) -> Problem:
    with pytest.raises(Refused) as caught:
        frame(body, DataFormat.JSON, skip_header=False)
    return caught.value.problem


WAYS = {
    "array": lambda items: "[" + ",".join(item.compact() for item in items) + "]",
    "pretty array": lambda items: Json("array", items=tuple(items)).pretty(),
    "lines": lambda items: "\n".join(item.compact() for item in items) + "\n",
    "lines with CRLF": lambda items: "\r\n".join(item.compact() for item in items),
    "lines with blank lines": lambda items: "\n\n \n".join(item.compact() for item in items),
    "one after the other": lambda items: "".join(item.compact() for item in items),
    "pretty, one after the other": lambda items: "\n".join(item.pretty() for item in items),
    "pretty with CRLF": lambda items: "\r\n".join(item.pretty("\r\n") for item in items),
    "with a byte order mark": lambda items: "\ufeff" + " ".join(item.compact() for item in items),
}


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=25)  # for each of the ways
@given(items=objects)
def test_each_object_is_one_line_that_says_exactly_the_same(way: str, items: list[Json]) -> None:
    lines = lines_of(WAYS[way](items))
    assert [exactly(line) for line in lines] == [exactly(item.compact()) for item in items]


@given(items=objects)
def test_compact_objects_keep_every_byte(items: list[Json]) -> None:
    assert lines_of(WAYS["array"](items)) == [item.compact().encode() for item in items]


@given(items=objects, data_format=st.sampled_from([DataFormat.JSON, DataFormat.MULTIJSON]))
def test_multijson_is_framed_as_json(items: list[Json], data_format: DataFormat) -> None:
    assert lines_of(WAYS["pretty array"](items), data_format) == lines_of(WAYS["pretty array"](items))


@given(item=json_objects)
def test_singlejson_is_left_alone(item: Json) -> None:
    body = item.pretty().encode()
    records = frame(body, DataFormat.SINGLEJSON, skip_header=False)
    assert (records.content, records.count) == (body, 1)


@given(items=objects)
def test_a_header_flag_means_nothing_to_json(items: list[Json]) -> None:
    body = WAYS["lines"](items).encode()
    assert frame(body, DataFormat.JSON, skip_header=True) == frame(body, DataFormat.JSON, skip_header=False)


def test_numbers_keep_their_text() -> None:
    assert lines_of('[{"id":9007199254740993,"price":1.10}]') == [b'{"id":9007199254740993,"price":1.10}']


def test_repeated_names_stay() -> None:
    assert lines_of('{"a":1,"a":2}') == [b'{"a":1,"a":2}']


@pytest.mark.parametrize("body", [b"", b" \n\t ", b"[]", b" [ \n ] ", b"\xef\xbb\xbf"])
def test_nothing_to_ingest_is_refused(body: bytes) -> None:
    assert refusal(body).code is Code.EMPTY_BODY


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"a":1',
        b'{"a":1,}',
        b'{"a":NaN}',
        b'{"a":01}',
        b"{'a':1}",
        b'{"a":"line\nbreak"}',
        b'{"a":"\x01"}',
        b'{"a":"\\q"}',
        b'{"a":1},{"b":2}',
        b'{"a":1} x',
        b'[{"a":1}',
        b'[{"a":1}]x',
        b"[,]",
        b"// comment\n{}",
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    problem = refusal(body)
    assert problem.code is Code.MALFORMED_BODY
    assert problem.errors[0].code == "malformed-json"
    assert problem.errors_total == 1


@pytest.mark.parametrize("value", ["1", '"text"', "null", "true", '[{"a":1}]', "-1.5"])
@pytest.mark.parametrize("way", ["[{}, %s]", "{}\n%s", "{} %s"])
def test_a_record_that_is_no_object_is_refused(value: str, way: str) -> None:
    problem = refusal((way % value).encode())
    (error,) = problem.errors
    assert (problem.code, error.code, error.index) == (Code.MALFORMED_BODY, "not-an-object", 1)


@given(items=objects, wrong=st.integers(min_value=21, max_value=60))
def test_twenty_errors_are_listed_and_all_are_counted(items: list[Json], wrong: int) -> None:
    body = json.dumps(list(range(wrong))).removesuffix("]") + "," + WAYS["array"](items).removeprefix("[")
    problem = refusal(body.encode())
    assert [error.index for error in problem.errors] == list(range(20))
    assert problem.errors_total == wrong


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_without_end_is_refused(opening: bytes) -> None:
    problem = refusal(opening * 200_000)
    assert problem.code is Code.MALFORMED_BODY
    assert "nested too deeply" in problem.detail


def test_a_problem_never_quotes_the_body() -> None:
    for body in (b'{"a":"s3cret" 1}', b'["s3cret"]', b"s3cret"):
        assert "s3cret" not in repr(refusal(body))
