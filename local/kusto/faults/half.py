"""Faults and the record of requests as an extension of the server."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING

from aiohttp import web

from local.kusto.extension import RAW_SIZE, WIRE_SIZE
from local.kusto.faults.admin import Admin
from local.kusto.faults.effects import Delay, Drop, Effect, Target
from local.kusto.faults.record import Recorder, RequestRecord
from local.kusto.faults.strike import DROPPED, STORAGE_PATH, storage_unavailable, strike
from local.kusto.faults.targeting import target_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp.typedefs import Handler, Middleware

    from local.kusto.extension import Command
    from local.kusto.faults.plan import FaultPlan

_GZIP_TRAILER = 4
_GZIP_MAGIC = b"\x1f\x8b"


class FaultsHalf:
    """Records every request but its own, and lets the plan's faults strike."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self.recorder = Recorder()

    def commands(self) -> Mapping[str, Command]:
        """None."""
        return {}

    def middlewares(self) -> Sequence[Middleware]:
        """The one that records and strikes."""
        return [self._middleware()]

    def routes(self) -> Sequence[web.RouteDef]:
        """The admin endpoint, and the storage that is out of order."""
        broken = web.route("*", STORAGE_PATH + "/{path:.*}", storage_unavailable)
        return [*Admin(plan=self.plan, recorder=self.recorder).routes(), broken]

    async def start(self) -> None:
        """Nothing to begin."""

    async def stop(self) -> None:
        """Nothing to end."""

    def _middleware(self) -> Middleware:
        @web.middleware
        async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(("/admin/", STORAGE_PATH)):
                return await handler(request)
            target = await target_of(request)
            with self.recorder.in_flight(target.endpoint) as concurrency:
                return await self._meet(request, handler, target, concurrency)

        return meet

    async def _meet(
        self, request: web.Request, handler: Handler, target: Target, concurrency: int
    ) -> web.StreamResponse:
        record = _begun(self.recorder.next_number(), request, target, concurrency)
        self.recorder.add(record)
        effects = self.plan.strike(target)
        record.faults = [fault_id for fault_id, _ in effects]
        try:
            response = await _under([effect for _, effect in effects], request, handler)
            record.status = 0 if response.status == DROPPED else response.status
            return response
        finally:
            unread = any(isinstance(effect, Drop) and not effect.commit for _, effect in effects)
            _measure(record, request, unread=unread)
            record.ended = time()


async def _under(effects: Sequence[Effect], request: web.Request, handler: Handler) -> web.StreamResponse:
    last: Effect | None = None
    for effect in effects:
        if isinstance(effect, Delay) and effect is not effects[-1]:
            await strike(effect, request, _nothing)
        else:
            last = effect
    return await handler(request) if last is None else await strike(last, request, handler)


async def _nothing(_request: web.Request) -> web.StreamResponse:
    return web.Response()


def _begun(number: int, request: web.Request, target: Target, concurrency: int) -> RequestRecord:
    query, headers = request.query, request.headers
    return RequestRecord(
        number=number,
        method=request.method,
        path=request.path,
        target=target,
        data_format=query.get("streamFormat", ""),
        mapping=query.get("mappingName", ""),
        source_kind=query.get("sourceKind", ""),
        request_id=headers.get("x-ms-client-request-id", ""),
        application=headers.get("x-ms-app", ""),
        user_agent=headers.get("User-Agent", ""),
        begun=time(),
        concurrency=concurrency,
    )


def _measure(record: RequestRecord, request: web.Request, *, unread: bool) -> None:
    """Sizes, without reading what the endpoint left unread.

    The streaming endpoint reads its body by itself and notes both sizes. Otherwise the raw size of a gzip body is the
    one its trailer states (RFC 1952: ISIZE).
    """
    body: bytes | None = None if unread else request._read_bytes  # noqa: SLF001 - aiohttp keeps what was read there
    received = request.content.total_bytes  # bodies reach the endpoints as they came: not decompressed
    record.wire = request.get(WIRE_SIZE, received if body is None else len(body))
    gzipped = request.headers.get("Content-Encoding", "").lower() == "gzip"
    if gzipped and body and body.startswith(_GZIP_MAGIC):
        raw = int.from_bytes(body[-_GZIP_TRAILER:], "little")
    else:
        raw = 0 if gzipped or unread else record.wire
    record.raw = request.get(RAW_SIZE, raw)
