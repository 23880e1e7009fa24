"""Blobs of the landing container: small ones are read and framed, large ones are queued where they lie.

The same events may come several times and in any order (Event Grid), and for blobs that are no longer there.
"""

import logging
from dataclasses import dataclass, replace

from shared.body import BrokenError, TooLargeError, decompressed, sniffed
from shared.deadline import Clock, Deadline
from shared.formats import Compression, DataFormat, reference_format, split_name
from shared.ingest.coalescer import Ingests
from shared.ingest.managed import ManagedIngestion
from shared.ingest.policy import STREAMING_LIMIT, choose_blob
from shared.outcome import Code, Deferred, Delivered, Mode, Outcome, Problem, Refused, Rejected
from shared.payload import BlobName, BlobVersion, Payload, Reference
from shared.pipeline import log_outcome
from shared.records import frame
from shared.routes import BlobMatch, RouteTable, Target
from shared.settings import Settings
from shared.storage.landing import BlobGoneError, Landing

_LOG = logging.getLogger(__name__)

#: Seconds before the next try of a blob whose problem may heal; doubles up to the second value.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A blob with everything that its route, name and metadata decide."""

    version: BlobVersion
    match: BlobMatch
    target: Target
    compression: Compression
    skip_header: bool


class BlobNotHeldError(RuntimeError):
    """A blob could not be ingested. It stays in the landing container, and the host keeps its event."""

    def __init__(self, blob: BlobName, problem: Problem) -> None:
        super().__init__(f"{blob}: {problem.code}: {problem.detail}")
        self.problem = problem


class BlobPipeline:
    """Blob events of the landing container."""

    def __init__(
        self,
        settings: Settings,
        routes: RouteTable,
        landing: Landing,
        ingestion: Ingests,
        references: ManagedIngestion,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._routes = routes
        self._landing = landing
        self._ingestion = ingestion
        self._references = references
        self._clock = clock

    async def ingest(self, blob: BlobName) -> Outcome | None:
        """Take a blob to its outcome; None when there is nothing to do (no route, gone, empty).

        Raises:
            BlobNotHeldError: when the blob was refused, or could not be held before the deadline.
        """
        match = self._routes.of_blob(blob.name)
        if match is None:
            _LOG.warning("no route for blob %s: left where it is", blob)
            return None
        try:
            version = await self._landing.look(blob)
            if version.size == 0:
                _LOG.info("blob %s is empty: nothing to ingest", blob)
                return None
            outcome = await self._patiently(_work(version, match))
        except BlobGoneError:
            _LOG.info("blob %s is gone or was written again: its next event counts", blob)
            return None
        except Refused as refusal:
            outcome = Rejected(problem=refusal.problem, attempts=0)
        log_outcome(match.route.name, version.source_id, outcome)
        if isinstance(outcome, Rejected):
            raise BlobNotHeldError(blob, outcome.problem)
        return outcome

    async def _patiently(self, work: _Work) -> Outcome:
        """Try until it is held or the deadline passes: the host's own retries follow each other without a pause."""
        deadline = Deadline.after(self._clock, work.match.route.deadline or self._settings.deadline)
        pause, unsure = _FIRST_PAUSE, False
        while True:
            outcome = _doubtful(await self._once(work, deadline), unsure=unsure)
            unsure = isinstance(outcome, Rejected) and outcome.problem.maybe_committed
            heals = isinstance(outcome, Rejected) and outcome.problem.kind.retryable
            if not heals or deadline.remaining <= pause:
                return outcome
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _once(self, work: _Work, deadline: Deadline) -> Outcome:
        choice = choose_blob(work.version, work.compression, streaming=work.match.route.streaming)
        if choice.mode is Mode.QUEUED:
            return await self._by_reference(work, choice.reason, deadline)
        stored = await self._landing.read(work.version)
        try:
            raw = decompressed(stored, sniffed(stored, work.compression), limit=STREAMING_LIMIT)
        except TooLargeError:
            return await self._by_reference(work, "over-streaming-size", deadline)
        except BrokenError:
            detail = "The blob is not complete gzip content: it is damaged or cut off."
            raise Refused(Problem(code=Code.MALFORMED_BODY, detail=detail)) from None
        payload = Payload(
            source_id=work.version.source_id,
            route=work.match.route.name,
            target=work.target,
            records=frame(raw, work.target.data_format, skip_header=work.skip_header),
            streaming=work.match.route.streaming,
        )
        return await self._ingestion.ingest(payload, deadline)

    async def _by_reference(self, work: _Work, reason: str, deadline: Deadline) -> Outcome:
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
        )
        return await self._references.ingest_reference(reference, reason, deadline)


def _doubtful(outcome: Outcome, *, unsure: bool) -> Outcome:
    """An outcome after a round whose answer was lost: the rows may be there already."""
    match outcome:
        case Delivered() | Deferred():
            return replace(outcome, maybe_duplicate=outcome.maybe_duplicate or unsure)
        case Rejected(problem=problem):
            return replace(outcome, problem=replace(problem, maybe_committed=problem.maybe_committed or unsure))


def _work(version: BlobVersion, match: BlobMatch) -> _Work:
    """What is to be done with a blob: the route decides, metadata may fill in what the route leaves open.

    Raises:
        Refused: when no format is known, or table or mapping are outside the route's lists.
    """
    named, compression = split_name(version.blob.name)
    data_format = _format(version, match, named)
    hints, route = version.hints, match.route
    wanted = match.table or (hints.table if route.table is None or hints.table != route.table else None)
    skip = hints.ignore_first_record
    return _Work(
        version=version,
        match=match,
        target=route.target(table=wanted, data_format=data_format, mapping=hints.mapping),
        compression=compression,
        skip_header=route.skips_header(data_format) if skip is None else skip,
    )


def _format(version: BlobVersion, match: BlobMatch, named: DataFormat | None) -> DataFormat:
    route, hinted = match.route, version.hints.data_format
    if route.data_format is not None:
        if hinted not in {None, route.data_format}:
            detail = f"The blob's metadata says {hinted}, and route {route.name} takes {route.data_format} only."
            raise Refused(Problem(code=Code.UNSUPPORTED_MEDIA_TYPE, detail=detail))
        return route.data_format
    chosen = hinted or named
    if chosen is None:
        detail = f"Neither route {route.name}, nor the blob's metadata or extension, says its format."
        raise Refused(Problem(code=Code.UNSUPPORTED_MEDIA_TYPE, detail=detail))
    return chosen
