"""The host: composition of worker, triggers and HTTP server, and its orderly end."""

import asyncio
import logging
import os
import platform
import socket
import zlib
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiohttp import web
from aiohttp.web_request import BaseRequest

from local.functions.admin import Admin, ByHand, listing
from local.functions.bindings import BlobTrigger, Function, QueueTrigger, TimerTrigger, parse_functions
from local.functions.blobs import BlobFront
from local.functions.events import BlobReference
from local.functions.hostjson import HostSettings
from local.functions.http import HttpFront, presented_key, read_body
from local.functions.invocations import Invocations
from local.functions.keys import Keys
from local.functions.logs import start_logging
from local.functions.queues import QueueFront
from local.functions.storage import Connections
from local.functions.timers import Timer
from local.functions.worker import AppError, Worker

logger = logging.getLogger("host")

DRAIN_SECONDS = 30.0
_HOST_ID_LENGTH = 32
_WEBHOOK = "/runtime/webhooks/blobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line gives: ``port`` 0 means any free one, ``env`` the app settings."""

    app_dir: Path
    host: str
    port: int
    env: Mapping[str, str]
    keys: Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a started host tells its caller."""

    url: str
    functions: tuple[str, ...]


async def serve(options: Options, ready: Callable[[Ready], None], stop: asyncio.Event) -> None:
    """Run the app until ``stop``, then drain: refuse new requests, wait for running calls, close everything.

    Raises:
        AppError: The app cannot be run, the port is taken, or a listener broke.
    """
    async with AsyncExitStack() as stack:
        listening = stack.enter_context(_bind(options.host, options.port))
        port = listening.getsockname()[1]
        url = f"http://{options.host}:{port}"
        env = {"WEBSITE_HOSTNAME": f"{options.host}:{port}", "AZURE_FUNCTIONS_ENVIRONMENT": "Development"}
        env |= options.env
        settings = HostSettings.load(options.app_dir, os.environ | env)
        start_logging(settings.log_levels)
        worker = Worker(options.app_dir, env)
        functions = parse_functions(await worker.start(), os.environ)
        connections = await stack.enter_async_context(Connections(os.environ))
        invocations = Invocations(worker, settings.function_timeout)
        app = _App(functions, settings, options.keys, connections, invocations, url)
        # Bodies stay as they were sent: the host inflates nothing.
        server = web.Server(app.answer, auto_decompress=False, access_log=None)
        runner = web.ServerRunner(server, handle_signals=False)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listening).start()
        app.listen(stop)
        _describe(functions, url, settings.http.route_prefix)
        ready(Ready(url=url, functions=tuple(function.name for function in functions)))
        await stop.wait()
        await app.drain()
        worker.stop()
        app.raise_for_broken_listener()


def _describe(functions: tuple[Function, ...], url: str, prefix: str) -> None:
    for line in listing(functions, url, prefix):
        logger.info("%s", line)
    for function in functions:
        if function.retries:
            logger.warning(
                "Function %s declares a retry policy. Azure obeys it for timers, Event Hubs, Kafka and Cosmos DB only, "
                "this host not at all. Blob and queue triggers try again by host.json.",
                function.name,
            )


class Listener(Protocol):
    """What waits for events: a queue's follower or a timer."""

    async def run(self) -> None:
        """Listen until ``stop``, then finish what is under way."""

    def stop(self) -> None:
        """Begin nothing more."""


