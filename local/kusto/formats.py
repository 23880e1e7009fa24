"""The data formats of Kusto (Microsoft docs: ``ingestion-supported-formats``)."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from local.kusto.errors import format_not_supported


class DataFormat(StrEnum):
    """A data format by its wire name (``streamFormat``, ``AdditionalProperties.format``), lower case."""

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
    PARQUET = "parquet"
    AVRO = "avro"
    APACHEAVRO = "apacheavro"
    ORC = "orc"

    @classmethod
    def parse(cls, text: str) -> DataFormat:
        """Read a wire name in any case; raises ``KustoError`` (format not supported) for an unknown one."""
        try:
            return cls(text.strip().lower())
        except ValueError:
            raise format_not_supported(text) from None


class MappingKind(StrEnum):
    """The kind of an ingestion mapping, by the word used in commands."""

    CSV = "csv"
    JSON = "json"
    AVRO = "avro"
    APACHEAVRO = "apacheavro"
    PARQUET = "parquet"
    ORC = "orc"
    W3CLOGFILE = "w3clogfile"
    SSTREAM = "sstream"


def mapping_kind(data_format: DataFormat) -> MappingKind:  # noqa: PLR0911 - one return per member of a closed set
    """The kind of mapping that serves a format (Microsoft docs: ``mappings``)."""
    match data_format:
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
        case DataFormat.JSON | DataFormat.SINGLEJSON | DataFormat.MULTIJSON:
            return MappingKind.JSON
        case DataFormat.W3CLOGFILE:
            return MappingKind.W3CLOGFILE
        case DataFormat.PARQUET:
            return MappingKind.PARQUET
        case DataFormat.AVRO:
            return MappingKind.AVRO
        case DataFormat.APACHEAVRO:
            return MappingKind.APACHEAVRO
        case DataFormat.ORC:
            return MappingKind.ORC
    assert_never(data_format)


def serving_kinds(kind: MappingKind) -> tuple[MappingKind, ...]:
    """The kinds whose mappings serve, the first found wins: Apache Avro takes Avro's (Microsoft docs: ``mappings``)."""
    return (kind, MappingKind.AVRO) if kind is MappingKind.APACHEAVRO else (kind,)
