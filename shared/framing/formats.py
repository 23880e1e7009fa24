"""Kusto data formats, media types, file extensions and compressions: closed sets and the tables between them.

Source of the format names: Microsoft docs "Data formats supported by Azure Data Explorer for ingestion" and
azure-kusto-data 6.0.4, data_format.py (a test holds the two together).
"""

from enum import StrEnum
from pathlib import PurePosixPath
from typing import assert_never


class DataFormat(StrEnum):
    """A Kusto data format, spelled as the service's `streamFormat` parameter wants it."""

    CSV = "csv"
    TSV = "tsv"
    TSVE = "tsve"
    PSV = "psv"
    SCSV = "scsv"
    SOHSV = "sohsv"
    TXT = "txt"
    RAW = "raw"
    JSON = "json"
    SINGLEJSON = "singlejson"
    MULTIJSON = "multijson"
    W3CLOGFILE = "w3clogfile"
    AVRO = "avro"
    APACHEAVRO = "apacheavro"
    PARQUET = "parquet"
    ORC = "orc"


class Framing(StrEnum):
    """How records lie in a body, and so how we cut it."""

    QUOTED = "quoted"  # one record a line, a quoted field may hold line breaks (RFC 4180)
    LINES = "lines"  # one record a line, no quoting across lines
    JSON = "json"  # objects, arrays of objects, or objects one after the other
    WHOLE = "whole"  # the body is one record, or only the service can tell
    BINARY = "binary"  # a container file that is never cut, gathered or stripped


class Compression(StrEnum):
    """What lies around the raw bytes."""

    NONE = "identity"
    GZIP = "gzip"
    ZSTD = "zstd"  # HTTP bodies only: Kusto reads gzip and zip
    ZIP = "zip"  # blobs by reference only


class MappingKind(StrEnum):
    """The kind of ingestion mapping a format takes, as `.create ingestion <kind> mapping` spells it."""

    CSV = "csv"
    JSON = "json"
    AVRO = "avro"
    PARQUET = "parquet"
    ORC = "orc"
    W3CLOGFILE = "w3clogfile"


_MEDIA_TYPES = {
    "application/json": DataFormat.JSON,
    "application/x-ndjson": DataFormat.JSON,
    "application/jsonl": DataFormat.JSON,
    "text/csv": DataFormat.CSV,
    "text/tab-separated-values": DataFormat.TSV,
    "text/plain": DataFormat.TXT,
    "application/vnd.apache.parquet": DataFormat.PARQUET,
    "application/avro": DataFormat.AVRO,
}

#: Media types that say nothing about the format: the route or `?format=` must.
OPAQUE_MEDIA_TYPES = frozenset({"", "application/octet-stream", "application/x-www-form-urlencoded"})

_EXTENSIONS = {
    ".csv": DataFormat.CSV,
    ".tsv": DataFormat.TSV,
    ".psv": DataFormat.PSV,
    ".txt": DataFormat.TXT,
    ".json": DataFormat.JSON,
    ".jsonl": DataFormat.JSON,
    ".ndjson": DataFormat.JSON,
    ".avro": DataFormat.AVRO,
    ".parquet": DataFormat.PARQUET,
    ".orc": DataFormat.ORC,
    ".log": DataFormat.TXT,
}

_COMPRESSED_EXTENSIONS = {".gz": Compression.GZIP, ".gzip": Compression.GZIP, ".zip": Compression.ZIP}


def framing_of(data_format: DataFormat) -> Framing:
    """How records of this format are cut."""
    match data_format:
        case DataFormat.CSV | DataFormat.TSV | DataFormat.PSV | DataFormat.SCSV | DataFormat.SOHSV:
            return Framing.QUOTED
        case DataFormat.TSVE | DataFormat.TXT:
            return Framing.LINES
        case DataFormat.JSON | DataFormat.MULTIJSON:
            return Framing.JSON
        case DataFormat.RAW | DataFormat.SINGLEJSON | DataFormat.W3CLOGFILE:
            return Framing.WHOLE
        case DataFormat.AVRO | DataFormat.APACHEAVRO | DataFormat.PARQUET | DataFormat.ORC:
            return Framing.BINARY
        case _:
            assert_never(data_format)


def mapping_kind_of(data_format: DataFormat) -> MappingKind:
    """The ingestion mapping kind of this format (azure-kusto-data 6.0.4, data_format.py)."""
    match data_format:
        case DataFormat.JSON | DataFormat.SINGLEJSON | DataFormat.MULTIJSON:
            return MappingKind.JSON
        case DataFormat.AVRO | DataFormat.APACHEAVRO:
            return MappingKind.AVRO
        case DataFormat.PARQUET:
            return MappingKind.PARQUET
        case DataFormat.ORC:
            return MappingKind.ORC
        case DataFormat.W3CLOGFILE:
            return MappingKind.W3CLOGFILE
        case (
            DataFormat.CSV
            | DataFormat.TSV
            | DataFormat.TSVE
            | DataFormat.PSV
            | DataFormat.SCSV
            | DataFormat.SOHSV
            | DataFormat.TXT
            | DataFormat.RAW
        ):
            return MappingKind.CSV
        case _:
            assert_never(data_format)


def needs_mapping(data_format: DataFormat) -> bool:
    """Whether streaming needs a mapping reference (docs: "Streaming ingestion", mappingName for JSON, Avro)."""
    return mapping_kind_of(data_format) is not MappingKind.CSV


def allows_header(data_format: DataFormat) -> bool:
    """Whether a first record can be a header row that is not to be ingested."""
    return framing_of(data_format) in {Framing.QUOTED, Framing.LINES}


def format_of_media_type(media_type: str) -> DataFormat | None:
    """The format a media type names, or None where it names none. Parameters (`; charset`) are ignored."""
    return _MEDIA_TYPES.get(media_type.partition(";")[0].strip().lower())


def media_types() -> tuple[str, ...]:
    """Every media type that names a format, for error texts and documents."""
    return tuple(_MEDIA_TYPES)


def split_name(name: str) -> tuple[DataFormat | None, Compression]:
    """Format and compression that a file name tells by its extensions (`a/b.csv.gz` → CSV, GZIP)."""
    path = PurePosixPath(name.lower())
    compression = _COMPRESSED_EXTENSIONS.get(path.suffix, Compression.NONE)
    extension = PurePosixPath(path.stem).suffix if compression is not Compression.NONE else path.suffix
    return _EXTENSIONS.get(extension), compression


def reference_format(data_format: DataFormat, name: str) -> DataFormat:
    """The format under which a blob is queued by reference, where nobody cuts it into lines first.

    `json` means one object a line to the service; a `.json` file may as well be an array or pretty printed, which
    `multijson` reads (docs: "JSON data formats"). Files that promise lines by their name stay `json`.
    """
    if data_format is not DataFormat.JSON:
        return data_format
    stem = name.lower()
    for extension in _COMPRESSED_EXTENSIONS:
        stem = stem.removesuffix(extension)
    return DataFormat.JSON if stem.endswith((".jsonl", ".ndjson")) else DataFormat.MULTIJSON
