"""Framing of separated values and of whole or binary bodies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.framing.formats import DataFormat, Framing, framing_of
from shared.framing.records import frame
from shared.outcome import Code, Refused
from tests.strategies import DELIMITERS, almost_bodies, read_separated, rows, separated

each_separated = pytest.mark.parametrize(("data_format", "delimiter"), DELIMITERS.items())

_BLANK = " \t\x0b\x0c"


def refusal(body: bytes, data_format: DataFormat, *, skip_header: bool = False) -> Code:
    with pytest.raises(Refused) as caught:
        frame(body, data_format, skip_header=skip_header)
    return caught.value.problem.code


def visible(table: list[list[str]]) -> list[list[str]]:
    return [row for row in table if any(field.strip() for field in row)]


@each_separated
@given(table=rows, line_end=st.sampled_from(["\n", "\r\n"]), quote_all=st.booleans())
def test_every_row_is_counted_and_none_is_changed(
    data_format: DataFormat, delimiter: str, table: list[list[str]], line_end: str, *, quote_all: bool
) -> None:
    table = visible(table) or [["x"]]
    records = frame(separated(table, delimiter, line_end=line_end, quote_all=quote_all), data_format, skip_header=False)
    assert records.count == len(table)
    assert read_separated(records.content, delimiter) == table


@each_separated
@given(table=rows, header=st.lists(st.text('ab"\n ,;|é', min_size=1), min_size=1, max_size=4))
def test_the_header_row_goes_and_nothing_else(
    data_format: DataFormat, delimiter: str, table: list[list[str]], header: list[str]
) -> None:
    table, header = visible(table) or [["x"]], ["h", *header]
    records = frame(separated([header, *table], delimiter), data_format, skip_header=True)
    assert records.count == len(table)
    assert read_separated(records.content, delimiter) == table


@each_separated
@given(row=st.lists(st.text(_BLANK, max_size=3), min_size=2, max_size=4))
def test_a_row_of_blank_fields_is_a_row(data_format: DataFormat, delimiter: str, row: list[str]) -> None:
    assert frame(separated([["x"], row, ["y"]], delimiter), data_format, skip_header=False).count == 3


@given(body=almost_bodies, data_format=st.sampled_from(DataFormat), skip_header=st.booleans())
def test_only_a_refusal_escapes(body: bytes, data_format: DataFormat, *, skip_header: bool) -> None:
    try:
        records = frame(body, data_format, skip_header=skip_header)
    except Refused as refused:
        assert refused.problem.kind.status == 400  # noqa: PT017 - either way is right
    else:
        assert records.content
        assert records.count is None or records.count > 0


@given(body=almost_bodies.filter(bool), data_format=st.sampled_from([f for f in DataFormat if not f.endswith("json")]))
def test_framing_again_changes_nothing(body: bytes, data_format: DataFormat) -> None:
    try:
        once = frame(body, data_format, skip_header=False)
        again = frame(once.content, data_format, skip_header=False)
    except Refused:
        return
    if not once.content.startswith(b"\xef\xbb\xbf"):  # a second mark is text
        assert again == once


def test_the_byte_order_mark_goes() -> None:
    records = frame(b'\xef\xbb\xbf"a\nb",1\r\n', DataFormat.CSV, skip_header=False)
    assert (records.content, records.count) == (b'"a\nb",1\n', 1)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_blank_lines_are_not_counted(line_end: bytes) -> None:
    body = line_end.join([b"a,1", b"", b"b,2", b"", b""])
    assert frame(body, DataFormat.CSV, skip_header=False).count == 2


def test_a_blank_line_before_the_header_does_not_make_the_header_a_record() -> None:
    records = frame(b"\nname,age\nann,1\n", DataFormat.CSV, skip_header=True)
    assert (records.content.strip(), records.count) == (b"ann,1", 1)


def test_a_header_with_a_line_break_in_a_quoted_field_goes_whole() -> None:
    records = frame(b'"first\nname",age\r\nann,1\r\n', DataFormat.CSV, skip_header=True)
    assert (records.content, records.count) == (b"ann,1\n", 1)


def test_a_last_line_without_line_break_is_a_record() -> None:
    records = frame(b"a\nb", DataFormat.TXT, skip_header=False)
    assert (records.content, records.count) == (b"a\nb\n", 2)


def test_a_quote_inside_a_field_is_text() -> None:
    assert frame(b'5" disk,1\n6" disk,2\n', DataFormat.CSV, skip_header=False).count == 2


@pytest.mark.parametrize("data_format", [DataFormat.TXT, DataFormat.TSVE])
def test_formats_without_quoting_end_a_record_at_each_line(data_format: DataFormat) -> None:
    assert frame(b'"a\nb"\n', data_format, skip_header=False).count == 2


@pytest.mark.parametrize(
    "body", [b"", b"\n\r\n", b"name,age", b"name,age\r\n", b'"na\nme",age\n', b"\xef\xbb\xbfname\n\n"]
)
def test_nothing_but_a_header_is_refused(body: bytes) -> None:
    assert refusal(body, DataFormat.CSV, skip_header=True) is Code.EMPTY_BODY


@pytest.mark.parametrize("data_format", DataFormat)
def test_no_byte_is_no_body(data_format: DataFormat) -> None:
    assert refusal(b"", data_format) is Code.EMPTY_BODY


@pytest.mark.parametrize("data_format", [f for f in DataFormat if framing_of(f) is not Framing.BINARY])
def test_text_formats_must_be_utf_8(data_format: DataFormat) -> None:
    assert refusal(b'{"a":"caf\xe9"}', data_format) is Code.MALFORMED_BODY


@pytest.mark.parametrize("data_format", [f for f in DataFormat if framing_of(f) is Framing.BINARY])
def test_binary_bodies_are_left_alone(data_format: DataFormat) -> None:
    body = b"\xef\xbb\xbfPAR1\xff\0\n\n"
    records = frame(body, data_format, skip_header=True)
    assert (records.content, records.count) == (body, None)


def test_a_whole_body_is_one_record() -> None:
    records = frame(b"\xef\xbb\xbfline 1\nline 2\n", DataFormat.RAW, skip_header=False)
    assert (records.content, records.count) == (b"line 1\nline 2\n", 1)


def test_only_the_service_counts_a_w3c_log() -> None:
    assert frame(b"#Fields: a\n1\n", DataFormat.W3CLOGFILE, skip_header=False).count is None


def test_a_problem_never_quotes_the_body() -> None:
    for body in (b'"s3cret', b"s3cret\xff", b"name,s3cret\n"):
        with pytest.raises(Refused) as caught:
            frame(body, DataFormat.CSV, skip_header=True)
        assert "s3cret" not in repr(caught.value.problem)