class _App:
    """The triggers of one app, wired."""

    def __init__(
        self,
        functions: tuple[Function, ...],
        settings: HostSettings,
        keys: Keys,
        connections: Connections,
        invocations: Invocations,
        url: str,
    ) -> None:
        self._keys = keys
        self._invocations = invocations
        self._draining = False
        self._tasks: list[asyncio.Task[None]] = []
        self._http = HttpFront(functions, settings=settings.http, keys=keys, invocations=invocations)
        self._listeners: list[Listener] = []
        self._blobs: BlobFront | None = None
        by_hand: dict[str, ByHand] = {}
        identity = host_id(os.environ)
        blobs = [function for function in functions if isinstance(function.trigger, BlobTrigger)]
        if blobs:
            self._blobs = BlobFront(
                blobs, settings=settings.blobs, connections=connections, invocations=invocations, host_id=identity
            )
            self._listeners.append(self._blobs.follower)
        for function in functions:
            if (run := self._connect(function, settings, connections)) is not None:
                by_hand[function.name.lower()] = run
        self._admin = Admin(functions, by_hand=by_hand, keys=keys, host_id=identity, url=url)

    def _connect(self, function: Function, settings: HostSettings, connections: Connections) -> ByHand | None:
        """Make the listener of a function; returns how to run it by hand."""
        match function.trigger:
            case TimerTrigger() as trigger:
                timer = Timer(function, trigger, self._invocations)
                if not function.disabled:
                    self._listeners.append(timer)
                return ByHand(function=function, run=lambda _text: timer.fire(past_due=False))
            case QueueTrigger() as trigger:
                queue = QueueFront(
                    function, trigger, settings=settings.queues, connections=connections, invocations=self._invocations
                )
                if not function.disabled:
                    self._listeners.append(queue.follower)
                return ByHand(function=function, run=queue.run)
            case BlobTrigger() if (blobs := self._blobs) is not None:

                def run_blob(path: str) -> asyncio.Future[object]:
                    container, _, name = path.partition("/")
                    reference = BlobReference(
                        function=function.host_name, container=container, name=name, etag="", kind="BlockBlob"
                    )
                    return asyncio.ensure_future(blobs.run(reference, "This function was called by hand."))

                return ByHand(function=function, run=run_blob)
            case _:
                return None

    async def answer(self, request: BaseRequest) -> web.Response:
        """Answer one request to any endpoint of the host."""
        if self._draining:
            return web.Response(status=503, headers={"Retry-After": "5"}, text="The host is ending.")
        path = request.rel_url.raw_path
        start = path[:9].lower()
        if start.startswith("/admin/"):
            return await self._admin.answer(request.method, path, presented_key(request), await read_body(request))
        if start == "/runtime/":
            return await self._webhook(request, path)
        if path == "/" and request.method in {"GET", "HEAD"}:
            return web.Response(text="Your Functions app is up and running.")
        return await self._http.answer(request)

    async def _webhook(self, request: BaseRequest, path: str) -> web.Response:
        if path.lower().rstrip("/") != _WEBHOOK or request.method != "POST" or self._blobs is None:
            return web.Response(status=404)
        if not self._keys.opens_blobs_webhook(presented_key(request)):
            return web.Response(status=401)
        function, kind = request.rel_url.query.get("functionName"), request.headers.get("aeg-event-type")
        return await self._blobs.webhook(function, kind, await read_body(request))

    def listen(self, stop: asyncio.Event) -> None:
        """Start the listeners; one that breaks ends the host."""
        for listener in self._listeners:
            task = asyncio.create_task(listener.run(), name=type(listener).__name__)
            task.add_done_callback(lambda _task: stop.set())
            self._tasks.append(task)

    async def drain(self) -> None:
        """Stop listening, then wait for running calls, at most DRAIN_SECONDS."""
        self._draining = True
        for listener in self._listeners:
            listener.stop()
        # A listener's end includes the calls that it made; what remains are calls by HTTP and by hand.
        idle = asyncio.create_task(self._invocations.drained(), name="drain")
        await asyncio.wait({idle, *self._tasks}, timeout=DRAIN_SECONDS)
        if self._invocations.running:
            logger.warning("%d calls still run after %.0f s; leaving them.", self._invocations.running, DRAIN_SECONDS)
        idle.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def raise_for_broken_listener(self) -> None:
        """Raise what a listener died of.

        Raises:
            AppError: A listener died.
        """
        for task in self._tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise AppError(f"The listener {task.get_name()} broke: {error!r}") from error


def host_id(env: Mapping[str, str]) -> str:
    """The id in the name of the host's queue: the setting, or machine name and app folder (ScriptHostIdProvider.cs)."""
    if given := env.get("AzureFunctionsWebHost__hostid"):
        return given.lower()[:_HOST_ID_LENGTH].rstrip("-")
    machine = "".join(letter for letter in platform.node() if letter.isascii() and letter.isalnum())
    identity = f"{machine[:20]}-{zlib.crc32(bytes(Path.cwd()))}"
    return identity.lower()[:_HOST_ID_LENGTH].strip("-")


def _bind(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        text = f"Port {port} of {host} cannot be used ({error.strerror}). Choose another with --port."
        raise AppError(text) from error
    return listening
