"""Managed ingestion: the documented contract of managed streaming, on top of the two endpoints.

Small records stream; what is over 4 MB raw, or refused for its size, is queued; transient failures are tried 3 times in
all and then queued; permanent ones are not tried again (docs: "Managed streaming ingestion"). A destination that is
not ready is no fault of the data: nothing is queued into it, where it would vanish, and the caller is told.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from shared.deadline import Clock, Deadline
from shared.ingest.concurrency import Concurrency
from shared.ingest.destinations import Destinations
from shared.ingest.errors import Action, Verdict, advice_of, classify, failure_of
from shared.ingest.policy import choice_of
from shared.ingest.shapes import sources
from shared.outcome import Code, Deferred, Delivered, Mode, Outcome, Problem, Rejected
from shared.payload import Payload, Reference
from shared.routing.routes import Streaming
from shared.telemetry.metrics import set_streaming_limit

_LOG = logging.getLogger(__name__)

#: Streaming attempts in all (docs: "Managed streaming ingestion").
ATTEMPTS = 3
#: Seconds one streaming attempt may take; the service answers small requests within a second.
ATTEMPT_TIMEOUT = 20.0
#: Seconds that are kept for queued ingestion when streaming does not succeed, at most this part of the whole time.
QUEUE_RESERVE, QUEUE_SHARE = 15.0, 0.4
#: Seconds; the wait before attempt n is drawn from 0 to BACKOFF * 2**n (full jitter).
BACKOFF = 0.5
#: Seconds after which a caller may try again when nothing better is known.
RETRY_AFTER = 30.0

_NO_SOURCES = dict[UUID, str]()
_AGAIN = frozenset({Action.RETRY, Action.RETRY_SLOWER, Action.UNKNOWN})


class Streams(Protocol):
    """The engine endpoint."""

    async def send(self, payload: Payload, *, attempt: int, timeout: float) -> None:  # noqa: ASYNC109 - the SDK's own
        """One attempt; raises on failure."""


class Queues(Protocol):
    """The ingestion endpoint."""

    async def queue(self, payload: Payload) -> None:
        """Queue by value; raises on failure."""

    async def queue_reference(self, reference: Reference) -> None:
        """Queue by reference; raises on failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """What streaming came to: `verdict` is None when the rows were accepted."""

    verdict: Verdict | None
    attempts: int
    maybe_committed: bool


