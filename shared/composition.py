"""The composition root: the only place where adapters are built, once per process, and only when they are needed.

Imports stand inside the properties: what a process never uses, it never pays for at cold start.
"""

import random
from functools import cached_property
from typing import TYPE_CHECKING

from shared.accounting import Accounting
from shared.deadline import Clock
from shared.routing.routes import RouteTable
from shared.settings import Settings
from shared.storage.account import Account
from shared.storage.names import (
    DEAD_LETTER_CONTAINER,
    LANDING_CONTAINER,
    LEDGER_CONTAINER,
    RETRY_QUEUE,
    SPOOL_CONTAINER,
)

if TYPE_CHECKING:
    from shared.desk.health import Readiness
    from shared.desk.letter_desk import LetterDesk
    from shared.desk.operations import Operations
    from shared.ingest.coalescer import Coalescer
    from shared.ingest.durable import DurableIngestion
    from shared.ingest.managed import ManagedIngestion
    from shared.ingest.queued import QueuedEndpoint
    from shared.kusto import KustoClients
    from shared.pipelines.blobs import BlobPipeline
    from shared.pipelines.recognition import Recognition
    from shared.pipelines.requests import HttpPipeline
    from shared.pipelines.retries import Delays, RetryPipeline
    from shared.storage.deadletters import DeadLetters
    from shared.storage.landing import Landing
    from shared.storage.ledger import Ledger
    from shared.storage.service import StorageService
    from shared.storage.spool import Spool


