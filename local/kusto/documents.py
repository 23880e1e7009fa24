"""JSON text and binary records to a list of documents."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import fastavro
import msgspec

from local.kusto.arrow import ArrowError, ArrowTable, orc, pa, parquet
from local.kusto.conversion import Json
from local.kusto.formats import DataFormat

type Document = dict[str, Json]

_EXACT: Final = msgspec.json.Decoder(float_hook=Decimal)
_BOM: Final = b"\xef\xbb\xbf"


class MalformedError(Exception):
    """Content that is not what its format says; the text never quotes the content."""


def read_documents(content: bytes, data_format: DataFormat) -> list[Document]:
    """The records of a JSON, Avro, Parquet, ORC or W3C log content; raises ``MalformedError``.

    Malformed lines of ``json`` are left out; any other format is read as a whole or not at all.
    """
    reader = _READERS[data_format]
    try:
        return reader(content.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MalformedError("not valid JSON") from error


def _lines(content: bytes) -> list[Document]:
    """A record per line; malformed ones are left out (Microsoft docs: ``ingest-invalid-data``)."""
    return [record for line in content.split(b"\n") if line.strip() and (record := _line(line)) is not None]


def _line(line: bytes) -> Document | None:
    try:
        value = _EXACT.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _one(content: bytes) -> list[Document]:
    return [_object(_EXACT.decode(content))] if content.strip() else []


def _many(content: bytes) -> list[Document]:
    try:
        values = [_EXACT.decode(content)]
    except msgspec.DecodeError:
        values = list(_concatenated(content.decode()))
    return [_object(item) for value in values for item in (value if isinstance(value, list) else [value])]


def _concatenated(text: str) -> Iterator[Json]:
    decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)
    position = 0
    while position < len(text):
        if text[position] in " \t\r\n":
            position += 1
            continue
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError as error:
            raise MalformedError("not valid JSON") from error
        yield value


def _no_constant(name: str) -> Json:
    raise MalformedError(f"{name} is not JSON")


def _object(value: Any) -> Document:
    if not isinstance(value, dict):
        raise MalformedError("a record is not a JSON object")
    return value


def _avro(content: bytes) -> list[Document]:
    try:
        return [_plain_record(record) for record in fastavro.reader(io.BytesIO(content))]
    except (ValueError, EOFError, StopIteration, KeyError, IndexError, TypeError) as error:
        raise MalformedError("not an Avro object container") from error


def _parquet(content: bytes) -> list[Document]:
    return _arrow(lambda: parquet.read_table(pa.BufferReader(content)), "Parquet")


def _orc(content: bytes) -> list[Document]:
    return _arrow(lambda: orc.read_table(pa.BufferReader(content)), "ORC")


def _arrow(read: Callable[[], ArrowTable], name: str) -> list[Document]:
    try:
        return [_plain_record(record) for record in read().to_pylist()]
    except (ArrowError, OSError) as error:
        raise MalformedError(f"not a {name} file") from error


def _plain_record(record: Any) -> Document:
    return {str(key): _plain(value) for key, value in _object(record).items()}


def _plain(value: Any) -> Json:  # noqa: PLR0911 - one return per member of a closed set
    """A value of a binary format as the JSON value that ``conversion`` reads."""
    match value:
        case None | bool() | int() | float() | str() | Decimal():
            return value
        case bytes():
            return value.decode("utf-8", "replace")
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return f"{value / timedelta(microseconds=1):.0f} microseconds"
        case UUID():
            return str(value)
        case dict():
            return {str(k): _plain(v) for k, v in value.items()}
        case Sequence():
            return [_plain(v) for v in value]
        case _:
            return str(value)


def _w3c(content: bytes) -> list[Document]:
    """W3C extended log: ``#Fields:`` names the fields of the lines after it."""
    names: list[str] = []
    records: list[Document] = []
    for line in content.decode("utf-8", "replace").splitlines():
        if line.startswith("#Fields:"):
            names = line.removeprefix("#Fields:").split()
        elif line.strip() and not line.startswith("#"):
            if not names:
                raise MalformedError("a log line comes before the #Fields directive")
            values = (None if v == "-" else v for v in line.split())
            records.append(dict(zip(names, values, strict=False)))
    return records


_READERS: Final[dict[DataFormat, Callable[[bytes], list[Document]]]] = {
    DataFormat.JSON: _lines,
    DataFormat.SINGLEJSON: _one,
    DataFormat.MULTIJSON: _many,
    DataFormat.AVRO: _avro,
    DataFormat.APACHEAVRO: _avro,
    DataFormat.PARQUET: _parquet,
    DataFormat.ORC: _orc,
    DataFormat.W3CLOGFILE: _w3c,
}
