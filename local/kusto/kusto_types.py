"""Kusto's ten scalar types and their shape in DuckDB, Arrow and .NET names."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from duckdb_kql.types import KQL_TO_NET

from local.kusto.arrow import ArrowType, pa
from local.kusto.errors import bad_request


class KustoType(StrEnum):
    """A scalar type by its KQL name (Microsoft docs: ``scalar-data-types``)."""

    BOOL = "bool"
    DATETIME = "datetime"
    DECIMAL = "decimal"
    DYNAMIC = "dynamic"
    GUID = "guid"
    INT = "int"
    LONG = "long"
    REAL = "real"
    STRING = "string"
    TIMESPAN = "timespan"

    @classmethod
    def parse(cls, text: str) -> KustoType:
        """Read a type name, its documented aliases and .NET names included; raises ``KustoError``."""
        name = text.strip().lower().removeprefix("system.")
        try:
            return cls(_ALIASES.get(name, name))
        except ValueError:
            raise bad_request("General_BadRequest", f"Semantic error: Unknown data type '{text}'.") from None

    @property
    def duckdb(self) -> str:
        """The DuckDB column type; ``duckdb_kql.types`` maps it back to this type."""
        return _DUCKDB[self]

    @property
    def arrow(self) -> ArrowType:
        """The Arrow type of parsed values: guid and dynamic travel as text, the rest natively."""
        return _ARROW[self]

    @property
    def net(self) -> str:
        """The .NET name that schemas report (``System.Int64``)."""
        return KQL_TO_NET[self.value]


_ALIASES: Final = {
    "boolean": "bool",
    "sbyte": "bool",
    "date": "datetime",
    "time": "timespan",
    "double": "real",
    "single": "real",
    "float": "real",
    "uuid": "guid",
    "uniqueid": "guid",
    "int32": "int",
    "int64": "long",
    "object": "dynamic",
    "sqldecimal": "decimal",
    "data.sqltypes.sqldecimal": "decimal",
}

_DUCKDB: Final = {
    KustoType.BOOL: "BOOLEAN",
    KustoType.DATETIME: "TIMESTAMP",
    KustoType.DECIMAL: "DECIMAL(38,18)",
    KustoType.DYNAMIC: "JSON",
    KustoType.GUID: "UUID",
    KustoType.INT: "INTEGER",
    KustoType.LONG: "BIGINT",
    KustoType.REAL: "DOUBLE",
    KustoType.STRING: "VARCHAR",
    KustoType.TIMESPAN: "INTERVAL",
}

_ARROW: Final = {
    KustoType.BOOL: pa.bool_(),
    KustoType.DATETIME: pa.timestamp("us"),
    KustoType.DECIMAL: pa.decimal128(38, 18),
    KustoType.DYNAMIC: pa.string(),
    KustoType.GUID: pa.string(),
    KustoType.INT: pa.int32(),
    KustoType.LONG: pa.int64(),
    KustoType.REAL: pa.float64(),
    KustoType.STRING: pa.string(),
    KustoType.TIMESPAN: pa.duration("us"),
}
