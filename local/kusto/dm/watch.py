"""Notes every streaming request as it ends, for ``.show streamingingestion failures`` and ``… statistics``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any

from aiohttp import web

from local.kusto.dm.failures import Journal, StreamingEvent
from local.kusto.extension import WIRE_SIZE

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

_PREFIX = ("v1", "rest", "ingest")


def streaming_watch(journal: Journal) -> Middleware:
    """A middleware that notes requests to ``/v1/rest/ingest/{database}/{table}``."""

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        target = _target(request.path)
        if target is None:
            return await handler(request)
        begun = perf_counter()
        response = await handler(request)
        # Docs: gateway throttling does not appear in either command.
        if response.status != HTTPStatus.TOO_MANY_REQUESTS:
            ending = _Ending(request=request, response=response, duration=perf_counter() - begun)
            journal.streaming.append(ending.event(*target))
        return response

    return watch


def _target(path: str) -> tuple[str, str] | None:
    parts = path.strip("/").split("/")
    return (parts[3], parts[4]) if tuple(parts[:3]) == _PREFIX and len(parts) == len(_PREFIX) + 2 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    request: web.Request
    response: web.StreamResponse
    duration: float

    def event(self, database: str, table: str) -> StreamingEvent:
        body = self._json()
        error = body.get("error") if self.response.status != HTTPStatus.OK else None
        told: dict[str, Any] = error if isinstance(error, dict) else {}
        return StreamingEvent(
            database=database,
            table=table,
            ended=datetime.now(UTC),
            duration=self.duration,
            size=self.request.get(WIRE_SIZE, self.request.content.total_bytes),
            rows=_rows(body),
            properties=self._properties(),
            error_code=str(told.get("code", "")) or ("" if self.response.status == HTTPStatus.OK else "Unknown"),
            details=str(told.get("@message", "")),
            permanent=bool(told.get("@permanent", False)),
        )

    def _json(self) -> dict[str, Any]:
        payload = self.response.body if isinstance(self.response, web.Response) else None
        try:
            found = json.loads(payload) if isinstance(payload, bytes | bytearray) else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _properties(self) -> str:
        query = self.request.query
        return json.dumps(
            {
                "Mapping": query.get("mappingName"),
                "Format": query.get("streamFormat", ""),
                "Compressed": self.request.headers.get("Content-Encoding", "").lower() == "gzip",
                "IngestionSource": "Storage" if query.get("sourceKind") == "uri" else "Stream",
            }
        )


def _rows(body: dict[str, Any]) -> int:
    try:
        return int(body["Tables"][0]["Rows"][0][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return 0
