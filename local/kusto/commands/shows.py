"""Commands that show the cluster, databases, schemas and extents."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from local.kusto import store
from local.kusto.commands.registry import Call, entries
from local.kusto.commands.shapes import listed, strings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.kusto.catalog import Database
    from local.kusto.commands.reader import Reader
    from local.kusto.model import ResultTable
    from local.kusto.store import Extent

_VERSION: Final = (
    ("BuildVersion", "string"),
    ("BuildTime", "datetime"),
    ("ServiceType", "string"),
    ("ProductVersion", "string"),
    ("ServiceOffering", "string"),
)
_OFFERING: Final = '{"Type":"Local Kusto"}'
_EXTENTS: Final = (
    ("ExtentId", "guid"),
    ("DatabaseName", "string"),
    ("TableName", "string"),
    ("MaxCreatedOn", "datetime"),
    ("OriginalSize", "real"),
    ("ExtentSize", "real"),
    ("CompressedSize", "real"),
    ("IndexSize", "real"),
    ("Blocks", "long"),
    ("Segments", "long"),
    ("ExtentContainerId", "string"),
    ("RowCount", "long"),
    ("MinCreatedOn", "datetime"),
    ("Tags", "string"),
    ("Kind", "string"),
)


def show_version(call: Call) -> ResultTable:
    """``.show version``; the service type is ``Engine``, as clients check."""
    call.reader.end()
    return listed(_VERSION, [("1.0.0.0", "2026-01-01T00:00:00Z", "Engine", "local", _OFFERING)])


def show_databases(call: Call) -> ResultTable:
    """``.show databases``."""
    call.reader.end()
    return listed(
        (*strings("DatabaseName", "PersistentStorage", "Version"), ("IsCurrent", "bool"),
         *strings("DatabaseAccessMode", "PrettyName", "DatabaseId")),
        [
            (name, "", "v1.0", name == call.database, "ReadWrite", "", name)
            for name in call.engine.databases()
        ],
    )  # fmt: skip


def show_database(call: Call) -> ResultTable:
    """``.show database [NAME] [schema [as json]]``."""
    name = call.database
    if call.reader.rest and not call.reader.rest.lower().startswith(("schema", "details")):
        name = call.reader.name()
    database = call.engine.database(name)
    if call.reader.accept("schema"):
        if call.reader.accept("as"):
            call.reader.expect("json")
            call.reader.end()
            return listed(strings("DatabaseSchema"), [(json.dumps(_schema(database)),)])
        call.reader.end()
        rows = [
            (name, table.name, column.name, column.type.net, table.folder, table.docstring)
            for table in database.tables.values()
            for column in table.columns
        ]
        columns = strings("DatabaseName", "TableName", "ColumnName", "ColumnType", "Folder", "DocString")
        return listed(columns, rows)
    call.reader.accept("details")
    call.reader.end()
    return listed(strings("DatabaseName", "DatabaseAccessMode"), [(name, "ReadWrite")])


def create_database(call: Call) -> ResultTable:
    """``.create database NAME [ifnotexists]``: a local cluster is its own control plane."""
    name = call.reader.name()
    call.reader.accept("persist") or call.reader.accept("volatile")
    call.reader.accept("ifnotexists")
    call.reader.end()
    call.engine.create_database(name)
    return listed(strings("DatabaseName", "DatabaseAccessMode"), [(name, "ReadWrite")])


def show_table_extents(call: Call) -> ResultTable:
    """``.show table T extents [where tags has 'X']``."""
    return extents_of(call, call.database, call.names)


def show_database_extents(call: Call) -> ResultTable:
    """``.show database [NAME] extents``, ``.show extents``."""
    name = call.names[0] if call.names else call.database
    return extents_of(call, name, sorted(call.engine.database(name).tables))


def drop_extents(call: Call) -> ResultTable:
    """``.drop extents [from table|from all tables] …`` as ``.drop extents <| .show table T extents where tags …``."""
    call.reader.need("<|")
    call.reader.expect(".show", "table")
    table = call.reader.name()
    call.reader.expect("extents")
    call.engine.database(call.database).table(table)
    tags = _tags(call.reader)
    call.reader.end()

    def drop(con: store.Connection) -> list[Extent]:
        gone = [e for e in store.extents(con, call.database, [table]) if _has(e, tags)]
        store.drop_extents(con, call.database, gone)
        return gone

    gone = call.engine.write(drop)
    return listed(strings("ExtentId", "TableName"), [(e.id, e.table) for e in gone])


def show_update_failures(call: Call) -> ResultTable:
    """``.show update policy failures``: an addition of the local Kusto."""
    call.reader.end()
    rows = [tuple(asdict(f).values()) for f in call.engine.updates.failures]
    columns = (("At", "datetime"), *strings("Database", "Table", "Reason"))
    return listed(columns, [(at.isoformat(), *others) for at, *others in rows])


def extents_of(call: Call, name: str, tables: Sequence[str]) -> ResultTable:
    """The extents of tables that have to be there, narrowed by the ``[hot] [where tags …]`` that follows."""
    database = call.engine.database(name)
    known = [database.table(table).name for table in tables]
    call.reader.accept("hot")
    tags = _tags(call.reader)
    call.reader.end()
    with call.engine.reading() as con:
        found = [e for e in store.extents(con, name, known) if _has(e, tags)]
    return listed(_EXTENTS, [_extent_row(name, e) for e in found])


def _tags(reader: Reader) -> list[tuple[str, str]]:
    """``where tags has|contains|=~ 'X' [and …]``: pairs of operator and text."""
    found: list[tuple[str, str]] = []
    if not reader.accept("where"):
        return found
    while True:
        reader.expect("tags")
        how = reader.choose("has", "contains")
        found.append((how, reader.literal("The tag")))
        if not reader.accept("and"):
            return found


def _has(extent: Extent, tags: list[tuple[str, str]]) -> bool:
    return all(
        any(text.lower() in tag.lower() if how == "contains" else text.lower() == tag.lower() for tag in extent.tags)
        for how, text in tags
    )


def _extent_row(database: str, extent: Extent) -> tuple[object, ...]:
    created = f"{extent.created.isoformat()}Z"
    size = float(extent.size)
    tags = "\r\n".join(extent.tags)
    return (
        extent.id, database, extent.table, created, size, size, size, 0.0, 1, 1, "", extent.rows, created, tags,
        extent.kind,
    )  # fmt: skip


def _schema(database: Database) -> dict[str, object]:
    return {
        "Name": database.name,
        "Tables": {
            t.name: {
                "Name": t.name,
                "Folder": t.folder,
                "DocString": t.docstring,
                "OrderedColumns": [{"Name": c.name, "Type": c.type.net, "CslType": c.type.value} for c in t.columns],
            }
            for t in database.tables.values()
        },
        "MaterializedViews": {v.name: {"Name": v.name, "Query": v.query} for v in database.views.values()},
        "Functions": {
            f.name: {"Name": f.name, "InputParameters": f.parameters, "Body": f.body}
            for f in database.functions.values()
        },
    }


ENTRIES = entries(
    (".show version", show_version),
    (".show databases", show_databases),
    (".show table * extents", show_table_extents),
    (".show extents", show_database_extents),
    (".show database extents", show_database_extents),
    (".show database * extents", show_database_extents),
    (".show database", show_database),
    (".create database", create_database),
    (".drop extents", drop_extents),
    (".show update policy failures", show_update_failures),
)
