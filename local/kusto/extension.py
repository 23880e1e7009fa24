"""How another half of the local Kusto joins the server without editing it.

``local/kusto/__main__.py`` composes ``local.kusto.faults.extension(engine)`` and
``local.kusto.dm.extension(engine, storage=CONNECTION_STRING)``; ``server.build_app`` takes the extensions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import web

from local.kusto.model import CommandCall, ResultTable

if TYPE_CHECKING:
    from aiohttp.typedefs import Middleware

type Command = Callable[[CommandCall], Awaitable[ResultTable]]

WIRE_SIZE: Final = web.RequestKey("wire_size", int)
"""Bytes of the body as it travelled: the streaming endpoint notes it in the request, ``request.get(WIRE_SIZE)``."""
RAW_SIZE: Final = web.RequestKey("raw_size", int)
"""Bytes of the content once decompressed, noted by the streaming endpoint."""


class Extension(Protocol):
    """Commands, middlewares and routes that join the server, and a life that follows the server's."""

    def commands(self) -> Mapping[str, Command]:
        """Management commands by their prefix (``.get ingestion resources``), compared in any case and spacing.

        They run on the event loop, before the engine's own commands; they raise ``KustoError`` to refuse.
        """
        ...

    def middlewares(self) -> Sequence[Middleware]:
        """Middlewares around every request, outermost first.

        They sit between two error renderers: what the inner endpoints raise arrives as a finished response, and a
        ``KustoError`` raised here is rendered by the outer one.
        """
        ...

    def routes(self) -> Sequence[web.RouteDef]:
        """Additional HTTP routes."""
        ...

    async def start(self) -> None:
        """Begin work in the running loop; called once before the first request."""
        ...

    async def stop(self) -> None:
        """End all work; called once, after the last request."""
        ...
