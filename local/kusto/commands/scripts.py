"""``.execute database script``: several commands, one after the other, each for itself.

Source: Microsoft docs, ``execute-database-script``. A command begins on a line that starts with a dot; blank lines
and comments between commands are free. Without ``ThrowOnErrors`` a failure is a row of the answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from local.kusto.commands.shapes import listed, strings
from local.kusto.errors import KustoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.kusto.commands.registry import Call
    from local.kusto.model import ResultTable

_START: Final = re.compile(r"\.[A-Za-z]")
_COMMENT: Final = re.compile(r"\s*(//.*)?")
_COLUMNS: Final = (("OperationId", "guid"), *strings("CommandType", "CommandText", "Result", "Reason"))


def split_script(text: str) -> Iterator[str]:
    """The commands of a script; a line that starts with a dot begins one, except inside a ``` block."""
    lines: list[str] = []
    fenced = False
    for line in text.splitlines():
        if not fenced and _START.match(line):
            yield from _whole(lines)
            lines = []
        lines.append(line)
        fenced ^= line.count("```") % 2 == 1
    yield from _whole(lines)


def execute_script(call: Call, run: Callable[[str], ResultTable]) -> ResultTable:
    """Run the commands; ``run`` runs one. Raises the first ``KustoError`` where ThrowOnErrors asks for it."""
    properties = call.reader.properties()
    call.reader.need("<|")
    go_on = properties.get("continueonerrors", "false").lower() == "true"
    throw = properties.get("throwonerrors", "false").lower() == "true"
    rows: list[tuple[object, ...]] = []
    for command in split_script(call.reader.rest):
        result, reason = "Completed", ""
        if command.lower().startswith(".show"):
            result = "Skipped"
        else:
            try:
                run(command)
            except KustoError as error:
                if throw:
                    raise
                result, reason = "Failed", str(error)
        rows.append((str(uuid4()), _kind(command), command, result, reason))
        if result == "Failed" and not go_on:
            break
    return listed(_COLUMNS, rows)


def _whole(lines: list[str]) -> Iterator[str]:
    while lines and _COMMENT.fullmatch(lines[-1]):
        lines.pop()
    while lines and _COMMENT.fullmatch(lines[0]):
        lines.pop(0)
    if lines:
        yield "\n".join(lines)


def _kind(command: str) -> str:
    """``TableCreate`` for ``.create table``: object first, as the service names command types."""
    words = re.findall(r"[A-Za-z]+", command)[:3]
    verb, *rest = [w.capitalize() for w in words] or ["Unknown"]
    return "".join((*rest[:1], verb))
