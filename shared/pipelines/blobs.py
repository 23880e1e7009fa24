"""Blobs of the landing container: small ones are read and framed, large ones are queued where they lie.

The same events may come several times and in any order (Event Grid), and for blobs that are no longer there.
"""

import logging
from dataclasses import dataclass
from functools import partial

from shared.accounting import Accounting
from shared.deadline import Clock, Deadline
from shared.framing.body import BrokenError, TooLargeError
from shared.framing.formats import Compression, reference_format
from shared.framing.offload import off_loop
from shared.ingest.coalescer import Ingests
from shared.ingest.managed import ManagedIngestion
from shared.ingest.policy import STREAMING_LIMIT, choose_blob
from shared.outcome import Code, Deferred, Mode, Outcome, Problem, Refused, Rejected
from shared.payload import BlobName, BlobVersion, Hints, Payload, Reference
from shared.pipelines.blob_letters import blob_letter
from shared.pipelines.blob_work import BlobWork, records_of, work_of
from shared.pipelines.recognition import Identity, Recognised, Recognition
from shared.pipelines.requests import log_outcome
from shared.pipelines.retries import Delays
from shared.routing.routes import BlobMatch, Route, RouteTable, Target
from shared.settings import Settings
from shared.storage.deadletters import DeadLetters
from shared.storage.landing import BlobGoneError, Landing
from shared.storage.spool import Spool, Wake
from shared.telemetry.metrics import count_poisoned

_LOG = logging.getLogger(__name__)

