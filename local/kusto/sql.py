"""SQL text from parsed names: the only place that quotes."""

from __future__ import annotations

from typing import Final

ROWS: Final = "_rows"
CATALOG: Final = "_kusto"
EXTENT: Final = "__extent"
INGESTED: Final = "__ingestion_time"


def ident(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted string literal."""
    return "'" + text.replace("'", "''") + "'"


def public(database: str, table: str) -> str:
    """The view that queries read: declared columns only. Spelt as ``duckdb_kql`` spells it."""
    return f"{ident(database)}.{ident(table)}"


def physical(database: str, table: str) -> str:
    """The table that holds the rows, with the hidden columns beside the declared ones."""
    return f"{ident(database)}.{ident(ROWS)}.{ident(table)}"
