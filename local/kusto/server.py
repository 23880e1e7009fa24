"""The HTTP server: the engine's endpoints, the extensions around them, and their life."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from aiohttp import web

from local.kusto.endpoints import Endpoints, refusal
from local.kusto.errors import KustoError, internal_error
from local.kusto.latency import Latency, parse_latency
from local.kusto.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from aiohttp.typedefs import Handler, Middleware

    from local.kusto.engine import Engine
    from local.kusto.extension import Command, Extension

_LOG: Final = logging.getLogger(__name__)
_THREADS: Final = 128
_READ_BYTES: Final = 1024 * 1024
_STATEMENT_BYTES: Final = 64 * 1024 * 1024


@web.middleware
async def _render_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        answer = await handler(request)
    except KustoError as error:
        answer = refusal(error, request)
    except web.HTTPException:
        raise
    except Exception as error:  # noqa: BLE001 - whatever broke, the client gets a Kusto error
        _LOG.exception("%s %s", request.method, request.path)
        answer = refusal(internal_error(type(error).__name__), request)
    if not answer.prepared:
        answer.headers.setdefault("x-ms-activity-id", str(uuid4()))
        answer.headers.setdefault("x-ms-client-request-id", request.headers.get("x-ms-client-request-id", ""))
    return answer


def build_app(
    engine: Engine,
    extensions: Sequence[Extension] = (),
    *,
    latency: Latency | None = None,
) -> web.Application:
    """The application: run it with ``serving`` (bodies must reach it compressed, as they came).

    Extension middlewares stand between an outer and an inner renderer of errors; the first extension's are outermost.
    """
    endpoints = Endpoints(
        engine=engine,
        commands=_commands(extensions),
        executor=ThreadPoolExecutor(_THREADS, thread_name_prefix="kusto"),
        throttle=Throttle(engine.limits.concurrent_streams, rate=engine.limits.requests_per_second),
        latency=latency or parse_latency("none"),
    )
    around: list[Middleware] = [m for extension in extensions for m in extension.middlewares()]
    app = web.Application(middlewares=[_render_errors, *around, _render_errors], client_max_size=_STATEMENT_BYTES)
    app.add_routes(endpoints.routes())
    for extension in extensions:
        app.add_routes(extension.routes())

    async def life(_: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(endpoints.executor.shutdown)
            stack.push_async_callback(_close_session, endpoints)
            for extension in extensions:
                await extension.start()
                stack.push_async_callback(extension.stop)
            yield

    app.cleanup_ctx.append(life)
    return app


@asynccontextmanager
async def serving(app: web.Application, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve until left; gives the URL. Port 0 takes a free one. Raises ``OSError`` for a port in use."""
    runner = web.AppRunner(app, auto_decompress=False, access_log=None, shutdown_timeout=5, read_bufsize=_READ_BYTES)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound_host, bound_port = runner.addresses[0][:2]
        yield f"http://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}"
    finally:
        await runner.cleanup()


def _commands(extensions: Sequence[Extension]) -> Mapping[str, Command]:
    return {
        " ".join(prefix.lower().split()): command
        for extension in extensions
        for prefix, command in extension.commands().items()
    }


async def _close_session(endpoints: Endpoints) -> None:
    if endpoints.session is not None:
        await endpoints.session.close()
