"""Commands on ingestion mappings, of tables and of databases."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from local.kusto.catalog import Database, IngestionMapping, find_mapping
from local.kusto.commands.registry import Call, entries
from local.kusto.commands.shapes import listed
from local.kusto.errors import bad_request, entity_not_found, mapping_not_found
from local.kusto.formats import MappingKind
from local.kusto.mapping import check_mapping, invalid_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from local.kusto.commands.reader import Reader
    from local.kusto.model import ResultTable
    from local.kusto.store import Connection

_COLUMNS: Final = (
    ("Name", "string"),
    ("Kind", "string"),
    ("Mapping", "string"),
    ("LastUpdatedOn", "datetime"),
    ("Database", "string"),
    ("Table", "string"),
)


def create_mapping(call: Call) -> ResultTable:
    """``.create[-or-alter] | .alter  table|database NAME ingestion KIND mapping "NAME" 'JSON'``."""
    entity = call.names[0]
    kind, name = _kind(call.reader), _mapping_name(call.reader)
    text = call.reader.literal("The mapping")
    call.reader.properties()
    call.reader.end()
    made = IngestionMapping(name=name, kind=kind, elements=_elements(text, kind), updated=datetime.now(UTC).isoformat())

    def change(_: Connection, database: Database) -> Database:
        mappings = _mappings(call, database)
        exists = find_mapping(mappings, name, kind) is not None
        if exists and call.verb == "create":
            raise bad_request("BadRequest_EntityNameAlreadyExists", f"Mapping '{name}' already exists.")
        if not exists and call.verb == "alter":
            raise mapping_not_found(name)
        return _with_mappings(call, database, [*_without(mappings, made), made])

    database = call.engine.change(call.database, change)
    return _rows([made], database, entity if _of_table(call) else "")


def drop_mapping(call: Call) -> ResultTable:
    """``.drop table|database NAME ingestion KIND mapping "NAME"``."""
    kind, name = _kind(call.reader), _mapping_name(call.reader)
    if_exists = call.reader.accept("ifexists")
    call.reader.end()

    def change(_: Connection, database: Database) -> Database:
        mappings = _mappings(call, database)
        found = find_mapping(mappings, name, kind)
        if found is None:
            if if_exists:
                return database
            raise mapping_not_found(name)
        return _with_mappings(call, database, _without(mappings, found))

    database = call.engine.change(call.database, change)
    return _rows(_mappings(call, database), database, call.names[0] if _of_table(call) else "")


def show_mappings(call: Call) -> ResultTable:
    """``.show table|database NAME ingestion [KIND] mappings`` and ``… KIND mapping "NAME"``."""
    database = call.engine.database(call.database)
    mappings = _mappings(call, database)
    table = call.names[0] if _of_table(call) else ""
    if call.reader.accept("mappings"):
        call.reader.end()
        return _rows(mappings, database, table)
    kind = _kind(call.reader)
    if call.reader.accept("mappings"):
        call.reader.end()
        return _rows([m for m in mappings if m.kind is kind], database, table)
    name = _mapping_name(call.reader)
    call.reader.end()
    found = find_mapping(mappings, name, kind)
    if found is None:
        raise mapping_not_found(name)
    return _rows([found], database, table)


def _of_table(call: Call) -> bool:
    return not call.text.lower().split(None, 2)[1].startswith("database")


def _mappings(call: Call, database: Database) -> Sequence[IngestionMapping]:
    if _of_table(call):
        return database.table(call.names[0]).mappings
    if call.names[0] != database.name:
        raise entity_not_found(call.names[0], "Database", "BadRequest_DatabaseNotExist")
    return database.mappings


def _with_mappings(call: Call, database: Database, mappings: Iterable[IngestionMapping]) -> Database:
    if _of_table(call):
        return database.with_table(replace(database.table(call.names[0]), mappings=tuple(mappings)))
    return replace(database, mappings=tuple(mappings))


def _without(mappings: Iterable[IngestionMapping], gone: IngestionMapping) -> list[IngestionMapping]:
    return [m for m in mappings if (m.name, m.kind) != (gone.name, gone.kind)]


def _kind(reader: Reader) -> MappingKind:
    word = reader.name().lower()
    try:
        return MappingKind(word)
    except ValueError:
        raise reader.error(f"'{word}' is not a kind of ingestion mapping.") from None


def _mapping_name(reader: Reader) -> str:
    """The name is a string literal; the mapping's own literal may follow without anything between."""
    reader.expect("mapping")
    return reader.one_name()


def _elements(text: str, kind: MappingKind) -> list[dict[str, object]]:
    try:
        return check_mapping(msgspec.json.decode(text), kind)
    except msgspec.DecodeError:
        raise invalid_mapping("it is not valid JSON.") from None


def _rows(mappings: Iterable[IngestionMapping], database: Database, table: str) -> ResultTable:
    return listed(
        _COLUMNS,
        [
            (m.name, m.kind.value.capitalize(), json.dumps(m.elements), m.updated, database.name, table)
            for m in sorted(mappings, key=lambda m: (m.kind, m.name))
        ],
    )


ENTRIES = entries(
    *(
        (f"{verb} {entity} * ingestion", create_mapping)
        for verb in (".create", ".create-or-alter", ".alter")
        for entity in ("table", "database")
    ),
    (".drop table * ingestion", drop_mapping),
    (".drop database * ingestion", drop_mapping),
    (".show table * ingestion", show_mappings),
    (".show database * ingestion", show_mappings),
)
