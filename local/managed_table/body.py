"""Bodies of an exact raw size in every format of the table, with the number of their rows."""

import io
import random
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import fastavro

from local.kusto.arrow import pa, parquet
from local.managed_table.case import Size
from shared.framing.formats import DataFormat

_ROW_BYTES = 16 * 1024
_AVRO = {
    "type": "record",
    "name": "Row",
    "fields": [{"name": "Id", "type": "long"}, {"name": "Text", "type": "string"}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Raw records; `rows` of them."""

    content: bytes
    rows: int


#: Raw bytes; binary formats come near them only.
RAW_BYTES: Final[Mapping[Size, int]] = {
    Size.ROW: 24,
    Size.KB: 1024,
    Size.TWO_MB: 2_000_000,
    Size.THREE_MB: 3_000_000,
    Size.UNDER: 4 * 1024 * 1024 - 1,
    Size.EXACT: 4 * 1024 * 1024,
    Size.OVER: 4 * 1024 * 1024 + 1,
    Size.SIX: 6_000_000,
    Size.TWELVE: 12_000_000,
}


@lru_cache(maxsize=8)
def body_of(data_format: DataFormat, size: Size, *, hard: bool = False, first: int = 0) -> Body:
    """A body.

    Args:
        data_format: One of the table's.
        size: Raw, to the byte for text.
        hard: Whether the text cannot be compressed well.
        first: `Id` of the first row; those after it count up.

    Raises:
        ValueError: for a format that the table does not have.
    """
    size_bytes = RAW_BYTES[size]
    rows = 1 if size is Size.ROW else max(8, size_bytes // _ROW_BYTES)
    match data_format:
        case DataFormat.PARQUET:
            content = _parquet(_texts(rows, size_bytes), first)
        case DataFormat.AVRO:
            content = _avro(_texts(rows, size_bytes), first)
        case DataFormat.CSV | DataFormat.TSV | DataFormat.TXT | DataFormat.JSON:
            content = _lines(data_format, rows, size_bytes, first, hard=hard)
        case _:
            raise ValueError(f"the table has no {data_format}")
    return Body(content=content, rows=rows)


def spoiled(data_format: DataFormat) -> bytes:
    """Records that the service cannot read in this format.

    Raises:
        ValueError: for a format in which anything can be read.
    """
    match data_format:
        case DataFormat.CSV:
            return b'0,"never closed\n'
        case DataFormat.JSON:
            return b'{"Id":0,"Text":\n'
        case DataFormat.PARQUET | DataFormat.AVRO:
            return b"PAR0 nothing of the kind"
        case _:
            raise ValueError(f"nothing is bad {data_format}")


def _lines(data_format: DataFormat, rows: int, size: int, first: int, *, hard: bool) -> bytes:
    """Rows of about equal width; the last one is as long as the exact size needs."""
    filler = _hard(size) if hard else b"x" * size
    parts: list[bytes] = []
    written = 0
    for row in range(rows):
        before, after = _around(data_format, first + row)
        end = size if row == rows - 1 else size * (row + 1) // rows
        width = end - written - len(before) - len(after)
        parts.append(before + filler[written : written + width] + after)
        written = end
    return b"".join(parts)


def _around(data_format: DataFormat, row: int) -> tuple[bytes, bytes]:
    """What stands before and after the text of a row."""
    match data_format:
        case DataFormat.JSON:
            return b'{"Id":%d,"Text":"' % row, b'"}\n'
        case DataFormat.TXT:
            return b"", b"\n"
        case DataFormat.TSV:
            return b"%d\t" % row, b"\n"
        case _:
            return b"%d," % row, b"\n"


def _texts(rows: int, size: int) -> list[str]:
    """Texts that do not compress: a binary file is as large as its rows."""
    width = size // rows + 1
    text = _hard(rows * width).decode()
    return [text[start : start + width] for start in range(0, rows * width, width)]


def _hard(size: int) -> bytes:
    """Text of which gzip saves a quarter only; the same each time."""
    return b64encode(random.Random(7).randbytes(size))[:size]  # noqa: S311 - repeatable, nothing secret


def _parquet(texts: list[str], first: int) -> bytes:
    columns = pa.table({"Id": pa.array(range(first, first + len(texts)), pa.int64()), "Text": texts})
    sink = io.BytesIO()
    parquet.write_table(columns, sink, compression="none", use_dictionary=False, write_statistics=False)
    return sink.getvalue()


def _avro(texts: list[str], first: int) -> bytes:
    sink = io.BytesIO()
    rows = [{"Id": first + row, "Text": text} for row, text in enumerate(texts)]
    fastavro.writer(sink, _AVRO, rows, sync_marker=b"0123456789abcdef")
    return sink.getvalue()