class ManagedIngestion:
    """Takes payloads and references to an outcome, within a deadline."""

    def __init__(
        self, streams: Streams, queues: Queues, clock: Clock, *, jitter: Callable[[], float] = random.random
    ) -> None:
        self._streams = streams
        self._queues = queues
        self._clock = clock
        self._jitter = jitter
        self._slots = Concurrency(clock)
        self._destinations = Destinations(clock.monotonic)

    async def ingest(self, payload: Payload, deadline: Deadline) -> Outcome:
        """Stream, or queue by value."""
        reason = self._against_streaming(payload)
        if reason:
            return await self._queued(payload, reason, deadline)
        tried = await self._stream(payload, deadline)
        set_streaming_limit(self._slots.limit)
        if tried.verdict is None:
            self._destinations.succeeded(payload.target)
            return Delivered(
                rows=payload.records.count,
                raw_size=payload.raw_size,
                attempts=tried.attempts,
                maybe_duplicate=tried.maybe_committed,
            )
        self._destinations.failed(payload.target, tried.verdict)
        return await self._after(payload, tried, tried.verdict, deadline)

    async def ingest_reference(self, reference: Reference, reason: str, deadline: Deadline) -> Outcome:
        """Queue a blob that stays where it is."""
        problem = await self._held(self._queues.queue_reference(reference), deadline)
        if problem:
            return Rejected(problem=problem, attempts=0)
        via = urlsplit(reference.uri.partition(";")[0]).path
        return Deferred(reason=reason, rows=None, raw_size=reference.raw_size, attempts=0, via=via)

    def _against_streaming(self, payload: Payload) -> str:
        """Why a payload is queued at once; empty when it should stream."""
        choice = choice_of(payload)
        if choice.mode is Mode.QUEUED:
            return choice.reason
        return "" if payload.streaming is Streaming.ALWAYS else self._destinations.closed_because(payload.target)

    async def _stream(self, payload: Payload, deadline: Deadline) -> _Tried:
        maybe_committed = False
        verdict = Verdict(action=Action.RETRY, reason="deadline")
        for attempt in range(ATTEMPTS):
            if attempt:
                await self._wait(attempt - 1, verdict, deadline)
            if _time_to_stream(deadline) <= 0:
                return _Tried(verdict=verdict, attempts=attempt, maybe_committed=maybe_committed)
            failed = await self._attempt(payload, attempt, deadline)
            if failed is None:
                return _Tried(verdict=None, attempts=attempt + 1, maybe_committed=maybe_committed)
            verdict = failed
            maybe_committed = maybe_committed or verdict.action is Action.UNKNOWN
            if verdict.action not in _AGAIN:
                return _Tried(verdict=verdict, attempts=attempt + 1, maybe_committed=maybe_committed)
        return _Tried(verdict=verdict, attempts=ATTEMPTS, maybe_committed=maybe_committed)

    async def _attempt(self, payload: Payload, attempt: int, deadline: Deadline) -> Verdict | None:
        """One attempt in one slot; None when the rows were accepted."""
        sent = False
        try:
            async with asyncio.timeout(min(ATTEMPT_TIMEOUT, _time_to_stream(deadline))), self._slots.slot() as flight:
                sent, flight.failed = True, True
                try:
                    await self._streams.send(payload, attempt=attempt, timeout=ATTEMPT_TIMEOUT)
                except Exception as error:
                    flight.throttled = classify(failure_of(error)).action is Action.RETRY_SLOWER
                    raise
                flight.failed = False
        except Exception as error:  # noqa: BLE001 - every exception is classified; unknown means transient
            verdict = classify(failure_of(error)) if sent else Verdict(action=Action.RETRY, reason="no-slot")
            _log_attempt(payload, attempt, verdict, error)
            return verdict
        return None

    async def _wait(self, attempt: int, verdict: Verdict, deadline: Deadline) -> None:
        pause = max(self._jitter() * BACKOFF * 2**attempt, verdict.retry_after or 0.0)
        await self._clock.sleep(min(pause, max(0.0, _time_to_stream(deadline))))

    async def _after(self, payload: Payload, tried: _Tried, verdict: Verdict, deadline: Deadline) -> Outcome:
        match verdict.action:
            case Action.REJECT:
                return _rejected(Code.RECORDS_REFUSED, verdict, tried)
            case Action.CONFIGURATION:
                return _rejected(Code.NOT_CONFIGURED, verdict, tried)
            case Action.RETRY | Action.RETRY_SLOWER | Action.UNKNOWN | Action.QUEUE | Action.QUEUE_COOL_DOWN:
                outcome = await self._queued(payload, verdict.reason, deadline)
                match outcome:
                    case Deferred():
                        return replace(outcome, attempts=tried.attempts, maybe_duplicate=tried.maybe_committed)
                    case Rejected(problem=problem):
                        unsure = problem.maybe_committed or tried.maybe_committed
                        return Rejected(problem=replace(problem, maybe_committed=unsure), attempts=tried.attempts)
                    case Delivered():
                        return outcome

    async def _queued(self, payload: Payload, reason: str, deadline: Deadline) -> Outcome:
        """Queue by value; gathered payloads that must not share a source get one each."""
        queued = _NO_SOURCES.copy()
        for group in sources(payload.parts or (payload,)):
            source = Payload.gathered(group)
            problem = await self._held(self._queues.queue(source), deadline)
            if problem:
                # What went before is in Kusto's queue already, and will come again with the rest.
                unsure = problem.maybe_committed or bool(queued)
                return Rejected(problem=replace(problem, maybe_committed=unsure), attempts=0)
            queued |= dict.fromkeys((part.source_id for part in group), str(source.source_id))
        return Deferred(
            reason=reason,
            rows=payload.records.count,
            raw_size=payload.raw_size,
            attempts=0,
            detail=advice_of(reason),
            via=queued.get(payload.source_id, ""),
            sources=queued if payload.parts else {},
        )

    async def _held(self, queueing: Awaitable[None], deadline: Deadline) -> Problem | None:
        """Wait until the batching manager holds it; None when it does."""
        try:
            async with asyncio.timeout(deadline.remaining):
                await queueing
        except TimeoutError:
            detail = "Kusto did not confirm the records before the deadline; they may have been taken all the same."
            return Problem(code=Code.OUTCOME_UNKNOWN, detail=detail, retry_after=RETRY_AFTER, maybe_committed=True)
        except Exception as error:  # noqa: BLE001 - nothing is held, whatever went wrong
            verdict = classify(failure_of(error))
            _LOG.warning("queued ingestion failed: %s (%s)", verdict.reason, type(error).__name__)
            if verdict.action is Action.CONFIGURATION:
                return _problem(Code.NOT_CONFIGURED, verdict)
            detail = "Neither streaming nor queued ingestion took the records. Nothing is held: send them again."
            unsure = bool(getattr(error, "maybe_committed", False))
            return Problem(code=Code.UNAVAILABLE, detail=detail, retry_after=RETRY_AFTER, maybe_committed=unsure)
        return None


def _time_to_stream(deadline: Deadline) -> float:
    """Seconds left for streaming; the rest is kept for queued ingestion."""
    return deadline.remaining - min(QUEUE_RESERVE, QUEUE_SHARE * deadline.total)


def _rejected(code: Code, verdict: Verdict, tried: _Tried) -> Rejected:
    problem = replace(_problem(code, verdict), maybe_committed=tried.maybe_committed)
    return Rejected(problem=problem, attempts=tried.attempts)


def _problem(code: Code, verdict: Verdict) -> Problem:
    retry_after = RETRY_AFTER if code is Code.NOT_CONFIGURED else None
    return Problem(code=code, detail=f"{_sentence(verdict.reason)} {verdict.advice}".strip(), retry_after=retry_after)


def _sentence(reason: str) -> str:
    return f"Kusto answered: {reason.replace('-', ' ')}."


def _log_attempt(payload: Payload, attempt: int, verdict: Verdict, error: Exception) -> None:
    _LOG.warning(
        "streaming attempt %d of %s for route %s failed: %s (%s)",
        attempt + 1,
        payload.source_id,
        payload.route,
        verdict.reason,
        type(error).__name__,
    )
