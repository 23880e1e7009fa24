"""Reading `routes.toml`: text in, route table out, or every problem with its line. Pure."""

import re
import tomllib
from collections.abc import Mapping
from itertools import combinations

from shared.framing.formats import DataFormat, allows_header, needs_mapping
from shared.routing.globs import BlobPattern, problem_of
from shared.routing.routes import ENTITY, Route, RouteTable, Streaming, Tagging
from shared.webhooks.configuration import WebhookError, parse_webhook
from shared.webhooks.schemes import Webhook

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_TABLE_PATTERN = re.compile(r"[A-Za-z0-9_ .*?-]+")

_KEYS = (
    "database",
    "table",
    "tables",
    "format",
    "mapping",
    "ignore_first_record",
    "blobs",
    "webhook",
    "deadline",
    "streaming",
    "tags",
    "once",
)

type _Raw = Mapping[str, object]


class RouteFileError(ValueError):
    """The route file cannot be used; every problem is listed with its line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse_routes(text: str, *, database: str | None, secrets: Mapping[str, str]) -> RouteTable:
    """Read the route file.

    Args:
        text: the file's TOML.
        database: the database of routes that name none, or None.
        secrets: where the settings that webhook routes name are looked up.

    Raises:
        RouteFileError: with every problem found.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RouteFileError((f"routes file: not valid TOML: {error}",)) from None
    reader = _Reader(text, database, secrets)
    table = reader.read(document)
    if reader.problems:
        raise RouteFileError(tuple(reader.problems))
    return table


