"""Carrying out an effect on a request."""

from __future__ import annotations

import asyncio
import gzip
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, assert_never
from urllib.parse import urlsplit, urlunsplit

from aiohttp import ClientConnectionError, web

from local.kusto.faults.effects import (
    Answer,
    BreakStorage,
    Delay,
    Drop,
    Effect,
    Garbage,
    Garble,
    SlowBody,
    StorageMode,
)
from local.kusto.faults.plan import refused

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

STORAGE_PATH: Final = "/faults/storage"
"""Below it every request is answered 503: the temp container of ``StorageMode.UNAVAILABLE``."""
_PAGE: Final = "<html><head><title>Service unavailable</title></head><body>Our services aren't available.</body></html>"
_HALF: Final = 2


async def strike(effect: Effect, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer the request the way the effect wants it."""
    match effect:
        case Delay():
            await asyncio.sleep(effect.seconds)
            return await handler(request)
        case Answer():
            if effect.commit:
                await handler(request)
            return _answer(effect, request)
        case Drop():
            if effect.commit:
                await handler(request)
            return _dropped(request)
        case Garble():
            real = await handler(request) if effect.commit else web.json_response({"Tables": []})
            return await _garbled(effect.kind, request, real)
        case SlowBody():
            return await _slowly(effect, request, await handler(request))
        case BreakStorage():
            return _without_storage(effect, request, await handler(request))
    assert_never(effect)


def _answer(effect: Answer, request: web.Request) -> web.Response:
    body = effect.body
    if body is None:
        request_id = request.headers.get("x-ms-client-request-id", "")
        body = json.dumps(refused(effect).body(client_request_id=request_id))
    return web.Response(status=effect.status, text=body, content_type=effect.content_type, headers=dict(effect.headers))


def _dropped(request: web.Request) -> web.Response:
    """Close the connection; the response only tells the record what happened (599 is nobody's status)."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=DROPPED)


DROPPED: Final = 599


def payload(response: web.StreamResponse) -> bytes:
    """The body of a finished response, decompressed."""
    body = response.body if isinstance(response, web.Response) else b""
    content = bytes(body) if isinstance(body, bytes | bytearray) else b""
    return gzip.decompress(content) if response.headers.get("Content-Encoding") == "gzip" else content


async def _garbled(kind: Garbage, request: web.Request, real: web.StreamResponse) -> web.StreamResponse:
    match kind:
        case Garbage.EMPTY:
            return web.Response(status=HTTPStatus.OK)
        case Garbage.EMPTY_OBJECT:
            return web.json_response({})
        case Garbage.HTML:
            return web.Response(status=HTTPStatus.OK, text=_PAGE, content_type="text/html")
        case Garbage.TRUNCATED:
            return await _truncated(request, payload(real))
    assert_never(kind)


async def _truncated(request: web.Request, content: bytes) -> web.StreamResponse:
    """Promise the whole length, send half of it, close."""
    response = web.StreamResponse(status=HTTPStatus.OK, headers={"Content-Type": "application/json"})
    response.content_length = max(len(content), _HALF)
    await response.prepare(request)
    await response.write(content[: len(content) // _HALF] or b"{")
    if request.transport is not None:
        request.transport.close()
    return response


async def _slowly(effect: SlowBody, request: web.Request, real: web.StreamResponse) -> web.StreamResponse:
    content = payload(real)
    response = web.StreamResponse(status=real.status, headers={"Content-Type": real.content_type})
    response.content_length = len(content)
    await response.prepare(request)
    size = max(1, -(-len(content) // effect.pieces))
    for start in range(0, len(content), size):
        await asyncio.sleep(effect.seconds / effect.pieces)
        try:
            await response.write(content[start : start + size])
        except ClientConnectionError:
            break
    return response


def _without_storage(effect: BreakStorage, request: web.Request, real: web.StreamResponse) -> web.StreamResponse:
    """Rewrite the temp containers in an answer to ``.get ingestion resources``."""
    try:
        answer: dict[str, Any] = json.loads(payload(real))
        rows = answer["Tables"][0]["Rows"]
    except (ValueError, KeyError, IndexError, TypeError):
        return real
    left = len(rows) if effect.containers is None else effect.containers
    for row in rows:
        if row[0] == "TempStorage" and left > 0:
            row[1] = _broken(row[1], effect.mode, request)
            left -= 1
    return web.json_response(answer, status=real.status)


def _broken(url: str, mode: StorageMode, request: web.Request) -> str:
    parts = urlsplit(url)
    match mode:
        case StorageMode.FORBIDDEN:
            # A signature of the right form that was made with another key.
            query = "&".join(f"sig={'A' * 43}%3D" if p.startswith("sig=") else p for p in parts.query.split("&"))
            return urlunsplit(parts._replace(query=query))
        case StorageMode.MISSING:
            return urlunsplit(parts._replace(path=f"{parts.path}-gone"))
        case StorageMode.UNAVAILABLE:
            container = parts.path.rsplit("/", 1)[-1]
            return urlunsplit(parts._replace(netloc=request.host, path=f"{STORAGE_PATH}/{container}"))
    assert_never(mode)


async def storage_unavailable(_request: web.Request) -> web.Response:
    """What the storage service answers when it is out of order."""
    body = '<?xml version="1.0" encoding="utf-8"?><Error><Code>ServerBusy</Code><Message>Busy.</Message></Error>'
    return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=body, content_type="application/xml")
