"""Separated values: where a record ends when quoted fields may hold line breaks. Pure."""

import re
from functools import cache

from shared.framing.formats import DataFormat
from shared.outcome import Code, Problem, RecordError, Refused

#: Field delimiters of the formats whose fields may be quoted (docs: "Data formats supported by Azure Data Explorer").
DELIMITERS = {
    DataFormat.CSV: b",",
    DataFormat.TSV: b"\t",
    DataFormat.PSV: b"|",
    DataFormat.SCSV: b";",
    DataFormat.SOHSV: b"\x01",
}


def record_ends(text: bytes, data_format: DataFormat, *, shift: int = 0) -> list[int]:
    """The offset after each record of a text whose records are cut by lines.

    Args:
        text: raw bytes.
        data_format: one that is framed by lines, quoted or not.
        shift: bytes that the sender has before the text, for the positions in a refusal.

    Raises:
        Refused: 400 when a quoted field is never closed.
    """
    delimiter = DELIMITERS.get(data_format)
    return line_ends(text, inner_breaks(text, delimiter, shift) if delimiter else frozenset())


def line_of(text: bytes, offset: int) -> int:
    """The line, counted from 1, in which a byte lies."""
    return text.count(b"\n", 0, offset) + 1


def line_ends(text: bytes, inner: frozenset[int]) -> list[int]:
    """The offset after each line break that ends a record, and the end of the text."""
    ends: list[int] = []
    position = text.find(b"\n") + 1
    while position:
        if position - 1 not in inner:
            ends.append(position)
        position = text.find(b"\n", position) + 1
    if text and not text.endswith(b"\n"):
        ends.append(len(text))
    return ends


def inner_breaks(text: bytes, delimiter: bytes, shift: int) -> frozenset[int]:
    """The offsets of line breaks inside quoted fields; `shift`: bytes that the sender has before the text.

    A quote opens a field only at the field's start; inside it a quote is doubled (RFC 4180, section 2). A quote
    anywhere else is text.
    """
    inner: set[int] = set()
    if b'"' not in text:
        return frozenset()
    for field in _quoted_field(delimiter).finditer(text):
        start, end = field.span()
        if end - start == 1:
            raise Refused(_unclosed(text, start, shift, len(inner)))
        position = text.find(b"\n", start, end)
        while position >= 0:
            inner.add(position)
            position = text.find(b"\n", position + 1, end)
    return frozenset(inner)


@cache
def _quoted_field(delimiter: bytes) -> re.Pattern[bytes]:
    """Matches a quoted field from its first quote to its last, or one quote alone where it is never closed."""
    start = rb"(?:^|(?<=[\n" + re.escape(delimiter) + rb"]))"
    return re.compile(start + rb'"(?:(?:[^"]++|"")*+")?')


def _unclosed(text: bytes, start: int, shift: int, inner: int) -> Problem:
    line, offset = line_of(text, start), start + shift
    detail = f"A quoted field that opens at line {line} (byte {offset}) is never closed."
    item = RecordError(index=line - 1 - inner, line=line, offset=offset, code="unclosed-quote", detail=detail)
    return Problem(code=Code.MALFORMED_BODY, detail=detail, errors=(item,), errors_total=1)
