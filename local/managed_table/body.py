"""Bodies of an exact raw size in every format of the table, with the number of their rows."""

import io
import random
import string
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

import fastavro
import pyarrow as pa
import pyarrow.parquet

from local.managed_table.case import Size
from shared.formats import DataFormat

_ALPHABET = (string.ascii_letters + string.digits).encode()
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


def raw_bytes(size: Size) -> int:
    """The raw size; binary formats come near it only."""
    match size:
        case Size.ROW:
            return 24
        case Size.KB:
            return 1024
        case Size.TWO_MB:
            return 2_000_000
        case Size.THREE_MB:
            return 3_000_000
        case Size.UNDER:
            return 4 * 1024 * 1024 - 1
        case Size.EXACT:
            return 4 * 1024 * 1024
        case Size.OVER:
            return 4 * 1024 * 1024 + 1
        case Size.TWELVE:
            return 12_000_000
        case _:
            assert_never(size)


@lru_cache(maxsize=8)
def body_of(data_format: DataFormat, size: Size, *, hard: bool = False, first: int = 0) -> Body:
    """A body.

    Args:
        hard: Whether the text cannot be compressed well.
        first: `Id` of the first row; those after it count up.

    Raises:
        ValueError: for a format that the table does not have.
    """
    wide = 1 if size is Size.ROW else max(2, min(1024, raw_bytes(size) // _ROW_BYTES)) if size is not Size.KB else 8
    match data_format:
        case DataFormat.PARQUET:
            return Body(content=_parquet(_texts(wide, raw_bytes(size)), first), rows=wide)
        case DataFormat.AVRO:
            return Body(content=_avro(_texts(wide, raw_bytes(size)), first), rows=wide)
        case DataFormat.CSV | DataFormat.TSV | DataFormat.TXT | DataFormat.JSON:
            return Body(content=_lines(data_format, wide, raw_bytes(size), first, hard=hard), rows=wide)
        case _:
            raise ValueError(f"the table has no {data_format}")


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
    filler = bytes(random.Random(7).choices(_ALPHABET, k=size)) if hard else b"x" * size  # noqa: S311 - repeatable
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
    draw = random.Random(7)  # noqa: S311 - repeatable
    return ["".join(map(chr, draw.choices(_ALPHABET, k=size // rows + 1))) for _ in range(rows)]


def _parquet(texts: list[str], first: int) -> bytes:
    columns = pa.table({"Id": pa.array(range(first, first + len(texts)), pa.int64()), "Text": texts})
    sink = io.BytesIO()
    pyarrow.parquet.write_table(columns, sink, compression="none", use_dictionary=False, write_statistics=False)
    return sink.getvalue()


def _avro(texts: list[str], first: int) -> bytes:
    sink = io.BytesIO()
    rows = [{"Id": first + row, "Text": text} for row, text in enumerate(texts)]
    fastavro.writer(sink, _AVRO, rows, sync_marker=b"0123456789abcdef")
    return sink.getvalue()
