"""The route table: what may be ingested, and where it goes. A closed list; nothing outside it is accepted."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from shared.framing.formats import DataFormat, allows_header, needs_mapping
from shared.outcome import Code, Problem, Refused
from shared.routing.globs import BlobPattern
from shared.webhooks.schemes import Webhook

#: Kusto entity names that need no bracket quoting (docs: "Entity names"); anything else never reaches a URL or command.
ENTITY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .-]{0,1023}")


class Streaming(StrEnum):
    """Whether a route's records stream."""

    AUTO = "auto"  # small ones stream, the rest is queued
    ALWAYS = "always"  # as auto, but no cool-down keeps a small one from trying to stream
    NEVER = "never"  # queued ingestion only


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagging:
    """Extent tags, which exist on the queued path only (docs: "Streaming ingestion", limitations).

    `once`: the source id becomes an `ingest-by` tag, and the cluster skips a source whose tag it has already. It seals
    a batch per source (docs: "IngestionBatching policy", SingleBlob_IngestByTag), so it is for files, not for events.
    """

    tags: tuple[str, ...] = ()
    once: bool = False


UNTAGGED = Tagging()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where records go, in Kusto's words."""

    database: str
    table: str
    data_format: DataFormat
    mapping: str | None  # name of an ingestion mapping of the table

    @property
    def entity(self) -> str:
        """`<database>.<table>`."""
        return f"{self.database}.{self.table}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One entry of the route file."""

    name: str
    database: str
    table: str | None  # None: the caller names one that `tables` allows
    tables: tuple[str, ...] = ()
    data_format: DataFormat | None = None  # None: media type or file extension decides
    mappings: tuple[str, ...] = ()  # the first one is the default
    ignore_first_record: bool = False
    blobs: tuple[BlobPattern, ...] = ()
    webhook: Webhook | None = None
    deadline: float | None = None  # seconds
    streaming: Streaming = Streaming.AUTO
    tagging: Tagging = UNTAGGED

    def target(self, *, table: str | None, data_format: DataFormat, mapping: str | None = None) -> Target:
        """The target of one request.

        Raises:
            Refused: 404 for a table outside the list, 400 for a mapping outside it, 415 for a format without mapping.
        """
        chosen = self._table(table)
        return Target(
            database=self.database,
            table=chosen,
            data_format=data_format,
            mapping=self._mapping(mapping, data_format, chosen),
        )

    def _table(self, wanted: str | None) -> str:
        if self.table is not None and wanted is None:
            return self.table
        allowed = self.table is None and wanted is not None and any(fnmatchcase(wanted, row) for row in self.tables)
        if allowed and wanted is not None and ENTITY.fullmatch(wanted):
            return wanted
        raise Refused(not_found())

    def _mapping(self, wanted: str | None, data_format: DataFormat, table: str) -> str | None:
        names = tuple(name.replace("{table}", table) for name in self.mappings)
        if wanted is not None:
            if wanted not in names:
                detail = f"Route {self.name} does not offer this mapping. It offers: {', '.join(names) or 'none'}."
                raise Refused(Problem(code=Code.MALFORMED_PARAMETER, detail=detail))
            return wanted
        if not names and needs_mapping(data_format):
            detail = (
                f"Route {self.name} has no ingestion mapping, which {data_format} needs. Add `mapping` to the route."
            )
            raise Refused(Problem(code=Code.UNSUPPORTED_MEDIA_TYPE, detail=detail))
        return names[0] if names else None

    def skips_header(self, data_format: DataFormat) -> bool:
        """Whether the first record of a body in this format is a header row."""
        return self.ignore_first_record and allows_header(data_format)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobMatch:
    """The route of a blob, and the table that the blob's path names (None: the route's own)."""

    route: Route
    table: str | None


def not_found() -> Problem:
    """The one answer for a route or table that is unknown or forbidden: the two must not be told apart."""
    detail = "No such route, or the table is not on its list. Routes are defined in the application's route file."
    return Problem(code=Code.ROUTE_NOT_FOUND, detail=detail)


class RouteTable:
    """All routes, by name and by blob pattern."""

    def __init__(self, routes: Mapping[str, Route]) -> None:
        self._routes = dict(routes)

    def __iter__(self) -> Iterator[Route]:
        """The routes in the file's order."""
        return iter(self._routes.values())

    def named(self, name: str) -> Route:
        """The route of that name, for the ingestion endpoint.

        Raises:
            Refused: 404 when there is none, and for a webhook route: its requests must be signed.
        """
        route = self._routes.get(name)
        if route is None or route.webhook is not None:
            raise Refused(not_found())
        return route

    def hook(self, name: str) -> tuple[Route, Webhook]:
        """The webhook route of that name.

        Raises:
            Refused: 404 when there is none.
        """
        route = self._routes.get(name)
        if route is None or route.webhook is None:
            raise Refused(not_found())
        return route, route.webhook

    def of_blob(self, name: str) -> BlobMatch | None:
        """The route of a blob by its name below the container, or None when no pattern matches."""
        for route in self._routes.values():
            for pattern in route.blobs:
                found = pattern.match(name)
                if found:
                    return BlobMatch(route=route, table=found.groupdict().get("table"))
        return None
