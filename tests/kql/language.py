"""Microsoft's Kusto language service (npm `@kusto/language-service-next`, which `./dev` installs) for tests.

It knows the whole language: a misspelt operator, an unknown column, a command that does not exist. It does not look
into JSON in literals, such as mappings and policies; tests/infra/checks/kql.py does. Use the fixture ``language`` by
importing it into a conftest, or ``running_language_service``.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO, TYPE_CHECKING, Any

import pytest

from local.paths import INSTALLED, NODE
from tests.kql.scripts import Schema, commands

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVER = Path(__file__).with_suffix(".cjs")
_PATIENCE = 120.0  # seconds for an answer, the load of the library included; three on a quiet machine
_DATABASE = "Events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """What the language service says about a place in a file; line and column count from 1."""

    file: str
    line: int
    column: int
    severity: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code}: {self.message}"


class LanguageService:
    """A running language service."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def check(self, text: str, schema: Schema, *, file: str = "text") -> list[Diagnostic]:
        """Everything it says about a script (command by command) or a query, in a database of that schema."""
        parts = commands(text)
        answers = self._ask(schema, [part.text for part in parts])
        return [
            _diagnostic(file, text, part.start, found)
            for part, answer in zip(parts, answers, strict=True)
            for found in answer
        ]

    def errors(self, text: str, schema: Schema, *, file: str = "text") -> list[str]:
        """Its errors, each as a line of text."""
        return [str(found) for found in self.check(text, schema, file=file) if found.severity == "Error"]

    def _ask(self, schema: Schema, texts: list[str]) -> list[list[dict[str, Any]]]:
        question = {"schema": _symbols(schema), "database": _DATABASE, "texts": texts}
        stdin, stdout = _pipes(self._process)
        stdin.write(json.dumps(question) + "\n")
        stdin.flush()
        watch = Timer(_PATIENCE, self._process.kill)
        watch.start()
        try:
            line = stdout.readline()
        finally:
            watch.cancel()
            watch.join()
        assert line, f"the language service ended with exit code {self._process.wait()} (its words are above)"
        answers: list[list[dict[str, Any]]] = json.loads(line)
        return answers


@contextmanager
def running_language_service() -> Iterator[LanguageService]:
    """A language service of its own; its load of some seconds comes with the first question."""
    argv = [str(NODE), str(_SERVER), str(NODE.parents[1])]
    assert NODE.exists(), f"Node.js is not installed below {INSTALLED}. Run ./dev once."
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, encoding="utf-8") as process:  # noqa: S603 - our own
        try:
            yield LanguageService(process)
        finally:
            _pipes(process)[0].close()
            try:
                process.wait(10)
            finally:
                process.kill()


@pytest.fixture(scope="session")
def language() -> Iterator[LanguageService]:
    """One language service for all tests of a process."""
    with running_language_service() as service:
        yield service


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def _symbols(schema: Schema) -> dict[str, Any]:
    def columns(table: str) -> str:
        return f"({', '.join(f"['{name}']:{kind}" for name, kind in schema.tables[table].items())})"

    return {
        "tables": {table: columns(table) for table in schema.tables},
        "functions": {name: list(parts) for name, parts in schema.functions.items()},
        "views": dict(schema.views),
    }


def _diagnostic(file: str, text: str, start: int, found: dict[str, Any]) -> Diagnostic:
    part = text[start:].encode("utf-16-le")[: 2 * found["start"]].decode("utf-16-le")
    before = text[:start] + part
    return Diagnostic(
        file=file,
        line=before.count("\n") + 1,
        column=len(before) - before.rfind("\n"),
        severity=found["severity"],
        code=found["code"],
        message=found["message"],
    )