class _Reader:
    """Collects problems while it reads; one per file."""

    def __init__(self, text: str, database: str | None, secrets: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self._lines = text.splitlines()
        self._database = database
        self._secrets = secrets

    def read(self, document: _Raw) -> RouteTable:
        for key in document:
            if key != "routes":
                self._add(None, key, f"unknown key `{key}`; only [routes.<name>] tables are known")
        entries = document.get("routes")
        routes: dict[str, Route] = {}
        if not isinstance(entries, dict) or not entries:
            self.problems.append("routes file: no [routes.<name>] table. Add at least one route.")
            return RouteTable({})
        for name, raw in entries.items():
            if not isinstance(raw, dict):
                self._add(name, None, "must be a table: [routes.<name>]")
            elif not _NAME.fullmatch(name):
                self._add(name, None, "a route's name is letters, digits, `-` and `_`, at most 63")
            else:
                routes[name] = self._route(name, raw)
        self._refuse_overlaps(routes)
        return RouteTable(routes)

    def _route(self, name: str, raw: _Raw) -> Route:
        for key in raw:
            if key not in _KEYS:
                self._add(name, key, f"unknown key `{key}`; known are {', '.join(_KEYS)}")
        data_format = self._format(name, raw)
        route = Route(
            name=name,
            database=self._entity(name, "database", raw.get("database", self._database)) or "",
            table=self._entity(name, "table", raw.get("table")),
            tables=self._texts(name, raw, "tables"),
            data_format=data_format,
            mappings=self._texts(name, raw, "mapping"),
            ignore_first_record=self._typed(name, raw, "ignore_first_record", bool, default=False),
            blobs=self._patterns(name, raw),
            webhook=self._webhook(name, raw),
            deadline=self._seconds(name, raw, "deadline"),
            streaming=self._streaming(name, raw),
            tagging=Tagging(
                tags=self._texts(name, raw, "tags"),
                once=self._typed(name, raw, "once", bool, default=False),
            ),
        )
        self._check(route)
        return route

    def _check(self, route: Route) -> None:
        name = route.name
        if not route.database:
            self._add(name, "database", "no database: give the route a `database`, or set KUSTO_DATABASE")
        if (route.table is None) is (not route.tables):
            self._add(name, "table", "give either `table` or `tables`")
        for pattern in route.tables:
            if not _TABLE_PATTERN.fullmatch(pattern):
                self._add(name, "tables", "a table pattern is letters, digits, `_ . -`, space, `*` and `?`")
        for blob in route.blobs:
            if blob.has_table is not bool(route.tables):
                self._add(
                    name, "blobs", "`{table}` belongs into the blob patterns of a route with `tables`, and only there"
                )
        self._check_format(route)
        self._check_tags(route)

    def _check_tags(self, route: Route) -> None:
        tagged = route.tagging.once or bool(route.tagging.tags)
        if tagged and route.streaming is not Streaming.NEVER:
            key = "tags" if route.tagging.tags else "once"
            self._add(route.name, key, 'the streaming path has no tags: give the route `streaming = "never"`')

    def _check_format(self, route: Route) -> None:
        data_format = route.data_format
        if data_format and needs_mapping(data_format) and not route.mappings:
            self._add(route.name, "format", f"`{data_format}` needs a `mapping`: streaming reads it by reference only")
        if data_format and route.ignore_first_record and not allows_header(data_format):
            self._add(route.name, "ignore_first_record", f"`{data_format}` has no header row")
        if route.webhook and (data_format is not DataFormat.JSON or route.blobs or route.ignore_first_record):
            self._add(route.name, "webhook", "a webhook route is format `json`, without blobs and without header")

    def _refuse_overlaps(self, routes: Mapping[str, Route]) -> None:
        patterns = [(route.name, pattern) for route in routes.values() for pattern in route.blobs]
        for (left, a), (right, b) in combinations(patterns, 2):
            if left != right and a.overlaps(b):
                self._add(
                    right, "blobs", f"pattern `{b.text}` overlaps `{a.text}` of route {left}: a blob has one route"
                )

    def _format(self, name: str, raw: _Raw) -> DataFormat | None:
        text = self._typed(name, raw, "format", str, default="")
        if not text:
            return DataFormat.JSON if "webhook" in raw else None
        try:
            return DataFormat(text.lower())
        except ValueError:
            self._add(name, "format", f"unknown format; known are {', '.join(DataFormat)}")
            return None

    def _streaming(self, name: str, raw: _Raw) -> Streaming:
        text = self._typed(name, raw, "streaming", str, default=Streaming.AUTO.value)
        try:
            return Streaming(text)
        except ValueError:
            self._add(name, "streaming", f"must be one of {', '.join(Streaming)}")
            return Streaming.AUTO

    def _webhook(self, name: str, raw: _Raw) -> Webhook | None:
        if "webhook" not in raw:
            return None
        try:
            return parse_webhook(raw["webhook"], self._secrets)
        except WebhookError as error:
            for problem in error.problems:
                self._add(name, "webhook", problem)
            return None

    def _patterns(self, name: str, raw: _Raw) -> tuple[BlobPattern, ...]:
        texts = self._texts(name, raw, "blobs")
        for text in texts:
            problem = problem_of(text)
            if problem:
                self._add(name, "blobs", f"pattern `{text}`: {problem}")
        return tuple(BlobPattern(text) for text in texts if not problem_of(text))

    def _entity(self, name: str, key: str, value: object) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or not ENTITY.fullmatch(value):
            self._add(name, key, "must be a Kusto name: letters, digits, `_ . -` and space")
            return None
        return value

    def _texts(self, name: str, raw: _Raw, key: str) -> tuple[str, ...]:
        value = raw.get(key, [])
        texts = [value] if isinstance(value, str) and key == "mapping" else value
        if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
            self._add(name, key, "must be a list of texts")
            return ()
        return tuple(texts)

    def _seconds(self, name: str, raw: _Raw, key: str) -> float | None:
        value = raw.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
            self._add(name, key, "must be a number of seconds above 0")
            return None
        return float(value)

    def _typed[T](self, name: str, raw: _Raw, key: str, kind: type[T], *, default: T) -> T:
        value = raw.get(key, default)
        if not isinstance(value, kind):
            self._add(name, key, f"must be a {kind.__name__}")
            return default
        return value

    def _add(self, route: str | None, key: str | None, problem: str) -> None:
        where = f"route {route}: " if route else ""
        self.problems.append(f"routes file, line {self._line(route, key)}: {where}{problem}.")

    def _line(self, route: str | None, key: str | None) -> int:
        """The line of a key inside a route's table; the table's own line, or 1, where the key is not there."""
        name = re.escape(route or key or "")
        quoted = rf"[\"']?{name}[\"']?"
        header = re.compile(rf"\s*\[\s*(routes\s*\.\s*)?{quoted}\s*(\]|\.)|\s*(routes\s*\.\s*)?{quoted}\s*[.=]")
        start = next((number for number, line in enumerate(self._lines) if header.match(line)), 0)
        if route is None:
            return start + 1
        if key is None:
            return start + 1
        assign = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*(=|\.)")
        for number, line in enumerate(self._lines[start + 1 :], start + 1):
            if line.lstrip().startswith("[") and not header.match(line):
                break
            if assign.match(line):
                return number + 1
        return start + 1
