"""The result shapes that several commands share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from local.kusto.catalog import Column, Database, Table
from local.kusto.kusto_types import KustoType
from local.kusto.model import ResultTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from local.kusto.commands.reader import Reader

_SCHEMA: Final = (
    ("TableName", "string"),
    ("Schema", "string"),
    ("DatabaseName", "string"),
    ("Folder", "string"),
    ("DocString", "string"),
)
_TABLES: Final = (
    ("TableName", "string"),
    ("DatabaseName", "string"),
    ("Folder", "string"),
    ("DocString", "string"),
)
_POLICY: Final = (
    ("PolicyName", "string"),
    ("EntityName", "string"),
    ("Policy", "string"),
    ("ChildEntities", "string"),
    ("EntityType", "string"),
)


def strings(*names: str) -> tuple[tuple[str, str], ...]:
    """Columns of type string."""
    return tuple((name, "string") for name in names)


def read_columns(reader: Reader) -> tuple[Column, ...]:
    """``(a:string, ['b c']:long)``."""
    reader.need("(")
    columns: list[Column] = []
    while not reader.mark(")"):
        if columns:
            reader.need(",")
        name = reader.name()
        reader.need(":")
        columns.append(Column(name=name, type=KustoType.parse(reader.name())))
    names = [c.name.lower() for c in columns]
    if not columns or len(set(names)) != len(names):
        raise reader.error("A table needs columns with different names.")
    return tuple(columns)


def json_schema(table: Table) -> str:
    """The schema as ``.show table … schema as json`` gives it."""
    ordered = [{"Name": c.name, "Type": c.type.net, "CslType": c.type.value} for c in table.columns]
    return json.dumps({"Name": table.name, "OrderedColumns": ordered})


def csl_schema(table: Table) -> str:
    """The schema as ``.create table`` takes it."""
    return ",".join(f"{_name(c.name)}:{c.type}" for c in table.columns)


def schema_rows(database: Database, table: Table, schema: str) -> ResultTable:
    """One table's schema with its metadata."""
    row = (table.name, schema, database.name, table.folder, table.docstring)
    return ResultTable(columns=_SCHEMA, rows=[row])


def table_rows(database: Database, tables: Iterable[Table]) -> ResultTable:
    """A list of tables."""
    rows = [(t.name, database.name, t.folder, t.docstring) for t in tables]
    return ResultTable(columns=_TABLES, rows=rows)


def policy_row(policy: str, entity: str, body: Any, kind: str) -> ResultTable:
    """One policy of one entity; an unset one is the text ``null``."""
    row = (policy, entity, json.dumps(body), "", kind)
    return ResultTable(columns=_POLICY, rows=[row])


def listed(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> ResultTable:
    """Any rows."""
    return ResultTable(columns=tuple(columns), rows=list(rows))


def _name(name: str) -> str:
    return name if name.isidentifier() else f"['{name}']"