class Composition:
    """Every part of a running application."""

    def __init__(self, settings: Settings, routes: RouteTable, landing: Account, clock: Clock) -> None:
        self._settings = settings
        self._routes = routes
        self._account = landing
        self._clock = clock
        self.accounting = Accounting()

    async def close(self) -> None:
        """Close the clients of this loop."""
        self.queued.close()
        await self.kusto.close()
        await self.storage.close()

    @cached_property
    def kusto(self) -> "KustoClients":
        """The clients of both Kusto endpoints."""
        from shared.kusto import KustoClients  # noqa: PLC0415

        return KustoClients(self._settings)

    @cached_property
    def storage(self) -> "StorageService":
        """The clients of the storage account."""
        from shared.storage.service import StorageService  # noqa: PLC0415

        return StorageService(self._account, self._settings)

    @cached_property
    def landing(self) -> "Landing":
        """The landing container."""
        from shared.storage.landing import Landing  # noqa: PLC0415

        return Landing(self.storage, self._settings)

    @cached_property
    def spool(self) -> "Spool":
        """Payloads that wait for Kusto."""
        from shared.storage.containers import Container, Queue  # noqa: PLC0415
        from shared.storage.spool import Spool  # noqa: PLC0415

        return Spool(Container(self.storage, SPOOL_CONTAINER), Queue(self.storage, RETRY_QUEUE))

    @cached_property
    def dead_letters(self) -> "DeadLetters":
        """What was refused for good."""
        from shared.storage.containers import Container  # noqa: PLC0415
        from shared.storage.deadletters import DeadLetters  # noqa: PLC0415

        return DeadLetters(Container(self.storage, DEAD_LETTER_CONTAINER))

    @cached_property
    def ledger(self) -> "Ledger":
        """Receipts."""
        from shared.storage.containers import Container  # noqa: PLC0415
        from shared.storage.ledger import Ledger  # noqa: PLC0415

        return Ledger(Container(self.storage, LEDGER_CONTAINER))

    @cached_property
    def recognition(self) -> "Recognition":
        """The ledger in front of work."""
        from shared.pipelines.recognition import Recognition  # noqa: PLC0415

        return Recognition(self.ledger, self._clock)

    @cached_property
    def queued(self) -> "QueuedEndpoint":
        """The ingestion endpoint."""
        from shared.ingest.queued import QueuedEndpoint  # noqa: PLC0415
        from shared.ingest.resources import IngestionResources  # noqa: PLC0415
        from shared.kusto import APPLICATION  # noqa: PLC0415

        resources = IngestionResources(self.kusto.ingestion, self._clock.monotonic)
        return QueuedEndpoint(resources, application=APPLICATION)

    @cached_property
    def managed(self) -> "ManagedIngestion":
        """Streaming with queued fallback."""
        from shared.ingest.managed import ManagedIngestion  # noqa: PLC0415
        from shared.ingest.observed import ObservedQueues, ObservedStreams  # noqa: PLC0415
        from shared.ingest.streaming import StreamingEndpoint  # noqa: PLC0415

        return ManagedIngestion(
            ObservedStreams(StreamingEndpoint(self.kusto.engine)), ObservedQueues(self.queued), self._clock
        )

    @cached_property
    def durable(self) -> "DurableIngestion":
        """Managed ingestion with the spool behind it."""
        from shared.ingest.durable import DurableIngestion  # noqa: PLC0415

        first = self._settings.retry_delay
        return DurableIngestion(self.managed, self.spool, self._clock, first_delay=first)

    @cached_property
    def gathering(self) -> "Coalescer":
        """Durable ingestion behind group commit."""
        from shared.ingest.coalescer import Coalescer  # noqa: PLC0415

        return Coalescer(self.durable, self._clock)

    @cached_property
    def http(self) -> "HttpPipeline":
        """Requests."""
        from shared.pipelines.quarantine import Quarantine  # noqa: PLC0415
        from shared.pipelines.requests import HttpPipeline, Parts  # noqa: PLC0415

        return HttpPipeline(
            Parts(
                settings=self._settings,
                routes=self._routes,
                ingestion=self.gathering,
                durable=self.durable,
                recognition=self.recognition,
                quarantine=Quarantine(self.durable, self.dead_letters, self._clock),
                accounting=self.accounting,
                clock=self._clock,
            )
        )

    @cached_property
    def blobs(self) -> "BlobPipeline":
        """Blob events."""
        from shared.pipelines.blobs import BlobPipeline, Parts  # noqa: PLC0415

        return BlobPipeline(
            Parts(
                settings=self._settings,
                routes=self._routes,
                landing=self.landing,
                ingestion=self.gathering,
                references=self.managed,
                recognition=self.recognition,
                spool=self.spool,
                letters=self.dead_letters,
                delays=self._delays,
                accounting=self.accounting,
                clock=self._clock,
            )
        )

    @cached_property
    def retries(self) -> "RetryPipeline":
        """Work that waits."""
        from shared.pipelines.retries import RetryPipeline  # noqa: PLC0415

        return RetryPipeline(
            self.managed,
            self.spool,
            self.dead_letters,
            self.ledger,
            self._clock,
            self._delays,
            self.blobs.ingest,
        )

    @cached_property
    def _delays(self) -> "Delays":
        from shared.pipelines.retries import Delays  # noqa: PLC0415

        return Delays(first=self._settings.retry_delay, jitter=random.random)

    @cached_property
    def operations(self) -> "Operations":
        """What became of work."""
        from shared.desk.operations import Operations  # noqa: PLC0415

        return Operations(self.ledger, self.kusto.ingestion_failure)

    @cached_property
    def letter_desk(self) -> "LetterDesk":
        """The operator's desk for dead letters."""
        from shared.desk.letter_desk import LetterDesk  # noqa: PLC0415
        from shared.desk.letters import Letters  # noqa: PLC0415

        return LetterDesk(Letters(self.dead_letters, self.durable, self.recognition, self.blobs.ingest, self._clock))

    @cached_property
    def readiness(self) -> "Readiness":
        """The checks of `GET /api/health/ready`."""
        from shared.desk.health import Readiness  # noqa: PLC0415

        return Readiness(
            self._routes, self.kusto.engine, lambda: self.landing.reachable(LANDING_CONTAINER), self._clock
        )
