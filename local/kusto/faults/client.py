"""A small client of the admin endpoint, for tests and chaos runs.

Every call is one short request on loopback, so it may be used from asynchronous tests as well.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from local.kusto.faults.effects import (
    ENGINE_ENDPOINTS,
    INGESTION_ENDPOINTS,
    Aim,
    Answer,
    BreakStorage,
    Drop,
    Effect,
    Endpoint,
    Fault,
    StorageMode,
)
from local.kusto.faults.wire import write_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Faults", "FaultsError", "Requests"]

_TIMEOUT: Final = 10.0
_ERROR: Final = 400


class FaultsError(Exception):
    """The admin endpoint refused; the text says why."""


@dataclass(frozen=True, slots=True)
class Requests:
    """What ``GET /admin/requests`` answered."""

    body: Mapping[str, Any]

    @property
    def records(self) -> list[dict[str, Any]]:
        """The requests asked for, oldest first (fields as in ``RequestRecord.shown``)."""
        return list(self.body.get("requests", []))

    @property
    def total(self) -> int:
        """All recorded requests, whatever was asked for."""
        return int(self.body["total"])

    def count(self, endpoint: Endpoint, status: int | None = None) -> int:
        """Requests of an endpoint, or only those that ended with a status."""
        if status is None:
            return int(self.body["byEndpoint"].get(endpoint.value, 0))
        return int(self.body["byStatus"].get(endpoint.value, {}).get(str(status), 0))

    def peak(self, endpoint: Endpoint) -> int:
        """The most requests of an endpoint that were in flight at once."""
        return int(self.body["peakConcurrency"].get(endpoint.value, 0))


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults and the records of the local Kusto at ``url``."""

    url: str

    def arm(self, fault: Fault) -> str:
        """Put a fault in force; its id."""
        return str(self._call("POST", "/admin/faults", write_fault(fault))["ids"][0])

    def on(self, *endpoints: Endpoint, effect: Effect, times: int | None = 1, **more: Any) -> str:
        """Arm an effect on endpoints; ``more`` are fields of ``Aim`` (database …) or ``Fault`` (skip …)."""
        aim_fields = {name: more.pop(name) for name in ("database", "table", "command") if name in more}
        aim = Aim(endpoints=frozenset(endpoints) or frozenset(Endpoint), **aim_fields)
        return self.arm(Fault(aim=aim, effect=effect, times=times, **more))

    def answer(self, *endpoints: Endpoint, status: int, times: int | None = 1, **fields: Any) -> str:
        """Answer requests with a status; ``fields`` as of ``Answer``."""
        return self.on(*endpoints, effect=Answer(status=status, **fields), times=times)

    @contextmanager
    def outage(self, *endpoints: Endpoint, status: int | None = None) -> Iterator[None]:
        """Take endpoints out of order for a while: connections dropped, or all answered with ``status``."""
        effect = Drop() if status is None else Answer(status=status)
        fault_id = self.on(*endpoints, effect=effect, times=None)
        try:
            yield
        finally:
            self.lift(fault_id)

    def engine_outage(self, status: int | None = None) -> AbstractContextManager[None]:
        """The whole engine is out of order, for clients and for the aggregator."""
        return self.outage(*sorted(ENGINE_ENDPOINTS), status=status)

    def ingestion_outage(self, status: int | None = None) -> AbstractContextManager[None]:
        """The ingestion endpoint is out of order."""
        return self.outage(*sorted(INGESTION_ENDPOINTS), status=status)

    def storage_outage(self, mode: StorageMode = StorageMode.FORBIDDEN, containers: int | None = None) -> str:
        """Hand out temp containers that fail, until lifted; clients keep resources for an hour."""
        effect = BreakStorage(mode=mode, containers=containers)
        return self.on(Endpoint.DM, effect=effect, times=None, command=".get ingestion resources")

    @contextmanager
    def temp_storage_outage(self) -> Iterator[None]:
        """Every SAS of the temp containers stops working for a while, those that clients hold included."""
        self._call("PUT", "/admin/temp-storage", {"available": False})
        try:
            yield
        finally:
            self._call("PUT", "/admin/temp-storage", {"available": True})

    def refuse_token(self, *endpoints: Endpoint, times: int | None = 1) -> str:
        """Answer 401 without a body, as the service does to a bad token."""
        asked = endpoints or (Endpoint.STREAM, Endpoint.QUERY, Endpoint.MGMT, Endpoint.DM, Endpoint.QUEUED)
        return self.answer(*asked, status=401, body="", content_type="text/plain", times=times)

    def lift(self, fault_id: str) -> None:
        """Lift one fault."""
        self._call("DELETE", f"/admin/faults/{fault_id}")

    def clear(self) -> None:
        """Lift all faults."""
        self._call("DELETE", "/admin/faults")

    def armed(self) -> list[dict[str, Any]]:
        """All faults with ``seen``, ``struck`` and ``spent``."""
        return list(self._call("GET", "/admin/faults")["faults"])

    def requests(self, endpoint: Endpoint | None = None, *, table: str = "", after: int = 0) -> Requests:
        """Records and counts."""
        query = {"table": table, "after": str(after)} | ({"endpoint": endpoint.value} if endpoint else {})
        return Requests(self._call("GET", f"/admin/requests?{urlencode(query)}"))

    def forget(self) -> None:
        """Forget all records."""
        self._call("DELETE", "/admin/requests")

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=_TIMEOUT)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= _ERROR:
            raise FaultsError(f"{method} {path}: {answer.status} {content.decode(errors='replace')[:500]}")
        found: dict[str, Any] = json.loads(content)
        return found
