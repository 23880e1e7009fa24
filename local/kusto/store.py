"""Databases in DuckDB: one attached DuckDB database per Kusto database.

A table's rows live in schema ``_rows`` with two hidden columns (extent ordinal, ingestion time); queries read a
view of the declared columns. Definitions and extents live in schema ``_kusto`` of the same file, so that one
transaction covers rows and their bookkeeping. Functions here run on the connection they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import msgspec
from duckdb import DuckDBPyConnection

from local.kusto.catalog import Database, Table
from local.kusto.kusto_types import KustoType
from local.kusto.sql import CATALOG, EXTENT, INGESTED, ROWS, ident, literal, physical, public

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from local.kusto.arrow import ArrowTable

NO_EXTENT: Final = "00000000-0000-0000-0000-000000000000"

type Connection = DuckDBPyConnection
type Change = Callable[[Connection, Database], Database]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """One recorded append; ``size`` is in raw bytes, times are naive UTC."""

    id: str
    ordinal: int
    table: str
    created: datetime
    ingested: datetime
    rows: int
    size: int
    tags: tuple[str, ...]
    kind: str


def attach(con: Connection, name: str, folder: Path | None) -> None:
    """Open the database ``name`` (file ``NAME.duckdb`` in ``folder``, or memory) and make its bookkeeping."""
    place = ":memory:" if folder is None else str(folder / f"{name}.duckdb")
    con.execute(f"ATTACH IF NOT EXISTS {literal(place)} AS {ident(name)}")
    kusto = f"{ident(name)}.{ident(CATALOG)}"
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {ident(name)}.{ident(ROWS)}")
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {kusto}")
    con.execute(f"CREATE TABLE IF NOT EXISTS {kusto}.catalog(body VARCHAR)")
    con.execute(
        f"CREATE TABLE IF NOT EXISTS {kusto}.extents(id VARCHAR, ordinal BIGINT, table_name VARCHAR, "
        "created TIMESTAMP, ingested TIMESTAMP, row_count BIGINT, size BIGINT, tags VARCHAR[], kind VARCHAR)"
    )


def load(con: Connection, name: str) -> Database:
    """The stored definition of an attached database, or an empty one."""
    row = con.execute(f"SELECT body FROM {ident(name)}.{ident(CATALOG)}.catalog").fetchone()
    return Database(name=name) if row is None else msgspec.json.decode(row[0], type=Database)


def save(con: Connection, database: Database) -> None:
    """Replace the stored definition."""
    catalog = f"{ident(database.name)}.{ident(CATALOG)}.catalog"
    con.execute(f"DELETE FROM {catalog}")
    con.execute(f"INSERT INTO {catalog} VALUES (?)", [msgspec.json.encode(database).decode()])


def create_table(con: Connection, database: str, table: Table) -> None:
    """Make the table and its view."""
    declared = "".join(f"{ident(c.name)} {c.type.duckdb}, " for c in table.columns)
    hidden = f"{ident(EXTENT)} BIGINT, {ident(INGESTED)} TIMESTAMP"
    con.execute(f"CREATE TABLE {physical(database, table.name)} ({declared}{hidden})")
    refresh_view(con, database, table)


def refresh_view(con: Connection, database: str, table: Table) -> None:
    """Make the view show the table's declared columns, in their order."""
    names = ", ".join(ident(c.name) for c in table.columns)
    con.execute(
        f"CREATE OR REPLACE VIEW {public(database, table.name)} AS SELECT {names} FROM {physical(database, table.name)}"
    )


def drop_table(con: Connection, database: str, table: str) -> None:
    """Remove the table, its rows and its extents."""
    con.execute(f"DROP VIEW IF EXISTS {public(database, table)}")
    con.execute(f"DROP TABLE IF EXISTS {physical(database, table)}")
    forget_extents(con, database, table)


def forget_extents(con: Connection, database: str, table: str) -> None:
    """Remove the records of the table's extents."""
    con.execute(f"DELETE FROM {_extents(database)} WHERE table_name = ?", [table])


def clear_rows(con: Connection, database: str, table: str, *, but: int = 0) -> None:
    """Remove the rows and extents, keep the table; the extent with ordinal ``but`` stays."""
    con.execute(f"DELETE FROM {physical(database, table)} WHERE {ident(EXTENT)} <> ?", [but])
    con.execute(f"DELETE FROM {_extents(database)} WHERE table_name = ? AND ordinal <> ?", [table, but])


def rename_table(con: Connection, database: str, old: str, table: Table) -> None:
    """Give the table another name; rows and extents follow."""
    con.execute(f"DROP VIEW IF EXISTS {public(database, old)}")
    con.execute(f"ALTER TABLE {physical(database, old)} RENAME TO {ident(table.name)}")
    con.execute(f"UPDATE {_extents(database)} SET table_name = ? WHERE table_name = ?", [table.name, old])
    refresh_view(con, database, table)