#: Tries from the retry queue, 15 minutes apart in the end: about two days.
MOST_ATTEMPTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the blob pipeline is made of."""

    settings: Settings
    routes: RouteTable
    landing: Landing
    ingestion: Ingests  # for blobs that are read
    references: ManagedIngestion  # for blobs that the cluster reads
    recognition: Recognition
    spool: Spool
    letters: DeadLetters
    delays: Delays
    accounting: Accounting
    clock: Clock


class BlobPipeline:
    """Blob events of the landing container."""

    def __init__(self, parts: Parts) -> None:
        self._settings = parts.settings
        self._routes = parts.routes
        self._landing = parts.landing
        self._ingestion = parts.ingestion
        self._references = parts.references
        self._recognition = parts.recognition
        self._spool = parts.spool
        self._letters = parts.letters
        self._delays = parts.delays
        self._accounting = parts.accounting
        self._clock = parts.clock

    async def ingest(self, blob: BlobName, attempt: int = 0) -> Outcome | None:
        """Take a blob to its outcome; None when there is nothing to do (no route, gone, empty).

        What may heal waits in the retry queue, the blob stays where it is; what is refused for good becomes a dead
        letter. `attempt` counts the tries from the retry queue.

        Raises:
            Exception: when neither could be written: the host must keep the event.
        """
        match = self._routes.of_blob(blob.name)
        if match is None:
            _LOG.warning("no route for blob %s: left where it is", blob)
            return None
        route = match.route
        with self._accounting.work(route.name) as entry:
            try:
                version = await self._landing.look(blob)
                if version.size == 0:
                    _LOG.info("blob %s is empty: nothing to ingest", blob)
                    entry.settle(None)
                    return None
                recognised = await self._recognised(version, match, entry.trace)
            except BlobGoneError:
                _LOG.info("blob %s is gone or was written again: its next event counts", blob)
                entry.settle(None)
                return None
            outcome = recognised.outcome
            if isinstance(outcome, Rejected):
                outcome = await self._kept(version, route, outcome, attempt)
            if outcome is not None:
                log_outcome(route.name, version.source_id, outcome)
            entry.settle(outcome, duplicate=recognised.duplicate)
            return outcome

    async def poisoned(self, blob: BlobName) -> None:
        """A blob that the host gave up on: whatever the reason, it must not be forgotten."""
        count_poisoned()
        match = self._routes.of_blob(blob.name)
        version = BlobVersion(blob=blob, etag="", size=0, hints=Hints())
        problem = Problem(
            code=Code.INTERNAL, detail="The function failed for this blob more often than the host allows."
        )
        await self._letters.keep(blob_letter(version, match.route if match else None, problem, self._clock.now()))

    async def _recognised(self, version: BlobVersion, match: BlobMatch, trace: str) -> Recognised:
        route = match.route
        seconds = route.deadline or self._settings.deadline
        identity = Identity(operation=version.source_id, route=route.name, body_hash=version.etag, keyed=True)

        async def work() -> Outcome:
            try:
                return await self._once(work_of(version, match, trace), Deadline.after(self._clock, seconds))
            except Refused as refusal:
                return Rejected(problem=refusal.problem, attempts=0)

        return await self._recognition.once(identity, seconds, work)

    async def _kept(self, version: BlobVersion, route: Route, rejected: Rejected, attempt: int) -> Outcome:
        """Nothing is lost: the blob's next try is set, or its refusal is written down."""
        problem = rejected.problem
        if not problem.kind.retryable or attempt > MOST_ATTEMPTS:
            content = await self._bytes(version)
            await self._letters.keep(blob_letter(version, route, problem, self._clock.now(), content))
            return rejected
        again = Wake(attempt=attempt + 1, blob=str(version.blob))
        await self._spool.wake(again, delay=self._delays.before(again.attempt))
        return Deferred(
            mode=Mode.SPOOLED,
            reason=problem.code.value,
            rows=None,
            raw_size=version.hints.raw_size,
            attempts=rejected.attempts,
            maybe_duplicate=problem.maybe_committed,
        )

    async def _bytes(self, version: BlobVersion) -> bytes:
        """The stored bytes of a small blob, to be kept with its letter; empty for a large one, which only it names."""
        if version.size > STREAMING_LIMIT:
            return b""
        try:
            return await self._landing.read(version)
        except Exception as error:  # noqa: BLE001 - the letter is written all the same, and names the blob
            _LOG.warning("bytes of blob %s cannot be kept: %s", version.blob, type(error).__name__)
            return b""

    async def _once(self, work: BlobWork, deadline: Deadline) -> Outcome:
        choice = choose_blob(
            work.version,
            work.compression,
            streaming=work.match.route.streaming,
            data_format=work.target.data_format,
        )
        if choice.mode is Mode.QUEUED:
            return await self._by_reference(work, choice.reason, deadline)
        stored = await self._landing.read(work.version)
        try:
            records = await off_loop(len(stored), partial(records_of, stored, work))
        except TooLargeError:
            return await self._by_reference(work, "over-streaming-size", deadline)
        except BrokenError:
            detail = "The blob is not complete gzip content: it is damaged or cut off."
            raise Refused(Problem(code=Code.MALFORMED_BODY, detail=detail)) from None
        payload = Payload(
            source_id=work.version.source_id,
            route=work.match.route.name,
            target=work.target,
            records=records,
            streaming=work.match.route.streaming,
            tagging=work.match.route.tagging,
            trace=work.trace,
        )
        return await self._ingestion.ingest(payload, deadline)

    async def _by_reference(self, work: BlobWork, reason: str, deadline: Deadline) -> Outcome:
        version, target = work.version, work.target
        blob = version.blob
        raw_size = version.hints.raw_size or (version.size if work.compression is Compression.NONE else None)
        reference = Reference(
            source_id=version.source_id,
            route=work.match.route.name,
            target=Target(
                database=target.database,
                table=target.table,
                data_format=reference_format(target.data_format, blob.name),
                mapping=target.mapping,
            ),
            uri=await self._landing.reference(blob),
            raw_size=raw_size,
            ignore_first_record=work.skip_header,
            tagging=work.match.route.tagging,
            trace=work.trace,
        )
        return await self._references.ingest_reference(reference, reason, deadline)
