"""Readiness: can this instance do its work now, and if not, what is to be done about it.

The endpoint is anonymous, so a check names settings, routes and tables, never values, and answers are kept for a while:
asking often must not become load on the cluster.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any

from shared.deadline import Clock
from shared.http.api import HttpReply, render_json
from shared.ingest.errors import Action, classify, failure_of
from shared.routing.routes import Route, RouteTable, Streaming

_LOG = logging.getLogger(__name__)

#: Seconds for which an answer is kept.
KEEP = 10.0
#: Seconds that the checks of one service may take.
TIMEOUT = 10.0


class Status(StrEnum):
    """What a check came to."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"  # it may not be looked at with this identity; ingestion may work all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One named check, with advice unless it is fine."""

    name: str
    status: Status
    advice: str = ""


def render_checks(checks: tuple[Check, ...]) -> HttpReply:
    """200 when nothing failed, else 503; every check with its advice."""
    failed = any(check.status is Status.FAILED for check in checks)
    rows = [{"name": c.name, "status": c.status.value, **({"advice": c.advice} if c.advice else {})} for c in checks]
    return render_json(503 if failed else 200, {"status": "failed" if failed else "ok", "checks": rows})


class Readiness:
    """The checks of a configured application."""

    def __init__(
        self,
        routes: RouteTable,
        engine: Callable[[], Awaitable[Any]],
        landing: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._routes = routes
        self._engine = engine
        self._landing = landing
        self._clock = clock
        self._lock = asyncio.Lock()
        self._kept: tuple[float, tuple[Check, ...]] | None = None

    async def checks(self) -> tuple[Check, ...]:
        """All checks; at most one round in ten seconds, however many ask."""
        async with self._lock:
            now = self._clock.monotonic()
            if self._kept is None or now - self._kept[0] >= KEEP:
                self._kept = (now, await self._round())
            return self._kept[1]

    async def _round(self) -> tuple[Check, ...]:
        storage, kusto = await asyncio.gather(
            _within(self._storage(), "landing", "Look at the network between application and storage account."),
            _within(self._kusto(), "kusto", "Look at the network between application and cluster."),
        )
        return (*storage, *kusto)

    async def _storage(self) -> list[Check]:
        try:
            await self._landing()
        except Exception as error:  # noqa: BLE001 - a check reports every failure
            _LOG.warning("readiness: landing container: %s", type(error).__name__)
            advice = (
                "The landing container cannot be read: check the connection LANDING and the identity's roles on it."
            )
            return [Check(name="landing", status=Status.FAILED, advice=advice)]
        return [Check(name="landing", status=Status.OK)]

    async def _kusto(self) -> list[Check]:
        databases = sorted({route.database for route in self._routes})
        return list(chain.from_iterable(await asyncio.gather(*map(self._database, databases))))

    async def _database(self, database: str) -> list[Check]:
        found = await self._enabled(database, f".show database ['{database}'] policy streamingingestion")
        if isinstance(found, Check):
            return [found]
        routes = [route for route in self._routes if _streams(route, database)]
        tables = sorted({route.table for route in routes if route.table is not None})  # routes may share a table
        commands = (f".show table ['{table}'] policy streamingingestion" for table in tables)
        policies = await asyncio.gather(*(self._enabled(database, command) for command in commands))
        own = dict(zip(tables, policies, strict=True))
        reachable = Check(name=f"kusto database {database}", status=Status.OK)
        return [reachable, *(_check(route, own=own.get(route.table or ""), enabled=found) for route in routes)]

    async def _enabled(self, database: str, command: str) -> bool | Check | None:
        """Whether the shown policy is on; None where there is none; a check where it cannot be seen."""
        try:
            client = await self._engine()
            rows = (await client.execute_mgmt(database, command)).primary_results[0]
            return next((_is_enabled(row["Policy"]) for row in rows), None)
        except Exception as error:  # noqa: BLE001 - as above
            verdict = classify(failure_of(error))
            _LOG.warning("readiness: kusto: %s (%s)", verdict.reason, type(error).__name__)
            unseen = verdict.reason == "access-denied"
            advice = verdict.advice or "Check KUSTO_CLUSTER_URI, and whether the cluster runs."
            if unseen:
                advice = (
                    "The identity may not read policies; ingestion may work. Add the role Database Monitor to check."
                )
            unknown = unseen and verdict.action is Action.CONFIGURATION
            status = Status.UNKNOWN if unknown else Status.FAILED
            return Check(name=f"kusto database {database}", status=status, advice=advice)


def _check(route: Route, *, own: bool | Check | None, enabled: bool | None) -> Check:
    """A table's own policy counts before the database's (docs: "Streaming ingestion policy")."""
    name = f"streaming of route {route.name}"
    if isinstance(own, Check):
        return Check(name=name, status=own.status, advice=own.advice)
    if own if own is not None else enabled:
        return Check(name=name, status=Status.OK)
    table = route.table or f"<each table of route {route.name}>"
    advice = f"Streaming is off, records are queued. Run `.alter table {table} policy streamingingestion enable`."
    return Check(name=name, status=Status.FAILED, advice=advice)


async def _within(work: Awaitable[list[Check]], name: str, advice: str) -> list[Check]:
    """The checks, or one that failed because they took too long."""
    try:
        async with asyncio.timeout(TIMEOUT):
            return await work
    except TimeoutError:
        return [Check(name=name, status=Status.FAILED, advice=f"No answer in {TIMEOUT:.0f} s. {advice}")]


def _streams(route: Route, database: str) -> bool:
    return route.database == database and route.streaming is not Streaming.NEVER


def _is_enabled(policy: str | None) -> bool | None:
    """Read the policy's JSON; `null` means that the entity has none."""
    value = json.loads(policy) if policy else None
    return bool(value.get("IsEnabled")) if isinstance(value, dict) else None
