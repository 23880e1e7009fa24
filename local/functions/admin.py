"""The host's management endpoints below ``/admin``; every one but the ping wants the admin (master) key.

Azure/azure-functions-host: HostController.cs, FunctionsController.cs, KeysController.cs.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from aiohttp import web

from local.functions.bindings import AuthLevel, BlobTrigger, Function, HttpTrigger, QueueTrigger, TimerTrigger
from local.functions.keys import Keys

HOST_VERSION = "4.0.0-local"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """A function that can be run by ``POST /admin/functions/{name}``, and how."""

    function: Function
    run: Callable[[str], Awaitable[object]]


class Admin:
    """Answers the management endpoints.

    Args:
        functions: All functions of the app.
        by_hand: Those without HTTP trigger, by lower-case name.
        keys: The host's keys.
        host_id: Names the host's queue.
        url: Where the host listens.
    """

    def __init__(
        self, functions: tuple[Function, ...], *, by_hand: Mapping[str, ByHand], keys: Keys, host_id: str, url: str
    ) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._by_hand = by_hand
        self._keys = keys
        self._host_id = host_id
        self._url = url
        self._started = time.monotonic()
        self._running: set[asyncio.Future[object]] = set()

    async def answer(self, method: str, path: str, presented: str | None, body: bytes) -> web.Response:
        """Answer one request.

        Args:
            method: HTTP method.
            path: From ``/admin`` on.
            presented: The caller's key.
            body: JSON of a run by hand.
        """
        parts = [part.lower() for part in path.split("/") if part][1:]
        if parts == ["host", "ping"]:
            return web.Response(status=200)
        if not self._keys.allows(AuthLevel.ADMIN, presented):
            return web.Response(status=401)
        match method, parts:
            case "POST", ["functions", name] if name in self._functions:
                return self._run(name, body)
            case "GET", _:
                document = self._document(parts)
            case _:
                document = None
        return web.Response(status=404) if document is None else web.json_response(document)

    def _document(self, parts: list[str]) -> object | None:
        found: object | None = None
        system_key = {"name": "blobs_extension", "value": self._keys.blobs_extension}
        match parts:
            case ["host", "status"]:
                found = self._status()
            case ["host", "systemkeys"]:
                found = {"keys": [system_key], "links": []}
            case ["host", "systemkeys", "blobs_extension"]:
                found = system_key
            case ["host", "keys"]:
                found = {"keys": [{"name": "default", "value": self._keys.function}], "links": []}
            case ["functions"]:
                found = [self._describe(function) for function in self._functions.values()]
            case ["functions", name] if name in self._functions:
                found = self._describe(self._functions[name])
            case _:
                pass
        return found

    def _status(self) -> dict[str, Any]:
        uptime = int((time.monotonic() - self._started) * 1000)
        return {"id": self._host_id, "state": "Running", "version": HOST_VERSION, "processUptime": uptime}

    def _describe(self, function: Function) -> dict[str, Any]:
        return {
            "name": function.name,
            "language": "python",
            "isDisabled": function.disabled,
            "href": f"{self._url}/admin/functions/{function.name}",
            "config": {"bindings": [_binding(function)]},
        }

    def _run(self, name: str, body: bytes) -> web.Response:
        if name not in self._by_hand:
            return web.Response(status=400, text="Call an HTTP function by its route.")
        try:
            given = json.loads(body or b"{}")
            text = given.get("input") or ""
        except (ValueError, AttributeError):
            return web.Response(status=400, text='The body must be JSON: {"input": "..."}.')
        run = asyncio.ensure_future(self._by_hand[name].run(text if isinstance(text, str) else json.dumps(text)))
        self._running.add(run)
        run.add_done_callback(self._running.discard)
        return web.Response(status=202)


def listing(functions: Iterable[Function], url: str, prefix: str) -> Iterator[str]:
    """One line a function: what starts it."""
    for function in functions:
        trigger = function.trigger
        match trigger:
            case HttpTrigger():
                path = "/".join(part for part in (prefix, trigger.route) if part)
                methods = ",".join(sorted(trigger.methods)) if trigger.methods else "all"
                what = f"[{methods}] {url}/{path} ({trigger.level})"
            case BlobTrigger():
                what = f"blobs of {trigger.path} ({trigger.connection}), by event"
            case QueueTrigger():
                what = f"queue {trigger.queue} ({trigger.connection})"
            case TimerTrigger():
                what = f"timer {trigger.schedule.text}"
            case _:
                assert_never(trigger)
        yield f"{function.name}: {what}{' (disabled)' if function.disabled else ''}"


def _binding(function: Function) -> dict[str, Any]:
    trigger = function.trigger
    match trigger:
        case HttpTrigger():
            methods = sorted(trigger.methods) if trigger.methods else None
            return {"type": "httpTrigger", "route": trigger.route, "methods": methods, "authLevel": trigger.level}
        case BlobTrigger():
            return {"type": "blobTrigger", "path": trigger.path, "connection": trigger.connection}
        case QueueTrigger():
            return {"type": "queueTrigger", "queueName": trigger.queue, "connection": trigger.connection}
        case TimerTrigger():
            return {"type": "timerTrigger", "schedule": trigger.schedule.text}
        case _:
            assert_never(trigger)
