"""Commands on stored functions and materialized views."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.kusto.catalog import Database, MaterializedView, StoredFunction
from local.kusto.commands.registry import Call, entries
from local.kusto.commands.shapes import listed, strings
from local.kusto.errors import bad_request
from local.kusto.query import check_functions
from local.kusto.views import define_view, drop_view

if TYPE_CHECKING:
    from local.kusto.model import ResultTable
    from local.kusto.store import Connection


def create_function(call: Call) -> ResultTable:
    """``.create [ifnotexists] | .create-or-alter | .alter  function [with (…)] Name(parameters) { body }``."""
    if_not_exists = call.reader.accept("ifnotexists")
    properties = call.reader.properties()
    if call.reader.accept("ifnotexists"):
        if_not_exists = True
    name = call.reader.name()
    parameters, body = _signature(call)
    made = StoredFunction(
        name=name,
        parameters=parameters,
        body=body,
        folder=properties.get("folder", ""),
        docstring=properties.get("docstring", ""),
    )

    def change(_: Connection, database: Database) -> Database:
        if name in database.functions and call.verb == "create":
            if if_not_exists:
                return database
            raise bad_request("BadRequest_EntityNameAlreadyExists", f"Function '{name}' already exists.")
        if call.verb == "alter":
            database.function(name)
        changed = replace(database, functions={**database.functions, name: made})
        check_functions(changed)
        return changed

    database = call.engine.change(call.database, change)
    return _functions([database.function(name)])


def drop_function(call: Call) -> ResultTable:
    """``.drop function NAME [ifexists]``."""
    name = call.reader.name()
    if_exists = call.reader.accept("ifexists")
    call.reader.end()

    def change(_: Connection, database: Database) -> Database:
        if not if_exists:
            database.function(name)
        return replace(database, functions={n: f for n, f in database.functions.items() if n != name})

    database = call.engine.change(call.database, change)
    return _functions(list(database.functions.values()))


def show_functions(call: Call) -> ResultTable:
    """``.show functions`` and ``.show function NAME``."""
    database = call.engine.database(call.database)
    if not call.reader.rest:
        return _functions(sorted(database.functions.values(), key=lambda f: f.name))
    name = call.reader.name()
    call.reader.end()
    return _functions([database.function(name)])


def create_view(call: Call) -> ResultTable:
    """``.create [async] [ifnotexists] | .create-or-alter  materialized-view [with (…)] V on table T { query }``."""
    if_not_exists = "ifnotexists" in call.text.lower().partition("materialized-view")[0].split()
    properties = call.reader.properties()
    name = call.reader.name()
    call.reader.expect("on")
    call.reader.choose("table", "materialized-view")
    source = call.reader.name()
    body = call.reader.rest.strip()
    if not (body.startswith("{") and body.endswith("}")):
        raise call.reader.error("Expected the view's query in braces.")
    made = MaterializedView(
        name=name,
        source=source,
        query=body[1:-1].strip(),
        folder=properties.get("folder", ""),
        docstring=properties.get("docstring", ""),
    )

    def change(con: Connection, database: Database) -> Database:
        if name in database.views and call.verb == "create":
            if if_not_exists:
                return database
            raise bad_request("BadRequest_EntityNameAlreadyExists", f"Materialized view '{name}' already exists.")
        if source not in database.views:
            database.table(source)
        if name in database.tables:
            raise bad_request("BadRequest_EntityNameAlreadyExists", f"Table '{name}' already exists.")
        define_view(con, database, made)
        return replace(database, views={**database.views, name: made})

    return _views([call.engine.change(call.database, change).view(name)])


def drop_view_command(call: Call) -> ResultTable:
    """``.drop materialized-view NAME [ifexists]``."""
    name = call.reader.name()
    if_exists = call.reader.accept("ifexists")
    call.reader.end()

    def change(con: Connection, database: Database) -> Database:
        if not if_exists:
            database.view(name)
        if name in database.views:
            drop_view(con, database.name, name)
        return replace(database, views={n: v for n, v in database.views.items() if n != name})

    return _views(list(call.engine.change(call.database, change).views.values()))


def show_views(call: Call) -> ResultTable:
    """``.show materialized-views`` and ``.show materialized-view NAME``."""
    database = call.engine.database(call.database)
    if not call.reader.rest:
        return _views(sorted(database.views.values(), key=lambda v: v.name))
    name = call.reader.name()
    call.reader.end()
    return _views([database.view(name)])


def _signature(call: Call) -> tuple[str, str]:
    """``(parameters)`` and ``{ body }``; brackets inside the parameters have to balance."""
    text = call.reader.rest.strip()
    depth = end = 0
    while end < len(text):
        depth += (text[end] == "(") - (text[end] == ")")
        end += 1
        if depth == 0:
            break
    parameters, body = text[:end], text[end:].strip()
    if not (parameters.startswith("(") and body.startswith("{") and body.endswith("}")):
        raise call.reader.error("Expected '(parameters) { body }'.")
    return parameters, body


def _functions(functions: list[StoredFunction]) -> ResultTable:
    return listed(
        strings("Name", "Parameters", "Body", "Folder", "DocString"),
        [(f.name, f.parameters, f.body, f.folder, f.docstring) for f in functions],
    )


def _views(views: list[MaterializedView]) -> ResultTable:
    return listed(
        (*strings("Name", "SourceTable", "Query", "Folder", "DocString"), ("IsHealthy", "bool"), ("IsEnabled", "bool")),
        [(v.name, v.source, v.query, v.folder, v.docstring, True, True) for v in views],
    )


ENTRIES = entries(
    (".create function", create_function),
    (".create-or-alter function", create_function),
    (".alter function", create_function),
    (".drop function", drop_function),
    (".show functions", show_functions),
    (".show function", show_functions),
    (".create async ifnotexists materialized-view", create_view),
    (".create async materialized-view", create_view),
    (".create ifnotexists materialized-view", create_view),
    (".create materialized-view", create_view),
    (".create-or-alter materialized-view", create_view),
    (".drop materialized-view", drop_view_command),
    (".show materialized-views", show_views),
    (".show materialized-view", show_views),
)
