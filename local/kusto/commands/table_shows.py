"""Commands that show tables, and those that clear what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.kusto import store
from local.kusto.commands.registry import Call, entries
from local.kusto.commands.shapes import csl_schema, json_schema, listed, schema_rows, strings, table_rows
from local.kusto.commands.shows import extents_of

if TYPE_CHECKING:
    from local.kusto.catalog import Table
    from local.kusto.model import ResultTable


def clear_table(call: Call) -> ResultTable:
    """``.clear table T data`` and ``.clear table T cache streamingingestion schema``."""
    name = call.reader.name()
    if call.reader.accept("cache", "streamingingestion", "schema"):
        call.reader.end()
        call.engine.history.clear_cache(call.database, name)
        return listed(strings("NodeId", "Status"), [("KEngine000000", "Succeeded")])
    call.reader.expect("data")
    call.reader.end()
    table = call.engine.database(call.database).table(name)
    call.engine.write(lambda con: store.clear_rows(con, call.database, table.name))
    return listed(strings("TableName", "Status"), [(name, "Succeeded")])


def clear_database(call: Call) -> ResultTable:
    """``.clear database [NAME] cache streamingingestion schema``."""
    if not call.reader.accept("cache"):
        call.reader.name()
        call.reader.expect("cache")
    call.reader.expect("streamingingestion", "schema")
    call.reader.end()
    call.engine.history.clear_cache(call.database)
    return listed(strings("NodeId", "Status"), [("KEngine000000", "Succeeded")])


def show_tables(call: Call) -> ResultTable:
    """``.show tables [(A, B)] [details | extents]``."""
    database = call.engine.database(call.database)
    wanted = call.reader.names() if call.reader.rest.startswith("(") else None
    if call.reader.accept("details"):
        names = sorted(database.tables) if wanted is None else wanted
        return _details(call, [database.table(n) for n in names])
    if call.reader.accept("extents"):
        return extents_of(call, call.database, sorted(database.tables) if wanted is None else wanted)
    call.reader.end()
    tables = sorted(database.tables.values(), key=lambda t: t.name)
    return table_rows(database, [t for t in tables if wanted is None or t.name in wanted])


def show_table(call: Call) -> ResultTable:
    """``.show table T [schema [as json|csl] | cslschema | details]``."""
    database = call.engine.database(call.database)
    table = database.table(call.reader.name())
    if call.reader.accept("cslschema"):
        call.reader.end()
        return schema_rows(database, table, csl_schema(table))
    if call.reader.accept("details"):
        return _details(call, [table])
    if call.reader.accept("schema"):
        form = call.reader.choose("json", "csl") if call.reader.accept("as") else "json"
        call.reader.end()
        return schema_rows(database, table, json_schema(table) if form == "json" else csl_schema(table))
    call.reader.end()
    return table_rows(database, [table])


def _details(call: Call, tables: list[Table]) -> ResultTable:
    call.reader.end()
    with call.engine.reading() as con:
        counted = [(t, store.extents(con, call.database, [t.name])) for t in tables]
    return listed(
        (
            *strings("TableName", "DatabaseName", "Folder", "DocString"),
            ("TotalExtents", "long"), ("TotalOriginalSize", "real"), ("TotalRowCount", "long"),
        ),
        [
            (t.name, call.database, t.folder, t.docstring,
             len(found), float(sum(e.size for e in found)), sum(e.rows for e in found))
            for t, found in counted
        ],
    )  # fmt: skip


ENTRIES = entries(
    (".clear table", clear_table),
    (".clear database", clear_database),
    (".show tables", show_tables),
    (".show table", show_table),
)
