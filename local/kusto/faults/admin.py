"""The admin endpoint: ``/admin/faults`` and ``/admin/requests``, for loopback callers only."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from ipaddress import ip_address
from typing import TYPE_CHECKING

from aiohttp import web

from local.kusto.errors import KustoError, bad_request
from local.kusto.faults.effects import Endpoint
from local.kusto.faults.wire import read_fault, write_fault

if TYPE_CHECKING:
    from local.kusto.faults.plan import Armed, FaultPlan
    from local.kusto.faults.record import Recorder

type _Route = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """The routes."""

    plan: FaultPlan
    recorder: Recorder

    def routes(self) -> list[web.RouteDef]:
        """All admin routes, guarded."""
        return [
            web.post("/admin/faults", loopback_only(self.arm)),
            web.get("/admin/faults", loopback_only(self.armed)),
            web.delete("/admin/faults", loopback_only(self.disarm)),
            web.delete("/admin/faults/{id}", loopback_only(self.disarm)),
            web.get("/admin/requests", loopback_only(self.requests)),
            web.delete("/admin/requests", loopback_only(self.forget)),
        ]

    async def arm(self, request: web.Request) -> web.Response:
        """Put one fault in force, or a list of them (all or none)."""
        try:
            body = json.loads(await request.read())
        except ValueError:
            raise bad_request("BadRequest", "The body is not JSON.") from None
        faults = [read_fault(fields) for fields in (body if isinstance(body, list) else [body])]
        return web.json_response({"ids": [self.plan.arm(fault) for fault in faults]}, status=201)

    async def armed(self, _request: web.Request) -> web.Response:
        """All faults with their counts."""
        return web.json_response({"faults": [_shown(armed) for armed in self.plan.armed()]})

    async def disarm(self, request: web.Request) -> web.Response:
        """Lift one or all."""
        return web.json_response({"lifted": self.plan.disarm(request.match_info.get("id"))})

    async def requests(self, request: web.Request) -> web.Response:
        """Records and counts; ``?endpoint=``, ``?table=``, ``?after=`` and ``?records=false`` narrow it."""
        query = request.query
        try:
            endpoint = Endpoint(query["endpoint"]) if "endpoint" in query else None
            after = int(query.get("after", "0"))
        except ValueError as error:
            raise bad_request("BadRequest", f"The filter is not understood ({error}).") from error
        body = self.recorder.summary()
        if query.get("records", "true").lower() != "false":
            body["requests"] = [r.shown() for r in self.recorder.find(endpoint, query.get("table", ""), after)]
        return web.json_response(body)

    async def forget(self, _request: web.Request) -> web.Response:
        """Forget all records."""
        return web.json_response({"forgotten": self.recorder.clear()})


def _shown(armed: Armed) -> dict[str, object]:
    counts = {"id": armed.fault_id, "seen": armed.seen, "struck": armed.struck, "spent": armed.spent}
    return counts | write_fault(armed.fault)


def loopback_only(route: _Route) -> _Route:
    """Refuse callers from other machines, whatever address the server is bound to."""

    @wraps(route)
    async def guarded(request: web.Request) -> web.Response:
        if not _is_loopback(request.remote):
            raise KustoError(
                status=403,
                code="Forbidden",
                message="Forbidden",
                type_="Kusto.DataNode.Exceptions.KustoRequestDeniedException",
                description="The admin endpoint answers callers on this machine only.",
                permanent=True,
            )
        return await route(request)

    return guarded


def _is_loopback(address: str | None) -> bool:
    try:
        return address is not None and ip_address(address).is_loopback
    except ValueError:
        return False