def change_columns(con: Connection, database: str, old: Table, new: Table) -> None:
    """Add the columns that are new and drop those that are gone; existing rows get null."""
    place = physical(database, new.name)
    before = {c.name: c.type for c in old.columns}
    after = {c.name: c.type for c in new.columns}
    con.execute(f"DROP VIEW IF EXISTS {public(database, new.name)}")
    for name, kind in before.items():
        if after.get(name) is not kind:
            con.execute(f"ALTER TABLE {place} DROP COLUMN {ident(name)}")
    for name, kind in after.items():
        if before.get(name) is not kind:
            default = " DEFAULT ''" if kind is KustoType.STRING else ""
            con.execute(f"ALTER TABLE {place} ADD COLUMN {ident(name)} {kind.duckdb}{default}")
    refresh_view(con, database, new)


def append(con: Connection, database: str, extent: Extent, rows: ArrowTable) -> None:
    """Append typed rows as one extent and record it.

    Column names in ``rows`` are the table's; columns that the table has lost meanwhile are left out.
    """
    place = physical(database, extent.table)
    kept = _columns(con, database, extent.table)
    names = [name for name in rows.column_names if name in kept]
    target = ", ".join(ident(n) for n in [*names, EXTENT, INGESTED])
    source = "".join(f"{ident(n)}::{kept[n]}, " for n in names)
    con.register("appended_rows", rows)
    try:
        con.execute(
            f"INSERT INTO {place} ({target}) SELECT {source}{extent.ordinal}, "
            f"TIMESTAMP '{extent.ingested.isoformat(sep=' ')}' FROM appended_rows"
        )
    finally:
        con.unregister("appended_rows")
    record(con, database, extent)


def record(con: Connection, database: str, extent: Extent) -> None:
    """Write down an extent."""
    con.execute(
        f"INSERT INTO {_extents(database)} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            extent.id,
            extent.ordinal,
            extent.table,
            extent.created,
            extent.ingested,
            extent.rows,
            extent.size,
            list(extent.tags),
            extent.kind,
        ],
    )


def append_select(
    con: Connection, database: str, table: Table, extent: Extent, select: str, parameters: Mapping[str, Any]
) -> Extent | None:
    """Append the rows of a SELECT that has the table's columns in order; the recorded extent, ``None`` for no rows."""
    target = ", ".join(ident(name) for name in (*(c.name for c in table.columns), EXTENT, INGESTED))
    counted = con.execute(
        f"INSERT INTO {physical(database, table.name)} ({target}) "
        f"SELECT *, {extent.ordinal}, TIMESTAMP '{extent.ingested.isoformat(sep=' ')}' FROM ({select})",
        dict(parameters) or None,
    ).fetchone()
    if not counted or not counted[0]:
        return None
    written = replace(extent, rows=int(counted[0]), size=_text_size(con, database, table, extent.ordinal))
    record(con, database, written)
    return written


def _text_size(con: Connection, database: str, table: Table, ordinal: int) -> int:
    """Bytes of an extent's rows as text with one separator after each field: what they would be as CSV."""
    fields = " + ".join(f"coalesce(strlen({ident(c.name)}::VARCHAR), 0) + 1" for c in table.columns)
    found = con.execute(
        f"SELECT sum({fields}) FROM {physical(database, table.name)} WHERE {ident(EXTENT)} = ?", [ordinal]
    ).fetchone()
    return int(found[0] or 0) if found else 0


def extents(con: Connection, database: str, tables: Sequence[str]) -> list[Extent]:
    """The extents of the tables, oldest first."""
    found = con.execute(
        f"SELECT id, ordinal, table_name, created, ingested, row_count, size, tags, kind "
        f"FROM {_extents(database)} WHERE list_contains(?::VARCHAR[], table_name) ORDER BY ordinal",
        [list(tables)],
    ).fetchall()
    return [
        Extent(
            id=r[0], ordinal=r[1], table=r[2], created=r[3], ingested=r[4], rows=r[5], size=r[6],
            tags=tuple(r[7]), kind=r[8],
        )
        for r in found
    ]  # fmt: skip


def drop_extents(con: Connection, database: str, dropped: Sequence[Extent]) -> None:
    """Remove the extents and their rows."""
    for extent in dropped:
        con.execute(f"DELETE FROM {physical(database, extent.table)} WHERE {ident(EXTENT)} = ?", [extent.ordinal])
        con.execute(f"DELETE FROM {_extents(database)} WHERE ordinal = ?", [extent.ordinal])


def has_ingest_by(con: Connection, database: str, table: str, values: Sequence[str]) -> bool:
    """Whether an extent of the table carries one of the ``ingest-by:`` values."""
    tags = [f"ingest-by:{v.removeprefix('ingest-by:')}" for v in values]
    row = con.execute(
        f"SELECT count(*) FROM {_extents(database)} WHERE table_name = ? AND list_has_any(tags, ?::VARCHAR[])",
        [table, tags],
    ).fetchone()
    return bool(row and row[0])


def last_ordinal(con: Connection, database: str) -> int:
    """The highest extent ordinal in use, 0 for none."""
    row = con.execute(f"SELECT coalesce(max(ordinal), 0) FROM {_extents(database)}").fetchone()
    return int(row[0]) if row else 0


def new_extent_id() -> str:
    """An extent id."""
    return str(uuid4())


def _extents(database: str) -> str:
    return f"{ident(database)}.{ident(CATALOG)}.extents"


def _columns(con: Connection, database: str, table: str) -> dict[str, str]:
    found = con.execute(f"DESCRIBE {physical(database, table)}").fetchall()
    return {row[0]: row[1] for row in found if row[0] not in {EXTENT, INGESTED}}
