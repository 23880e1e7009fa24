"""Commands on tables and databases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.kusto import store
from local.kusto.catalog import Column, Database, Table
from local.kusto.commands.registry import Call, entries
from local.kusto.commands.shapes import (
    json_schema,
    listed,
    read_columns,
    schema_rows,
    strings,
    table_rows,
)
from local.kusto.errors import bad_request, entity_not_found
from local.kusto.views import refresh_views

if TYPE_CHECKING:
    from local.kusto.model import ResultTable
    from local.kusto.store import Connection


def create_table(call: Call) -> ResultTable:
    """``.create table``: success and no change where the table exists, whatever its schema."""
    table = _definition(call)

    def change(con: Connection, database: Database) -> Database:
        if table.name in database.tables:
            return database
        _refuse_taken(database, table.name)
        store.create_table(con, database.name, table)
        return database.with_table(table)

    return _shown(call, change, table.name)


def create_tables(call: Call) -> ResultTable:
    """``.create[-merge] tables A(…), B(…)``."""
    wanted = [Table(name=call.reader.name(), columns=read_columns(call.reader))]
    while call.reader.mark(","):
        wanted.append(Table(name=call.reader.name(), columns=read_columns(call.reader)))
    call.reader.properties()
    call.reader.end()

    def change(con: Connection, database: Database) -> Database:
        for table in wanted:
            database = _merged(con, database, table)
        return database

    database = call.engine.change(call.database, change)
    return table_rows(database, [database.table(t.name) for t in wanted])


def merge_table(call: Call) -> ResultTable:
    """``.create-merge table`` and ``.alter-merge table``: adds the columns that are new."""
    table = _definition(call)
    must_exist = call.verb == "alter-merge"

    def change(con: Connection, database: Database) -> Database:
        if must_exist:
            database.table(table.name)
        return _merged(con, database, table)

    return _shown(call, change, table.name)


def alter_table(call: Call) -> ResultTable:
    """``.alter table T (…)``: exactly these columns; columns left out lose their values."""
    table = _definition(call)

    def change(con: Connection, database: Database) -> Database:
        return with_columns(con, database, database.table(table.name), table.columns)

    return _shown(call, change, table.name)


def drop_table(call: Call) -> ResultTable:
    """``.drop table T [ifexists]``."""
    names = call.reader.names()
    if_exists = call.reader.accept("ifexists")
    call.reader.end()

    def change(con: Connection, database: Database) -> Database:
        for name in names:
            if name in database.tables:
                store.drop_table(con, database.name, name)
            elif not if_exists:
                raise entity_not_found(name, "Table", "BadRequest_TableNotExist")
        kept = {n: t for n, t in database.tables.items() if n not in names}
        return replace(database, tables=kept)

    database = call.engine.change(call.database, change)
    return listed(strings("TableName", "DatabaseName"), [(n, database.name) for n in database.tables])


def rename_table(call: Call) -> ResultTable:
    """``.rename table Old to New``."""
    old = call.reader.name()
    call.reader.expect("to")
    new = call.reader.name()
    call.reader.end()

    def change(con: Connection, database: Database) -> Database:
        renamed = replace(database.table(old), name=new)
        _refuse_taken(database, new)
        store.rename_table(con, database.name, old, renamed)
        kept = {n: t for n, t in database.tables.items() if n != old}
        return replace(database, tables=kept).with_table(renamed)

    return _shown(call, change, new)


def _definition(call: Call) -> Table:
    name = call.reader.name()
    columns = read_columns(call.reader)
    properties = call.reader.properties()
    call.reader.end()
    return Table(
        name=name,
        columns=columns,
        folder=properties.get("folder", ""),
        docstring=properties.get("docstring", ""),
    )


def _shown(call: Call, change: store.Change, name: str) -> ResultTable:
    database = call.engine.change(call.database, change)
    table = database.table(name)
    return schema_rows(database, table, json_schema(table))


def _refuse_taken(database: Database, name: str) -> None:
    """DuckDB names ignore case: names that differ in case only cannot live side by side here."""
    taken = {n.lower() for n in (*database.tables, *database.views)}
    if name.lower() in taken:
        raise bad_request(
            "BadRequest_EntityNameIsNotValid", f"An entity whose name differs from '{name}' in case only exists."
        )


def _merged(con: Connection, database: Database, wanted: Table) -> Database:
    existing = database.tables.get(wanted.name)
    if existing is None:
        _refuse_taken(database, wanted.name)
        store.create_table(con, database.name, wanted)
        return database.with_table(wanted)
    for column in wanted.columns:
        before = existing.column(column.name)
        if before is not None and before.type is not column.type:
            raise bad_request(
                "General_BadRequest",
                f"Column '{column.name}' of table '{wanted.name}' has type {before.type}, not {column.type}.",
            )
    new = tuple(c for c in wanted.columns if existing.column(c.name) is None)
    described = replace(
        existing,
        folder=wanted.folder or existing.folder,
        docstring=wanted.docstring or existing.docstring,
    )
    return with_columns(con, database, described, (*existing.columns, *new))


def with_columns(con: Connection, database: Database, table: Table, columns: tuple[Column, ...]) -> Database:
    """Give the table these columns and remake the views above it."""
    changed = replace(table, columns=columns)
    if columns != table.columns:
        store.change_columns(con, database.name, table, changed)
    after = database.with_table(changed)
    refresh_views(con, after)
    return after


def set_docstring(call: Call) -> ResultTable:
    """``.alter table T docstring 'text'``."""
    text = call.reader.literal("The text")
    call.reader.end()
    return _shown(call, lambda _, d: d.with_table(replace(d.table(call.names[0]), docstring=text)), call.names[0])


def set_folder(call: Call) -> ResultTable:
    """``.alter table T folder 'text'``."""
    text = call.reader.literal("The text")
    call.reader.end()
    return _shown(call, lambda _, d: d.with_table(replace(d.table(call.names[0]), folder=text)), call.names[0])


ENTRIES = entries(
    (".alter table * docstring", set_docstring),
    (".alter table * folder", set_folder),
    (".create table", create_table),
    (".create tables", create_tables),
    (".create-merge tables", create_tables),
    (".create-merge table", merge_table),
    (".alter-merge table", merge_table),
    (".alter table", alter_table),
    (".drop table", drop_table),
    (".drop tables", drop_table),
    (".rename table", rename_table),
)
