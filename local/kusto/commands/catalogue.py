"""All commands of the engine, and the query operators after a ``|``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from local.kusto.commands import (
    functions,
    ingests,
    mappings,
    operations,
    policies,
    shows,
    table_columns,
    table_shows,
    tables,
)
from local.kusto.commands.registry import Call, Entry, run_command
from local.kusto.commands.scripts import execute_script
from local.kusto.query import pipe

if TYPE_CHECKING:
    from local.kusto.engine import Engine
    from local.kusto.model import ResultTable

_NO_DATABASE: Final = {"", "NetDefaultDB"}  # what clients send for commands on the cluster
_PIPE: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?P<pipe>\|)""")


def _script(call: Call) -> ResultTable:
    return execute_script(call, lambda command: execute(call.engine, call.database, command))


_ENTRIES: Final[tuple[Entry, ...]] = (
    Entry(phrase=(".execute", "database", "script"), action=_script),
    Entry(phrase=(".execute", "script"), action=_script),
    *mappings.ENTRIES,
    *policies.ENTRIES,
    *functions.ENTRIES,
    *operations.ENTRIES,
    *shows.ENTRIES,
    *table_shows.ENTRIES,
    *table_columns.ENTRIES,
    *tables.ENTRIES,
    *ingests.ENTRIES,
)


def execute(engine: Engine, database: str, text: str) -> ResultTable:
    """Run one command; raises ``KustoError``."""
    if database not in _NO_DATABASE:
        engine.database(database)
    command, operators = split_operators(text)
    return piped(engine, run_command(_ENTRIES, engine, database, command), operators)


def piped(engine: Engine, result: ResultTable, operators: str) -> ResultTable:
    """The result of a command after the query operators that followed it; raises ``KustoError``."""
    if not operators:
        return result
    with engine.reading() as con:
        return pipe(con, result, operators)


def split_operators(text: str) -> tuple[str, str]:
    """A ``.show`` command and the operators after its first bar outside a string; other commands have none."""
    command = text.strip()
    if not command.lower().startswith(".show"):
        return command, ""
    for found in _PIPE.finditer(command):
        if found["pipe"]:
            return command[: found.start()].strip(), command[found.end() :].strip()
    return command, ""
