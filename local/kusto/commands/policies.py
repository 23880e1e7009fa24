"""Commands on policies of tables, databases and materialized views."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from local.kusto.commands.registry import Call, entries
from local.kusto.commands.shapes import policy_row
from local.kusto.errors import bad_request, entity_not_found
from local.kusto.policies import NAMES, check_policy, merge_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.kusto.catalog import Database
    from local.kusto.commands.reader import Reader
    from local.kusto.model import ResultTable
    from local.kusto.store import Connection

_DAYS: Final = re.compile(r"(\d+)\s*d", re.IGNORECASE)
_KINDS: Final = {"table": "Table", "database": "Database", "materialized-view": "MaterializedView"}


def alter_policy(call: Call) -> ResultTable:
    """``.alter | .alter-merge  table|database NAME policy POLICY …``; several tables in brackets are fine."""
    policy = _policy(call.reader)
    given = _body(call.reader, policy)
    call.reader.end()
    merge = call.verb == "alter-merge"

    def change(_: Connection, database: Database) -> Database:
        for entity in _entities(call):
            before = _policies(call, database, entity).get(policy) if merge else None
            body = merge_policy(before, given)
            database = _with_policy(call, database, entity, policy, check_policy(policy, body))
        return database

    database = call.engine.change(call.database, change)
    return _shown(call, database, _entities(call)[0], policy)


def delete_policy(call: Call) -> ResultTable:
    """``.delete table|database NAME policy POLICY``."""
    policy = _policy(call.reader)
    call.reader.end()

    def change(_: Connection, database: Database) -> Database:
        return _with_policy(call, database, call.names[0], policy, None)

    database = call.engine.change(call.database, change)
    return _shown(call, database, call.names[0], policy)


def show_policy(call: Call) -> ResultTable:
    """``.show table|database NAME policy POLICY``."""
    policy = _policy(call.reader)
    call.reader.end()
    return _shown(call, call.engine.database(call.database), call.names[0], policy)


def alter_tables(call: Call) -> ResultTable:
    """``.alter tables (A, B) policy …``."""
    names = call.reader.names()
    call.reader.expect("policy")
    return alter_policy(replace(call, names=tuple(names)))


def _entities(call: Call) -> tuple[str, ...]:
    return call.names


def _kind(call: Call) -> str:
    word = call.text.lower().split(None, 2)[1]
    return word.removesuffix("s") if word.startswith("table") else word


def _policy(reader: Reader) -> str:
    word = reader.name().lower()
    if word not in NAMES:
        raise reader.error(f"'{word}' is not a known policy.")
    return word


def _body(reader: Reader, policy: str) -> Any:
    text = reader.string()
    if text is not None:
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            raise bad_request("General_BadRequest", f"Policy '{policy}' is not valid JSON.") from None
    return _short_form(reader, policy)


def _short_form(reader: Reader, policy: str) -> Any:
    """``enable``/``disable``, ``softdelete = 10d recoverability = enabled``, ``hot = 7d``, ``true``/``false``."""
    if policy == "streamingingestion":
        return {"IsEnabled": reader.choose("enable", "disable") == "enable"}
    if policy == "retention":
        body: dict[str, Any] = {}
        while reader.rest:
            key = reader.choose("softdelete", "recoverability")
            reader.need("=")
            value = reader.value()
            if key == "softdelete":
                body["SoftDeletePeriod"] = _period(value)
            else:
                body["Recoverability"] = value.capitalize()
        return body
    if policy == "caching":
        reader.expect("hot")
        reader.need("=")
        return {"DataHotSpan": _period(reader.value())}
    if policy in {"ingestiontime", "restricted_view_access"}:
        return {"IsEnabled": reader.choose("true", "false") == "true"}
    raise reader.error(f"Policy '{policy}' is given as a JSON string literal.")


def _period(text: str) -> str:
    days = _DAYS.fullmatch(text)
    return f"{days[1]}.00:00:00" if days else text


def _policies(call: Call, database: Database, entity: str) -> Mapping[str, Any]:
    match _kind(call):
        case "table":
            return database.table(entity).policies
        case "database":
            _same(database, entity)
            return database.policies
        case _:
            database.view(entity)
            return dict(database.policies.get(f"view:{entity}", {}))


def _with_policy(call: Call, database: Database, entity: str, policy: str, body: Any) -> Database:
    policies = {k: v for k, v in _policies(call, database, entity).items() if k != policy}
    if body is not None:
        policies[policy] = body
    match _kind(call):
        case "table":
            return database.with_table(replace(database.table(entity), policies=policies))
        case "database":
            return replace(database, policies=policies)
        case _:
            return replace(database, policies={**database.policies, f"view:{entity}": policies})


def _same(database: Database, entity: str) -> None:
    if entity != database.name:
        raise entity_not_found(entity, "Database", "BadRequest_DatabaseNotExist")


def _shown(call: Call, database: Database, entity: str, policy: str) -> ResultTable:
    body = _policies(call, database, entity).get(policy)
    kind = _kind(call)
    name = f"[{database.name}]" if kind == "database" else f"[{database.name}].[{entity}]"
    return policy_row(NAMES[policy], name, body, _KINDS[kind])


ENTRIES = entries(
    *(
        (f"{verb} {entity} * policy", action)
        for verb, action in (
            (".alter", alter_policy),
            (".alter-merge", alter_policy),
            (".delete", delete_policy),
            (".show", show_policy),
        )
        for entity in ("table", "database", "materialized-view")
    ),
    (".alter tables", alter_tables),
)
