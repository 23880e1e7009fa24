"""KQL on DuckDB: translation by ``duckdb_kql``, answers in its result type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import duckdb
import duckdb_kql
import msgspec
from duckdb_kql.errors import KqlError
from duckdb_kql.kusto._models import to_wire, widen_out_of_range
from duckdb_kql.server import RestColumn, Result
from duckdb_kql.stored_functions import parse_functions
from duckdb_kql.types import kusto_type

from local.kusto.catalog import Column, Database
from local.kusto.errors import KustoError, bad_request, syntax_error
from local.kusto.kusto_types import KustoType
from local.kusto.model import ResultTable
from local.kusto.rewrites import Rewritten, rewrite
from local.kusto.sql import EXTENT, INGESTED, ROWS, ident, public

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from local.kusto.store import Connection

_HIDDEN: Final = {EXTENT, INGESTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A query as DuckDB SQL with the values to bind."""

    sql: str
    parameters: Mapping[str, Any]


def translate(csl: str, database: Database, parameters: Mapping[str, Any] | None = None) -> Translation:
    """Translate a query on a database; raises ``KustoError`` for what is wrong or not supported."""
    rewritten = rewrite(csl)
    try:
        result = duckdb_kql.to_sql(
            rewritten.text,
            schema=_schema(database, rewritten),
            parameters=dict(parameters or {}) or None,
            database=database.name,
            allow_write=False,
            functions=_definitions(database),
        )
    except KqlError as error:
        raise query_error(csl, str(error)) from error
    if result.unbound:
        raise query_error(csl, f"no value for query parameter {', '.join(result.unbound)}")
    sql = str(result)
    _check_names(sql, database)
    if rewritten.ingestion_time:
        for name in database.tables:
            place = f"{ident(database.name)}.{ident(ROWS)}.{ident(name)}"
            sql = sql.replace(public(database.name, name), place)
    return Translation(sql=sql, parameters=result.parameters)


def run(con: Connection, translation: Translation) -> Result:
    """Execute on a cursor of the caller's own; raises ``KustoError`` for what DuckDB refuses."""
    try:
        relation = con.sql(translation.sql, params=dict(translation.parameters) or None)
        names, kinds = list(relation.columns), [kusto_type(t) for t in relation.types]
        rows = relation.fetchall()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise semantic_error(str(error)) from error
    except duckdb.Error as error:
        raise query_error("", str(error).splitlines()[0]) from error
    shown = [i for i, name in enumerate(names) if name not in _HIDDEN]
    if len(shown) < len(names):
        names, kinds = [names[i] for i in shown], [kinds[i] for i in shown]
        rows = [tuple(row[i] for i in shown) for row in rows]
    kinds = widen_out_of_range(kinds, rows)
    return Result([RestColumn.derived(n, k) for n, k in zip(names, kinds, strict=True)], rows)


def describe(con: Connection, translation: Translation) -> tuple[Column, ...]:
    """The columns that a query gives; raises ``KustoError``."""
    try:
        relation = con.sql(translation.sql, params=dict(translation.parameters) or None)
    except duckdb.Error as error:
        raise semantic_error(str(error)) from error
    return tuple(
        Column(name=name, type=KustoType(kusto_type(kind)))
        for name, kind in zip(relation.columns, relation.types, strict=True)
    )


def pipe(con: Connection, table: ResultTable, operators: str) -> ResultTable:
    """Run query operators over the result of a command; raises ``KustoError``."""
    names = ", ".join(f"{ident(name)} {KustoType(kind).duckdb}" for name, kind in table.columns)
    con.execute(f"CREATE OR REPLACE TEMP TABLE command_result ({names})")
    if table.rows:
        marks = ", ".join("?" for _ in table.columns)
        con.executemany(f"INSERT INTO command_result VALUES ({marks})", [_bound(row) for row in table.rows])
    try:
        schema = {"command_result": [name for name, _ in table.columns]}
        sql = duckdb_kql.to_sql(f"command_result | {operators}", schema=schema, allow_write=False)
    except KqlError as error:
        raise query_error(operators, str(error)) from error
    result = run(con, Translation(sql=str(sql), parameters=sql.parameters))
    columns = tuple((c.name, c.kql) for c in result.columns)
    return ResultTable(columns=columns, rows=wire_rows(result))


def _bound(row: Sequence[object]) -> list[object]:
    """A row of a command as DuckDB takes it: dynamic values as JSON text."""
    return [msgspec.json.encode(v).decode() if isinstance(v, (dict, list)) else v for v in row]


def wire_rows(result: Result) -> list[list[Any]]:
    """The rows as they travel in JSON."""
    kinds = [c.kql for c in result.columns]
    return [[to_wire(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in as_service(result).rows]


def as_service(result: Result) -> Result:
    """Datetimes and decimals spelt as the service spells them: no empty fraction, else seven digits; no idle zeros."""
    spell = {i: _SPELLED[c.kql] for i, c in enumerate(result.columns) if c.kql in _SPELLED}
    if not spell:
        return result
    rows = [
        [value if value is None or i not in spell else spell[i](value) for i, value in enumerate(row)]
        for row in result.rows
    ]
    return Result(result.columns, rows)


def _datetime(value: Any) -> str:
    if not isinstance(value, datetime):
        return f"{value}T00:00:00Z" if isinstance(value, date) else str(value)
    if value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return f"{value.isoformat()}{'0' if value.microsecond else ''}Z"


def _decimal(value: Any) -> str:
    if not isinstance(value, Decimal):
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_SPELLED: Final[Mapping[str, Callable[[Any], str]]] = {"datetime": _datetime, "decimal": _decimal}


def check_functions(database: Database) -> None:
    """Whether the stored functions parse; raises ``KustoError``."""
    try:
        parse_functions(_definitions(database))
    except KqlError as error:
        raise bad_request("General_BadRequest", f"Syntax error: {error}") from error


def query_error(csl: str, reason: str) -> KustoError:
    """A query that cannot run."""
    return syntax_error(csl, reason)


def semantic_error(reason: str) -> KustoError:
    """A query that names something that is not there."""
    return bad_request(
        "General_BadRequest",
        f"Semantic error: SEM0100: {reason.splitlines()[0]}",
        type_="Kusto.Data.Exceptions.SemanticException",
    )


def _check_names(sql: str, database: Database) -> None:
    """Whether the tables are spelt as they were made: names are case-sensitive in Kusto, not in DuckDB."""
    known = {name.lower(): name for name in (*database.tables, *database.views)}
    for quoted in re.findall(re.escape(ident(database.name)) + r'\."((?:[^"]|"")+)"', sql):
        name = quoted.replace('""', '"')
        if known.get(name.lower(), name) != name:
            raise semantic_error(f"'{name}' could not be resolved to a table")


def _schema(database: Database, rewritten: Rewritten) -> dict[str, list[str]]:
    hidden = [EXTENT, INGESTED] if rewritten.ingestion_time else []
    return {
        f"{database.name}.{table.name}": [*(c.name for c in table.columns), *hidden]
        for table in database.tables.values()
    }


def _definitions(database: Database) -> dict[str | None, Sequence[str]]:
    return {database.name: [f"function {f.name}{f.parameters} {f.body}" for f in database.functions.values()]}
