"""Commands on single columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from local.kusto.commands.registry import Call, entries
from local.kusto.commands.shapes import json_schema, policy_row, schema_rows
from local.kusto.commands.tables import with_columns
from local.kusto.errors import bad_request, entity_not_found
from local.kusto.kusto_types import KustoType

if TYPE_CHECKING:
    from local.kusto.catalog import Column, Database, Table
    from local.kusto.commands.reader import Reader
    from local.kusto.model import ResultTable
    from local.kusto.store import Connection

_PROFILES: Final = {"identifier", "bigobject", "bigobject32", "vector16", "null"}


def alter_column(call: Call) -> ResultTable:
    """``.alter column T.C type=KIND`` (values are lost, as in the service) and ``… policy encoding [type='P']``."""
    table, column = _path(call.reader)
    if call.reader.accept("policy", "encoding"):
        profile = _profile(call.reader)
        return _encode(call, table, column, profile)
    call.reader.expect("type")
    call.reader.need("=")
    kind = KustoType.parse(call.reader.name())
    call.reader.end()

    def change(con: Connection, database: Database) -> Database:
        found = database.table(table)
        changed = replace(_column(found, column), type=kind)
        return with_columns(con, database, found, _replaced(found, changed))

    return _shown(call.engine.change(call.database, change), table)


def delete_encoding(call: Call) -> ResultTable:
    """``.delete column T.C policy encoding``."""
    table, column = _path(call.reader)
    call.reader.expect("policy", "encoding")
    call.reader.end()
    return _encode(call, table, column, "")


def show_encoding(call: Call) -> ResultTable:
    """``.show column T.C policy encoding``."""
    table, column = _path(call.reader)
    call.reader.expect("policy", "encoding")
    call.reader.end()
    return _policy(call.engine.database(call.database), table, column)


def drop_column(call: Call) -> ResultTable:
    """``.drop column T.C``."""
    table, column = _path(call.reader)
    call.reader.end()

    def change(con: Connection, database: Database) -> Database:
        found = database.table(table)
        gone = _column(found, column)
        kept = tuple(c for c in found.columns if c is not gone)
        if not kept:
            raise bad_request("General_BadRequest", "A table needs at least one column.")
        return with_columns(con, database, found, kept)

    return _shown(call.engine.change(call.database, change), table)


def _encode(call: Call, table: str, column: str, profile: str) -> ResultTable:
    def change(_: Connection, database: Database) -> Database:
        found = database.table(table)
        encoded = replace(_column(found, column), encoding=profile)
        return database.with_table(replace(found, columns=_replaced(found, encoded)))

    return _policy(call.engine.change(call.database, change), table, column)


def _policy(database: Database, table: str, column: str) -> ResultTable:
    found = _column(database.table(table), column)
    body = {"Profile": found.encoding or "default", "MaxValueSize": found.longest}
    return policy_row("EncodingPolicy", f"[{database.name}].[{table}].[{column}]", body, "Column")


def _path(reader: Reader) -> tuple[str, str]:
    """``T.C``, each part bare or ``['quoted']``."""
    first = reader.name()
    if reader.mark("."):
        return first, reader.name()
    table, dot, column = first.partition(".")
    if not dot:
        raise reader.error("Expected a column as Table.Column.")
    return table, column


def _profile(reader: Reader) -> str:
    if not reader.rest:
        return ""
    reader.expect("type")
    reader.need("=")
    name = reader.value().lower()
    reader.end()
    if name not in _PROFILES:
        raise reader.error(f"'{name}' is not an encoding policy type.")
    return "" if name == "null" else name


def _column(table: Table, name: str) -> Column:
    found = table.column(name)
    if found is None:
        raise entity_not_found(name, "Column")
    return found


def _replaced(table: Table, column: Column) -> tuple[Column, ...]:
    return tuple(column if c.name == column.name else c for c in table.columns)


def _shown(database: Database, name: str) -> ResultTable:
    table = database.table(name)
    return schema_rows(database, table, json_schema(table))


ENTRIES = entries(
    (".alter column", alter_column),
    (".delete column", delete_encoding),
    (".show column", show_encoding),
    (".drop column", drop_column),
)
