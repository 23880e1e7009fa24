"""Commands that bring rows: ``.ingest inline`` and the ``.set`` and ``.append`` family."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

import msgspec

from local.kusto import store
from local.kusto.catalog import Column, Database, Table
from local.kusto.commands.registry import Call, entries
from local.kusto.commands.shapes import listed
from local.kusto.errors import bad_request
from local.kusto.formats import DataFormat
from local.kusto.mapping import invalid_mapping
from local.kusto.model import IngestKind, IngestRequest, ResultTable
from local.kusto.moments import parse_datetime
from local.kusto.query import describe, translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.kusto.store import Connection, Extent

_COLUMNS: Final = (
    ("ExtentId", "guid"),
    ("OriginalSize", "real"),
    ("ExtentSize", "real"),
    ("ColumnSize", "real"),
    ("IndexSize", "real"),
    ("RowCount", "long"),
)


def ingest_inline(call: Call) -> ResultTable:
    """``.ingest inline into table T [with (…)] <| text``."""
    call.reader.accept("table")
    table = call.reader.name()
    properties = call.reader.properties()
    _, arrow, content = call.text.partition("<|")
    if not arrow:
        raise call.reader.error("Expected: '<|'.")
    body = content.removeprefix("\r").removeprefix("\n") if content[:1] in "\r\n" else content.lstrip(" ")
    request = IngestRequest(
        database=call.database,
        table=table,
        content=body.encode(),
        data_format=DataFormat.parse(properties.get("format", "csv")),
        kind=IngestKind.INLINE,
        **_ingestion_properties(properties),  # type: ignore[arg-type]  # keys and types are its own
    )
    result = call.engine.ingest(request)
    return _written(result.extent_id or store.NO_EXTENT, len(request.content), result.rows)


def set_table(call: Call) -> ResultTable:
    """``.set | .append | .set-or-append | .set-or-replace  [async] T [with (…)] <| query``."""
    call.reader.accept("async")
    name = call.reader.name()
    properties = call.reader.properties()
    call.reader.need("<|")
    query = call.reader.rest
    tags, guard = _tags(properties, "tags"), _tags(properties, "ingestifnotexists")
    written: Extent | None = None

    def change(con: Connection, database: Database) -> Database:
        nonlocal written
        translation = translate(query, database)
        shape = describe(con, translation)
        database = _target(call, con, database, name, shape)
        if guard and store.has_ingest_by(con, database.name, name, guard):
            return database
        table = database.table(name)
        _check_shape(table, shape)
        appender = call.engine.appender
        extent = appender.next_extent(con, database=database.name, table=name, kind="command", tags=tags)
        written = store.append_select(con, database.name, table, extent, translation.sql, translation.parameters)
        if call.verb == "set-or-replace":
            store.clear_rows(con, database.name, name, but=extent.ordinal)
        if written is not None:
            appender.follow(con, database.name, [written])
        return database

    call.engine.change(call.database, change)
    return _written(store.NO_EXTENT, 0, 0) if written is None else _written(written.id, 0, written.rows)


def _target(call: Call, con: Connection, database: Database, name: str, shape: tuple[Column, ...]) -> Database:
    exists = name in database.tables
    if call.verb == "append":
        database.table(name)
        return database
    if exists:
        if call.verb == "set":
            raise bad_request("BadRequest_EntityNameAlreadyExists", f"Table '{name}' already exists.")
        return database
    table = Table(name=name, columns=shape)
    store.create_table(con, database.name, table)
    return database.with_table(table)


def _check_shape(table: Table, shape: tuple[Column, ...]) -> None:
    if [c.type for c in shape] != [c.type for c in table.columns]:
        raise bad_request(
            "General_BadRequest",
            f"Query schema does not match table schema: table '{table.name}' has "
            f"({', '.join(c.type for c in table.columns)}), the query gives ({', '.join(c.type for c in shape)}).",
        )


def _ingestion_properties(properties: Mapping[str, str]) -> dict[str, object]:
    mapping = properties.get("ingestionmapping")
    try:
        inline = None if mapping is None else msgspec.json.decode(mapping)
    except msgspec.DecodeError:
        raise invalid_mapping("it is not valid JSON.") from None
    created = properties.get("creationtime")
    moment = parse_datetime(created) if created else None
    if created and moment is None:
        raise bad_request("BadRequest_MalformedIngestionProperty", "creationTime is not a datetime.")
    return {
        "mapping_name": properties.get("ingestionmappingreference"),
        "inline_mapping": inline,
        "ignore_first_record": properties.get("ignorefirstrecord", "false").lower() == "true",
        "tags": _tags(properties, "tags"),
        "ingest_if_not_exists": _tags(properties, "ingestifnotexists"),
        "creation_time": moment.replace(tzinfo=UTC) if moment else None,
    }


def _tags(properties: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = properties.get(name)
    if not text:
        return ()
    try:
        return tuple(msgspec.json.decode(text, type=list[str]))
    except msgspec.DecodeError:
        raise bad_request("BadRequest_MalformedIngestionProperty", f"{name} is a JSON array of strings.") from None


def _written(extent_id: str, size: int, rows: int) -> ResultTable:
    return listed(_COLUMNS, [(extent_id, float(size), float(size), float(size), 0.0, rows)])


ENTRIES = entries(
    (".ingest inline into", ingest_inline),
    *((verb, set_table) for verb in (".set", ".append", ".set-or-append", ".set-or-replace")),
)
