"""Which command is which: the first phrase that matches decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.kusto.commands.reader import Reader
from local.kusto.errors import KustoError, syntax_error
from local.kusto.model import ResultTable

if TYPE_CHECKING:
    from local.kusto.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A command with its phrase read already.

    ``verb`` is the first word of the phrase, ``names`` are the entity names read for its stars.
    """

    engine: Engine
    database: str
    reader: Reader
    verb: str
    text: str
    names: tuple[str, ...] = ()


type Action = Callable[[Call], ResultTable]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A phrase (its first word with the dot, ``*`` for an entity name) and what it does."""

    phrase: tuple[str, ...]
    action: Action


def entries(*pairs: tuple[str, Action]) -> tuple[Entry, ...]:
    """Entries from phrases written as text."""
    return tuple(Entry(phrase=tuple(phrase.split()), action=action) for phrase, action in pairs)


def run_command(known: Sequence[Entry], engine: Engine, database: str, text: str) -> ResultTable:
    """Run a command; raises ``KustoError``, a syntax error for an unknown one."""
    for entry in known:
        reader = Reader(text)
        names = _match(entry.phrase, reader)
        if names is not None:
            call = Call(
                engine=engine,
                database=database,
                reader=reader,
                verb=entry.phrase[0].removeprefix("."),
                text=text,
                names=names,
            )
            with engine.operations.running(operation_name(entry.phrase)):
                return entry.action(call)
    raise syntax_error(text, "The command is not known to the local Kusto.")


def operation_name(phrase: Sequence[str]) -> str:
    """The command's name in the log: its entity, then its verb (Microsoft docs, ``show-operations``: ExtentsDrop)."""
    verb, *entity = (word.removeprefix(".") for word in phrase if word != "*")
    return "".join(part.capitalize() for word in (*entity, verb) for part in word.split("-"))


def _match(phrase: Sequence[str], reader: Reader) -> tuple[str, ...] | None:
    names: list[str] = []
    for word in phrase:
        if word != "*":
            if not reader.accept(word):
                return None
            continue
        try:
            names.append(reader.name())
        except KustoError:
            return None
    return tuple(names)
