"""Where a body is wrong: record index (from 0), line (from 1) and offset (bytes from 0) of the body as it was sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.framing.formats import DataFormat
from shared.framing.records import frame
from shared.outcome import RecordError, Refused


def errors_of(body: bytes, data_format: DataFormat) -> tuple[RecordError, ...]:
    with pytest.raises(Refused) as caught:
        frame(body, data_format, skip_header=False)
    return caught.value.problem.errors


def places_of(body: bytes, data_format: DataFormat) -> list[tuple[int, int, int]]:
    return [(error.index, error.line, error.offset) for error in errors_of(body, data_format)]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'"', (0, 1, 0)),
        (b'a,"', (0, 1, 2)),
        (b'a\nb\n"c', (2, 3, 4)),
        (b'a\r\n"b\r\nc', (1, 2, 3)),
        (b'"x","y""z', (0, 1, 4)),
    ],
)
def test_an_unclosed_quote_is_named_by_its_opening(body: bytes, place: tuple[int, int, int]) -> None:
    (error,) = errors_of(body, DataFormat.CSV)
    assert error.code == "unclosed-quote"
    assert places_of(body, DataFormat.CSV) == [place]


def test_the_index_counts_records_and_not_their_lines() -> None:
    assert places_of(b'a\n"x\ny"\n"oops', DataFormat.CSV) == [(2, 4, 8)]


def test_an_offset_counts_the_byte_order_mark() -> None:
    assert places_of(b'\xef\xbb\xbfa\n"b', DataFormat.CSV) == [(1, 2, 5)]


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b"1", [(0, 1, 0)]),
        (b'{"a":1}\n2\n3', [(1, 2, 8), (2, 3, 10)]),
        (b'[\n{"a":1},\n2]', [(1, 3, 11)]),
        (b"[1,1,1]", [(0, 1, 1), (1, 1, 3), (2, 1, 5)]),
        (b'{"a":1}\n"{\\"a\\":1}"', [(1, 2, 8)]),
    ],
)
def test_a_record_that_is_no_object_is_named_by_its_start(body: bytes, places: list[tuple[int, int, int]]) -> None:
    assert places_of(body, DataFormat.JSON) == places


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"a":1}\n{"b":}\n{"c":3}', (1, 2, 8)),
        (b'{"a":1} {"b":2}\n\n{"c"\n', (2, 3, 17)),
        (b"{", (0, 1, 0)),
    ],
)
def test_broken_json_is_named_by_its_line(body: bytes, place: tuple[int, int, int]) -> None:
    assert places_of(body, DataFormat.JSON) == [place]


@given(
    before=st.integers(min_value=0, max_value=6),
    blank=st.sampled_from([b"\n", b"\r\n", b" \n", b"\t\n"]),
    mark=st.booleans(),
)
def test_what_stands_before_the_first_record_counts(before: int, blank: bytes, *, mark: bool) -> None:
    start = (b"\xef\xbb\xbf" if mark else b"") + blank * before
    for broken in (b"1", b'{"a":}'):
        assert places_of(start + broken, DataFormat.JSON) == [(0, before + 1, len(start))]


def test_a_byte_that_is_no_utf_8_is_named() -> None:
    with pytest.raises(Refused, match="byte 4") as caught:
        frame(b"a,b\n\xff", DataFormat.CSV, skip_header=False)
    assert caught.value.problem.code == "malformed-body"


def test_an_array_that_breaks_names_the_record_where_it_does() -> None:
    (error,) = errors_of(b'[{"a":1},\n{"b":2},\n{"c":}]', DataFormat.JSON)
    assert (error.index, error.line) == (2, 3)
