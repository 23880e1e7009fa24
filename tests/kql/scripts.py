"""Reads the KQL scripts of `infra/kql`: their commands, and the schema that they make. Text in, values out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A name: plain, 'quoted', "quoted", or in brackets with either quote.
_NAME = r"""(?:\[\s*)?(?P<quote>['"]?)(?P<name>[\w .-]+?)(?P=quote)(?:\s*\])?"""
_WITH = r"(?:\s+with\s*\([^)]*\))?"
_TABLE = re.compile(rf"\.create(?:-merge)?\s+table\s+{_NAME}\s*\((?P<columns>[^)]*)\)")
_MAPPING = re.compile(
    rf"\.(?:create|create-or-alter|alter)\s+table\s+{_NAME}\s+ingestion\s+(?P<kind>\w+)\s+mapping\s+"
    r"""(?P<mark>['"])(?P<mapping>.+?)(?P=mark)\s*(?P<body>.*)""",
    re.DOTALL,
)
_POLICY = re.compile(rf"\.alter(?:-merge)?\s+table\s+{_NAME}\s+policy\s+(?P<policy>\w+)\s+(?P<value>.+)", re.DOTALL)
_VIEW = re.compile(
    rf"\.create(?:-or-alter)?\s+materialized-view{_WITH}\s+{_NAME}\s+on\s+table\s+\S+\s*\{{(?P<query>.*)\}}\s*",
    re.DOTALL,
)
_FUNCTION = re.compile(
    rf"\.create(?:-or-alter)?\s+function(?:\s+ifnotexists)?{_WITH}\s+{_NAME}\s*"
    r"(?P<parameters>\([^)]*\))\s*(?P<body>\{.*\})\s*",
    re.DOTALL,
)
_LITERAL = re.compile(r"""\A(?:h?@?(?P<mark>['"])(?P<short>.*)(?P=mark)|```(?P<long>.*)```)\s*\Z""", re.DOTALL)
_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command (or, of a file of one query, the query); `start` counts characters of the file."""

    start: int
    text: str

    @property
    def code(self) -> str:
        """The text without lines of comment."""
        return _COMMENT.sub("", self.text).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingCommand:
    """An ingestion mapping as a script makes it; `body` is its JSON, unread."""

    table: str
    kind: str
    name: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What a number of scripts make. Columns by name with their type; policies by table and policy name, as text."""

    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    mappings: tuple[MappingCommand, ...] = ()
    policies: Mapping[tuple[str, str], str] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def streams(self, table: str) -> bool:
        """Whether the table's own policy switches streaming on."""
        value = self.policies.get((table, "streamingingestion"), "")
        return value.strip() == "enable" or re.search(r'"IsEnabled"\s*:\s*true', value) is not None


def is_script(text: str) -> bool:
    """Whether a file holds commands; otherwise it is one query."""
    return _COMMENT.sub("", text).lstrip().startswith(".")


def commands(text: str) -> tuple[Command, ...]:
    """The commands of a script; each begins on a line that starts with a dot, outside of ``` (docs: "database-script").

    A query is one command. Comments before a command belong to the one before; the first comments belong to none.
    """
    if not is_script(text):
        return (Command(start=0, text=text),)
    starts, fenced, position = [], False, 0
    for line in text.splitlines(keepends=True):
        if not fenced and line.startswith("."):
            starts.append(position)
        fenced ^= line.count("```") % 2 == 1
        position += len(line)
    ends = [*starts[1:], len(text)]
    return tuple(Command(start=a, text=text[a:b].rstrip()) for a, b in zip(starts, ends, strict=True))


def read_schema(texts: Iterable[str]) -> Schema:
    """The schema that scripts make, run in that order. What is no schema is passed over."""
    code = [command.code for text in texts for command in commands(text)]
    tables: dict[str, dict[str, str]] = {}
    for match in _found(_TABLE, code):
        tables.setdefault(match["name"], {}).update(_columns(match["columns"]))
    return Schema(
        tables=tables,
        mappings=tuple(
            MappingCommand(table=m["name"], kind=m["kind"], name=m["mapping"], body=_unquoted(m["body"]))
            for m in _found(_MAPPING, code)
        ),
        policies={(m["name"], m["policy"]): m["value"] for m in _found(_POLICY, code)},
        views={m["name"]: m["query"] for m in _found(_VIEW, code)},
        functions={m["name"]: (m["parameters"], m["body"]) for m in _found(_FUNCTION, code)},
    )


def _found(pattern: re.Pattern[str], code: Iterable[str]) -> list[re.Match[str]]:
    return [match for text in code if (match := pattern.fullmatch(text))]


def _columns(text: str) -> dict[str, str]:
    pairs = (part.rpartition(":") for part in text.split(",") if part.strip())
    return {name.strip().strip("[]'\""): kind.strip() for name, _, kind in pairs}


def _unquoted(text: str) -> str:
    match = _LITERAL.match(text.strip())
    return text if match is None else (match["short"] if match["long"] is None else match["long"])
