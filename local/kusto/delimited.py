"""Delimited text to columns of text.

Large clean content goes through Arrow's CSV reader; everything else, and whatever that reader refuses (ragged
rows, bad UTF-8, very long records), through Python's. All records have the same number of fields, which need not be
that of the table: missing fields are null, surplus ones are there for an ordinal to ask for.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from local.kusto.arrow import Array, ArrowInvalid, arrow_csv, pa
from local.kusto.errors import KustoError, bad_request
from local.kusto.formats import DataFormat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SEPARATORS: Final = {
    DataFormat.CSV: ",",
    DataFormat.TSV: "\t",
    DataFormat.TSVE: "\t",
    DataFormat.PSV: "|",
    DataFormat.SCSV: ";",
    DataFormat.SOHSV: "\x01",
}
_BULK: Final = 64 * 1024
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\", "0": "\0"}
_BOM: Final = b"\xef\xbb\xbf"
csv.field_size_limit(1 << 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextColumns:
    """Columns of strings, null where a record has no such field."""

    rows: int
    columns: Sequence[Array]

    def column(self, ordinal: int) -> Array:
        """The column at a position; all null beyond the last one."""
        if ordinal < len(self.columns):
            return self.columns[ordinal]
        return pa.nulls(self.rows, pa.string())


def read_delimited(content: bytes, data_format: DataFormat, *, skip_first: bool) -> TextColumns:
    """Read a delimited, ``txt`` or ``raw`` format; raises ``KustoError`` for an open quote or ragged records."""
    content = content.removeprefix(_BOM)
    match data_format:
        case DataFormat.RAW:
            return _single(content.decode("utf-8", "replace"))
        case DataFormat.TXT:
            lines = [line for line in content.decode("utf-8", "replace").splitlines() if line]
            return _transposed([[line] for line in lines], skip_first=skip_first)
        case DataFormat.TSVE:
            return _transposed(list(_escaped(content)), skip_first=skip_first)
        case _:
            return _quoted(content, _SEPARATORS[data_format], skip_first=skip_first)


def _single(text: str) -> TextColumns:
    return TextColumns(rows=1 if text else 0, columns=[pa.array([text] if text else [], pa.string())])


def _quoted(content: bytes, separator: str, *, skip_first: bool) -> TextColumns:
    if len(content) >= _BULK and content.count(b'"') % 2 == 0:
        bulk = _bulk(content, separator, skip_first=skip_first)
        if bulk is not None:
            return bulk
    rows = [row for row in _python_rows(content, separator) if row]
    return _transposed(rows, skip_first=skip_first)


def _python_rows(content: bytes, separator: str) -> Iterator[list[str]]:
    unbalanced = content.count(b'"') % 2 == 1
    text = io.StringIO(content.decode("utf-8", "replace"), newline="")
    try:
        yield from csv.reader(text, delimiter=separator, strict=unbalanced)
    except csv.Error as error:
        raise closing_quote_missing(str(error)) from None


def closing_quote_missing(reason: str) -> KustoError:
    """A quote that never closes, or text after a closing quote."""
    return bad_request("Stream_ClosingQuoteMissing", f"Invalid CSV format. Closing quote is missing ({reason}).")


def wrong_number_of_fields(record: int, found: int, expected: int) -> KustoError:
    """Records that differ in their number of fields (Microsoft docs: ``ingest-invalid-data``, ``error-codes``)."""
    return bad_request(
        "Stream_WrongNumberOfFields",
        f"Inconsistent number of fields in the records: record {record} has {found}, those before it {expected}.",
    )


def _bulk(content: bytes, separator: str, *, skip_first: bool) -> TextColumns | None:
    head = io.StringIO(content[:_BULK].decode("utf-8", "replace"), newline="")
    first = next(csv.reader(head, delimiter=separator), None)
    if not first:
        return None
    names = [str(i) for i in range(len(first))]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(content),
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows_after_names=int(skip_first)),
            parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=b'"' in content),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except ArrowInvalid:
        return None
    return TextColumns(rows=table.num_rows, columns=table.columns)


def _escaped(content: bytes) -> Iterator[list[str]]:
    for line in content.decode("utf-8", "replace").split("\n"):
        row = line.removesuffix("\r")
        if row:
            yield [_ESCAPE.sub(lambda m: _ESCAPES.get(m[1], m[1]), f) for f in re.split(r"(?<!\\)\t", row)]


def _transposed(rows: Sequence[Sequence[str]], *, skip_first: bool) -> TextColumns:
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise wrong_number_of_fields(number, len(row), width)
    rows = rows[skip_first:]
    columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(width)]
    return TextColumns(rows=len(rows), columns=columns)
