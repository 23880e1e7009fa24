"""What can be wrong with the KQL scripts and the route file of a checkout, each problem as a sentence.

Plain functions of a folder, so that they can also be asked about a copy that somebody broke on purpose.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from shared.framing.formats import MappingKind, mapping_kind_of
from shared.routing.route_file import RouteFileError, parse_routes
from shared.routing.routes import Route, Streaming
from tests.kql.scripts import MappingCommand, Schema, commands, read_schema

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: What a database script of Azure may run (Microsoft docs: database-script).
VERBS = frozenset({".create", ".create-or-alter", ".create-merge", ".alter", ".alter-merge", ".add"})
#: Bicep reads no longer text (Microsoft docs: bicep-functions-files, loadTextContent), in characters.
LONGEST = 131_072
#: More scripts than this a cluster does not keep (Microsoft docs: database-script).
MOST_SCRIPTS = 50
PLACEHOLDER = "{database}"

_WORD_IN_BRACES = re.compile(r"\{\w+\}")
_FILE_NAME = re.compile(r"\d\d-[a-z-]+\.kql")
_JSON_PATH = re.compile(r"""\$(?:\.[A-Za-z_]\w*|\[\d+\]|\[(?:'[^']+'|"[^"]+")\])*""")
_BY_POSITION = frozenset({MappingKind.CSV})


class AnySecret(Mapping[str, str]):
    """App settings in which every secret has a value that any scheme takes."""

    def __getitem__(self, name: str) -> str:
        return "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def scripts_of(root: Path) -> tuple[Path, ...]:
    """The scripts, in the order in which they run."""
    return tuple(sorted((root / "infra" / "kql").glob("*.kql")))


def schema_of(root: Path) -> Schema:
    """What the scripts make."""
    return read_schema(path.read_text(encoding="utf-8") for path in scripts_of(root))


def routes_of(root: Path) -> tuple[Route, ...]:
    """The routes of the route file; raises ``RouteFileError``."""
    text = (root / "routes.toml").read_text(encoding="utf-8")
    return tuple(parse_routes(text, database="Events", secrets=AnySecret()))


def script_problems(root: Path) -> list[str]:
    """Files and commands that a database script of Azure would not take, or that a reader would not expect."""
    paths = scripts_of(root)
    problems = [] if 0 < len(paths) <= MOST_SCRIPTS else [f"{len(paths)} scripts; a cluster keeps {MOST_SCRIPTS}"]
    for path in paths:
        text = path.read_bytes().decode("utf-8")
        problems += [f"{path.name}: {problem}" for problem in _text_problems(path.name, text)]
        for command in commands(text):
            problems += [f"{path.name}: {problem}" for problem in _command_problems(command.code)]
    return problems


def _text_problems(name: str, text: str) -> Iterator[str]:
    if not _FILE_NAME.fullmatch(name):
        yield "the name is two digits, which say when it runs, and words"
    if len(text) >= LONGEST:
        yield f"{len(text)} characters; loadTextContent reads {LONGEST}"
    if not text.endswith("\n") or "\r" in text or "\t" in text or text.startswith("\ufeff"):
        yield "ends no line, or holds carriage returns, tabs or a byte order mark"
    if not commands(text) or not all(command.code.startswith(".") for command in commands(text)):
        yield "holds no commands"


def _command_problems(code: str) -> Iterator[str]:
    words = code.split()
    if words[0] not in VERBS:
        yield f"{words[0]} is not a verb of database scripts: {', '.join(sorted(VERBS))}"
    if words[1:2] == ["cluster"]:
        yield f"{' '.join(words[:2])} is a command of the cluster, which no database script may run"
    for braces in _WORD_IN_BRACES.findall(code):
        if braces != PLACEHOLDER:
            yield f"{braces} is replaced by nothing; the one placeholder is {PLACEHOLDER}"
    if code.count(PLACEHOLDER) != code.count(f"['{PLACEHOLDER}']"):
        yield f"a name is quoted: ['{PLACEHOLDER}']"
    if words[1:2] == ["database"] and f"['{PLACEHOLDER}']" not in code:
        yield f"names a database by another name than ['{PLACEHOLDER}']"


def mapping_problems(root: Path) -> list[str]:
    """Mappings that do not fit their table, or that are of no kind that a route with them needs."""
    schema = schema_of(root)
    problems = [f"{_name(m)}: {problem}" for m in schema.mappings for problem in _mapping_problems(m, schema)]
    for route in _routes_or_none(root):
        if route.data_format is None:
            continue
        kind = mapping_kind_of(route.data_format)
        for table, name in _mappings_of(route):
            kinds = {m.kind for m in schema.mappings if (m.table, m.name) == (table, name)}
            if kinds and kind not in kinds:
                problems.append(f"route {route.name}: {route.data_format} needs a {kind} mapping, {name} is {kinds}")
    return problems


def _mapping_problems(mapping: MappingCommand, schema: Schema) -> Iterator[str]:
    columns = schema.tables.get(mapping.table)
    if columns is None:
        yield f"no script makes the table {mapping.table}"
        return
    if mapping.kind not in set(MappingKind):
        yield f"no mapping is of kind {mapping.kind}"
    try:
        rows = _rows(mapping.body)
    except ValueError as error:
        yield f"not a JSON array of objects: {error}"
        return
    named = [str(row.get("column")) for row in rows]
    yield from (f"column {column!r} is not in the table" for column in named if column not in columns)
    yield from (f"column {column} is filled twice" for column in _twice(named))
    sources = [{key.lower(): value for key, value in (row.get("properties") or {}).items()} for row in rows]
    if mapping.kind in _BY_POSITION:
        yield from _ordinal_problems(sources, len(columns))
    else:
        yield from _path_problems(sources)


def _rows(body: str) -> list[dict[str, Any]]:
    rows = json.loads(body)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError(body[:80])
    return [{key.lower(): value for key, value in row.items()} for row in rows]


def _ordinal_problems(sources: list[dict[str, Any]], columns: int) -> Iterator[str]:
    ordinals = [str(source["ordinal"]) for source in sources if "constvalue" not in source and "ordinal" in source]
    if sum("constvalue" in source or "ordinal" in source for source in sources) != len(sources):
        yield "a column has no Ordinal"
    yield from (
        f"Ordinal {ordinal} is none of the {columns} columns"
        for ordinal in ordinals
        if not (ordinal.isdecimal() and int(ordinal) < columns)
    )
    yield from (f"Ordinal {ordinal} is given twice" for ordinal in _twice(ordinals))


def _path_problems(sources: list[dict[str, Any]]) -> Iterator[str]:
    paths = []
    for source in sources:
        path = source.get("path")
        if path is None and not {"field", "constvalue", "transform"} & set(source):
            yield "a column has no Path"
        elif path is not None and not _JSON_PATH.fullmatch(str(path)):
            yield f"Path {path!r} is no JSON path"
        elif path is not None:
            paths.append(f"{path} {source.get('transform', '')}".strip())
    yield from (f"Path {path} is read twice" for path in _twice(paths))


def route_problems(root: Path) -> list[str]:
    """Routes whose table, mapping or streaming policy no script makes; or why the route file cannot be read."""
    try:
        routes = routes_of(root)
    except RouteFileError as error:
        return list(error.problems)
    schema = schema_of(root)
    mappings = {(m.table, m.name) for m in schema.mappings}
    problems = []
    for route in routes:
        tables = {route.table} - {None}
        problems += [f"route {route.name}: no script makes the table {t}" for t in tables - set(schema.tables)]
        if route.streaming is not Streaming.NEVER:
            problems += [
                f"route {route.name}: no script lets the table {table} stream"
                for table in tables & set(schema.tables)
                if not schema.streams(str(table))
            ]
        problems += [
            f"route {route.name}: no script makes the mapping {name} of {table}"
            for table, name in _mappings_of(route)
            if (table, name) not in mappings
        ]
    return problems


def _routes_or_none(root: Path) -> tuple[Route, ...]:
    try:
        return routes_of(root)
    except RouteFileError:
        return ()


def _mappings_of(route: Route) -> list[tuple[str, str]]:
    """Table and mapping by name; a route whose caller names the table says nothing that could be looked up."""
    return [] if route.table is None else [(route.table, name) for name in route.mappings]


def _name(mapping: MappingCommand) -> str:
    return f"mapping {mapping.name} of {mapping.table}"


def _twice(values: Iterable[str]) -> list[str]:
    listed = list(values)
    return sorted({value for value in listed if listed.count(value) > 1})
