"""Quarantine: bad records become dead letters, their neighbours are delivered, and the answer tells which is which."""

import logging
from dataclasses import replace

from shared.deadline import Clock, Deadline
from shared.framing.records import Records
from shared.framing.salvage import Bad
from shared.ingest.coalescer import Ingests
from shared.ingest.isolate import isolate, record_errors
from shared.outcome import Code, Deferred, Delivered, Outcome, Problem, RecordError, Rejected
from shared.payload import Payload
from shared.pipelines.retries import keep_refused
from shared.storage.deadletters import DeadLetters
from shared.storage.held import Held

_LOG = logging.getLogger(__name__)


class Quarantine:
    """Sets the bad records of a request aside, for callers who asked for it."""

    def __init__(self, ingestion: Ingests, letters: DeadLetters, clock: Clock) -> None:
        self._ingestion = ingestion
        self._letters = letters
        self._clock = clock

    async def isolated(self, payload: Payload, refused: Rejected, deadline: Deadline) -> Outcome:
        """Kusto refused the records: find the bad ones, keep them, and deliver the others."""
        found = await isolate(self._ingestion, payload, deadline)
        if found.stopped:
            # Some records are held nowhere. What was delivered may come twice when the caller sends all of it again.
            stopped = found.stopped[0][1]
            unsure = stopped.problem.maybe_committed or bool(found.delivered)
            return replace(stopped, problem=replace(stopped.problem, maybe_committed=unsure))
        try:
            await keep_refused(self._letters, found, self._clock.now())
        except Exception as error:  # noqa: BLE001 - the bad records are held nowhere: the caller must know
            return _not_kept(payload, error, delivered=bool(found.delivered))
        errors = record_errors(found.refused, payload)
        rows = sum(part.payload.records.count or 0 for part, _ in found.delivered)
        unsure = refused.problem.maybe_committed or any(outcome.maybe_duplicate for _, outcome in found.delivered)
        deferred = [outcome for _, outcome in found.delivered if isinstance(outcome, Deferred)]
        if deferred:
            return replace(deferred[0], rows=rows, rejected=errors, maybe_duplicate=unsure)
        return Delivered(
            rows=rows, raw_size=payload.raw_size, attempts=refused.attempts, rejected=errors, maybe_duplicate=unsure
        )

    async def kept(self, payload: Payload, bad: tuple[Bad, ...], outcome: Outcome) -> Outcome:
        """Framing has set records aside: keep them, and name them in the outcome of the others."""
        if not bad or isinstance(outcome, Rejected):
            return outcome
        try:
            for item in bad:
                await self._letters.keep(self._letter(payload, item))
        except Exception as error:  # noqa: BLE001 - as above
            return _not_kept(payload, error, delivered=True)
        errors: tuple[RecordError, ...] = (*(item.error for item in bad), *outcome.rejected)
        return replace(outcome, rejected=tuple(sorted(errors, key=lambda error: error.offset)))

    def _letter(self, payload: Payload, bad: Bad) -> Held:
        records = Records(content=bad.content, data_format=payload.records.data_format, count=1)
        return Held.of(
            replace(payload, records=records),
            reason=bad.error.code,
            detail=bad.error.detail,
            attempts=0,
            now=self._clock.now(),
            index=bad.error.index,
        )


def _not_kept(payload: Payload, error: Exception, *, delivered: bool) -> Rejected:
    _LOG.warning("dead letters of %s could not be written: %s", payload.source_id, type(error).__name__)
    detail = "The bad records could not be set aside. Send the request again."
    problem = Problem(code=Code.UNAVAILABLE, detail=detail, retry_after=30.0, maybe_committed=delivered)
    return Rejected(problem=problem, attempts=1)
