"""The ingestion half as an extension of the server."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from aiohttp import web

from local.kusto.dm.aggregator import Aggregator
from local.kusto.dm.commands import Commands, no_storage
from local.kusto.dm.download import Reader
from local.kusto.dm.failures import Journal
from local.kusto.dm.identities import allowed_identities
from local.kusto.dm.ingestor import Ingestor, Patience, no_probe
from local.kusto.dm.leases import LEASE, Leases
from local.kusto.dm.operations import Operations
from local.kusto.dm.reports import Reports
from local.kusto.dm.rest import QueuedRest
from local.kusto.dm.storage import Names, Storage
from local.kusto.dm.watch import streaming_watch
from local.kusto.errors import bad_request
from local.kusto.faults.admin import loopback_only

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aiohttp.typedefs import Middleware

    from local.kusto.dm.account import Account
    from local.kusto.engine import Engine
    from local.kusto.extension import Command
    from local.kusto.model import BatchingPolicy

_log = logging.getLogger(__name__)

STOP_SECONDS: Final = 10.0
"""Longest wait for the aggregator; the server above it gives up soon after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the ingestion half behaves.

    ``batching_seconds`` is the longest that a batch waits, whatever batching policies say; ``None`` leaves it to them.
    ``prefix`` leads the names of containers and queues. ``identities`` are the managed identities that may read source
    blobs, ``None`` allows all. ``lease`` in seconds.
    """

    batching_seconds: float | None = None
    prefix: str = ""
    identities: frozenset[str] | None = None
    patience: Patience = field(default_factory=Patience)
    lease: int = LEASE
    probe: Callable[[str, str], Awaitable[None]] = no_probe


class IngestionHalf:
    """Commands, routes and the aggregator; without an account only refusals and the journal of streaming."""

    def __init__(self, engine: Engine, account: Account | None, options: Options) -> None:
        self._engine = engine
        self._account = account
        self._options = options
        self._storage: Storage | None = None
        self._aggregator: Aggregator | None = None
        self._task: asyncio.Task[None] | None = None
        self.journal = Journal()
        self.operations = Operations()

    def commands(self) -> Mapping[str, Command]:
        """Management commands of the ingestion endpoint."""
        return Commands(storage=lambda: self._storage, journal=self.journal).table()

    def middlewares(self) -> Sequence[Middleware]:
        """The watch over streaming requests."""
        return [streaming_watch(self.journal)]

    def routes(self) -> Sequence[web.RouteDef]:
        """Queued ingestion over REST, and the switch of the temp containers."""
        queued = QueuedRest(storage=lambda: self._storage, operations=self.operations, policy=self.policy)
        return [*queued.routes(), web.put("/admin/temp-storage", loopback_only(self._open_containers))]

    async def _open_containers(self, request: web.Request) -> web.Response:
        """``{"available": false}`` stops every SAS of the temp containers, also those clients hold; true undoes it."""
        if self._storage is None:
            raise no_storage()
        try:
            available = json.loads(await request.read())["available"]
        except (ValueError, KeyError, TypeError):
            available = None
        if not isinstance(available, bool):
            raise bad_request("BadRequest", 'The body is {"available": true} or {"available": false}.')
        await self._storage.open_containers(available=available)
        return web.json_response({"available": available})

    def policy(self, database: str, table: str) -> BatchingPolicy:
        """The batching policy in force; raises ``KustoError`` for a missing database or table."""
        found = self._engine.batching_policy(database, table)
        longest = self._options.batching_seconds
        if longest is None:
            return found
        return replace(found, maximum_batching_time_span=min(longest, found.maximum_batching_time_span))

    def identities(self, database: str) -> frozenset[str] | None:
        """The managed identities that may read source blobs for a database; ``None`` allows all."""
        policy = self._engine.database(database).policies.get("managed_identity")
        return allowed_identities(policy, self._options.identities)

    def waiting(self) -> int:
        """Sources in batches that are not sealed yet."""
        return 0 if self._aggregator is None else self._aggregator.waiting()

    async def start(self) -> None:
        """Open the storage account and begin to read the queues."""
        if self._account is None:
            return
        storage = await Storage(self._account, Names(self._options.prefix)).__aenter__()
        self._storage = storage
        reader = Reader(
            account=self._account,
            transport=storage.transport,
            identities=self.identities,
            temp_containers=storage.names.containers,
        )
        reports = Reports(storage=storage, journal=self.journal, operations=self.operations)
        ingestor = Ingestor(
            ingest=self._engine.ingest,
            reader=reader,
            reports=reports,
            patience=self._options.patience,
            probe=self._options.probe,
        )
        self._aggregator = Aggregator(
            storage=storage,
            leases=Leases(storage, self._options.lease),
            reader=reader,
            reports=reports,
            ingestor=ingestor,
            policy=self.policy,
        )
        self._task = asyncio.create_task(self._aggregator.run())
        self._task.add_done_callback(_tell)

    async def stop(self) -> None:
        """Stop reading; what is held becomes visible in the queue again after its lease."""
        if self._aggregator is not None and self._task is not None:
            self._aggregator.stop()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._task, STOP_SECONDS)
        if self._storage is not None:
            await self._storage.__aexit__()
            self._storage = None


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("ingestion.aggregator_stopped", exc_info=error)
