"""What a request is for, read from its path and, for commands and queries, its body."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from local.kusto.faults.effects import Endpoint, Target

if TYPE_CHECKING:
    from aiohttp import web

SHOWN_COMMAND: Final = 500
_DM_COMMANDS: Final = (".get ingestion resources", ".get kusto identity token")
_V1_REST: Final = 3


async def target_of(request: web.Request) -> Target:
    """Classify a request; reads the body of commands and queries only, so that streams can be dropped unread."""
    parts = [part for part in request.path.split("/") if part]
    match parts:
        case [_, "rest", "ingest", database, table]:
            return Target(endpoint=Endpoint.STREAM, database=database, table=table)
        case [_, "rest", "ingestion", "queued", database, table, *_]:
            return Target(endpoint=Endpoint.QUEUED, database=database, table=table)
        case [_, "rest", "ingestion", *_]:
            return Target(endpoint=Endpoint.QUEUED)
        case [_, "rest", "auth", *_]:
            return Target(endpoint=Endpoint.AUTH)
        case [_, "rest", "query" | "mgmt" as kind]:
            return await _command(request, kind)
        case _:
            return Target(endpoint=Endpoint.OTHER)


async def _command(request: web.Request, kind: str) -> Target:
    try:
        body = json.loads(await request.read())
    except ValueError:
        body = {}
    fields = body if isinstance(body, dict) else {}
    text = str(fields.get("csl") or "")[:SHOWN_COMMAND]
    spaced = " ".join(text.lower().split())
    endpoint = Endpoint.QUERY if kind == "query" else Endpoint.MGMT
    if spaced.startswith(_DM_COMMANDS):
        endpoint = Endpoint.DM
    return Target(endpoint=endpoint, database=str(fields.get("db") or ""), command=text)
