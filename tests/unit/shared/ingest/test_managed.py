"""Managed ingestion against the documented contract of managed streaming, with endpoints that fail as told."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from azure.kusto.data.exceptions import KustoNetworkError, KustoThrottlingError

from shared.deadline import Deadline
from shared.framing.formats import DataFormat
from shared.ingest.managed import ATTEMPT_TIMEOUT, ATTEMPTS, ManagedIngestion
from shared.ingest.policy import STREAMING_LIMIT
from shared.ingest.queued import NotQueuedError
from shared.outcome import Code, Deferred, Delivered, Outcome, Rejected
from shared.payload import Payload
from shared.routing.routes import Streaming, Target
from tests.fakes import (
    FakeClock,
    FakeQueues,
    FakeResponse,
    FakeStreams,
    LoopClock,
    api_error,
    hang,
    payload,
    reference,
    run_virtually,
)

BUSY = api_error(503, "ServiceUnavailable", permanent=False)
LOST = KustoNetworkError("https://c")
THROTTLED = KustoThrottlingError("x", FakeResponse(429))
BAD_ROWS = api_error(400, "BadRequest", "Bad streaming ingestion request", permanent=True)
NO_TABLE = api_error(400, "BadRequest_TableNotExist", permanent=True)
NO_MAPPING = api_error(400, "BadRequest_MappingReferenceWasNotFound", permanent=True)
NO_ACCESS = api_error(403, "Forbidden", permanent=True)
NOT_THERE = api_error(404, "NotFound", permanent=True)
SWITCHED_OFF = api_error(400, "BadRequest_StreamingIngestionPolicyNotEnabled", permanent=True)
TOO_LARGE = api_error(413, "", "Payload too large", permanent=True)


async def ingested(
    streams: FakeStreams,
    queues: FakeQueues,
    work: Payload | None = None,
    *,
    clock: FakeClock | None = None,
    seconds: float = 60,
) -> Outcome:
    clock = clock or FakeClock()
    managed = ManagedIngestion(streams, queues, clock, jitter=lambda: 0.5)
    return await managed.ingest(work or payload(), Deadline.after(clock, seconds))


def rejected(outcome: Outcome) -> Rejected:
    assert isinstance(outcome, Rejected)
    return outcome


async def test_small_records_stream_at_once() -> None:
    streams, queues = FakeStreams(), FakeQueues()
    outcome = await ingested(streams, queues, payload(b"a\nb\n"))
    assert outcome == Delivered(rows=2, raw_size=4, attempts=1)
    assert (len(streams.sent), queues.asked) == (1, [])


@pytest.mark.parametrize("failures", [1, 2])
async def test_a_transient_failure_is_tried_again(failures: int) -> None:
    streams, queues = FakeStreams(*[BUSY] * failures, None), FakeQueues()
    assert await ingested(streams, queues) == Delivered(rows=1, raw_size=4, attempts=failures + 1)
    assert queues.asked == []


@pytest.mark.parametrize("failure", [BUSY, LOST, THROTTLED, api_error(500), RuntimeError("x"), TimeoutError()])
async def test_three_attempts_in_all_and_then_the_queue(failure: Exception) -> None:
    streams, queues = FakeStreams(failure), FakeQueues()
    outcome = await ingested(streams, queues)
    assert isinstance(outcome, Deferred)
    assert (outcome.attempts, len(streams.sent), len(queues.held)) == (ATTEMPTS, 3, 1)
    assert [attempt for _, attempt, _ in streams.sent] == [0, 1, 2]
    assert {sent.source_id for sent, *_ in streams.sent} == {payload().source_id}


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (BAD_ROWS, Code.RECORDS_REFUSED),
        (NO_TABLE, Code.NOT_CONFIGURED),
        (NO_MAPPING, Code.NOT_CONFIGURED),
        (NO_ACCESS, Code.NOT_CONFIGURED),
        (NOT_THERE, Code.NOT_CONFIGURED),
    ],
)
async def test_a_permanent_failure_is_neither_tried_again_nor_queued(failure: Exception, code: Code) -> None:
    streams, queues = FakeStreams(failure), FakeQueues()
    outcome = rejected(await ingested(streams, queues))
    assert (outcome.problem.code, outcome.attempts) == (code, 1)
    assert (len(streams.sent), queues.asked) == (1, [])
    assert outcome.problem.detail.endswith(".")
    assert "s3cret" not in repr(outcome)


@pytest.mark.parametrize("failure", [TOO_LARGE, SWITCHED_OFF])
async def test_what_streaming_cannot_take_is_queued_after_one_attempt(failure: Exception) -> None:
    streams, queues = FakeStreams(failure), FakeQueues()
    outcome = await ingested(streams, queues)
    assert isinstance(outcome, Deferred)
    assert (outcome.attempts, outcome.maybe_duplicate, len(streams.sent), len(queues.held)) == (1, False, 1, 1)


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (payload(b"x" * (STREAMING_LIMIT + 1)), "over-streaming-size"),
        (payload(streaming=Streaming.NEVER), "route-is-queued"),
    ],
)
async def test_what_must_not_stream_is_queued_without_an_attempt(work: Payload, reason: str) -> None:
    streams, queues = FakeStreams(), FakeQueues()
    outcome = await ingested(streams, queues, work)
    via = str(work.source_id)
    assert outcome == Deferred(reason=reason, rows=work.records.count, raw_size=work.raw_size, attempts=0, via=via)
    assert (streams.sent, queues.held) == ([], [work])


async def test_exactly_the_limit_streams() -> None:
    assert isinstance(await ingested(FakeStreams(), FakeQueues(), payload(b"x" * STREAMING_LIMIT)), Delivered)


async def test_a_lost_answer_and_then_success_may_be_a_duplicate() -> None:
    outcome = await ingested(FakeStreams(LOST, None), FakeQueues())
    assert outcome == Delivered(rows=1, raw_size=4, attempts=2, maybe_duplicate=True)


async def test_a_lost_answer_is_not_forgotten_by_what_comes_after() -> None:
    deferred = await ingested(FakeStreams(LOST, BUSY), FakeQueues())
    assert isinstance(deferred, Deferred)
    assert deferred.maybe_duplicate
    for script in ((LOST, BAD_ROWS), (LOST, NO_TABLE)):
        assert rejected(await ingested(FakeStreams(*script), FakeQueues())).problem.maybe_committed
    assert rejected(await ingested(FakeStreams(LOST), FakeQueues(BUSY))).problem.maybe_committed


@pytest.mark.parametrize("failures", [(BUSY,), (THROTTLED,), (BUSY, THROTTLED)])
async def test_an_answer_that_says_no_leaves_no_doubt(failures: tuple[Exception, ...]) -> None:
    delivered = await ingested(FakeStreams(*failures, None), FakeQueues())
    assert isinstance(delivered, Delivered)
    assert not delivered.maybe_duplicate


async def test_waits_grow_and_follow_the_service() -> None:
    clock = FakeClock()
    await ingested(FakeStreams(BUSY), FakeQueues(), clock=clock)
    assert clock.slept == [0.25, 0.5]  # half (the jitter) of 0.5 s and of 1 s
    clock = FakeClock()
    await ingested(
        FakeStreams(KustoThrottlingError("x", FakeResponse(429, {"Retry-After": "7"}))), FakeQueues(), clock=clock
    )
    assert clock.slept == [7.0, 7.0]


@pytest.mark.parametrize("seconds", [1.0, 8.0, 20.0, 60.0])
async def test_no_wait_takes_the_time_of_the_queue(seconds: float) -> None:
    clock = FakeClock()
    slow = KustoThrottlingError("x", FakeResponse(429, {"Retry-After": "3600"}))
    streams, queues = FakeStreams(slow), FakeQueues()
    deadline = clock.monotonic() + seconds
    outcome = await ingested(streams, queues, clock=clock, seconds=seconds)
    assert isinstance(outcome, Deferred)
    assert clock.monotonic() < deadline


@pytest.mark.parametrize("seconds", [5.0, 8.0, 30.0, 60.0, 200.0])
def test_a_stream_that_hangs_leaves_time_for_the_queue(seconds: float) -> None:
    async def main() -> tuple[Outcome, float]:
        clock, streams = LoopClock(), FakeStreams(hang)
        managed = ManagedIngestion(streams, FakeQueues(lambda: asyncio.sleep(0.5)), clock, jitter=lambda: 1.0)
        outcome = await managed.ingest(payload(), Deadline.after(clock, seconds))
        return outcome, clock.monotonic()

    outcome, took = run_virtually(main())
    assert isinstance(outcome, Deferred)
    assert outcome.maybe_duplicate
    assert took <= min(seconds, ATTEMPTS * ATTEMPT_TIMEOUT + 3)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 1.0, 8.0, 60.0, 600.0])
def test_the_deadline_holds_when_everything_hangs(seconds: float) -> None:
    async def main() -> tuple[Outcome, float]:
        clock = LoopClock()
        managed = ManagedIngestion(FakeStreams(hang), FakeQueues(hang), clock)
        return await managed.ingest(payload(), Deadline.after(clock, seconds)), clock.monotonic()

    outcome, took = run_virtually(main())
    problem = rejected(outcome).problem
    assert (problem.code, problem.kind.status, problem.maybe_committed) == (Code.OUTCOME_UNKNOWN, 504, True)
    assert problem.retry_after
    assert took <= seconds + 0.01


@pytest.mark.parametrize(
    ("failure", "code", "maybe_committed"),
    [
        (OSError("no network"), Code.UNAVAILABLE, False),
        (NotQueuedError("no container", maybe_committed=False), Code.UNAVAILABLE, False),
        (NotQueuedError("no queue", maybe_committed=True), Code.UNAVAILABLE, True),
        (NO_ACCESS, Code.NOT_CONFIGURED, False),
        (TimeoutError(), Code.OUTCOME_UNKNOWN, True),
    ],
)
async def test_what_nobody_holds_is_said_to_be_held_nowhere(
    failure: Exception, code: Code, *, maybe_committed: bool
) -> None:
    outcome = rejected(await ingested(FakeStreams(BUSY), FakeQueues(failure)))
    problem = outcome.problem
    assert (problem.code, problem.maybe_committed, outcome.attempts) == (code, maybe_committed, 3)
    assert problem.kind.status in {503, 504}
    assert problem.kind.retryable
    assert problem.retry_after


async def test_a_reference_is_queued_and_never_streamed() -> None:
    streams, queues, clock = FakeStreams(), FakeQueues(), FakeClock()
    managed = ManagedIngestion(streams, queues, clock)
    outcome = await managed.ingest_reference(reference(raw_size=None), "over-streaming-size", Deadline.after(clock, 60))
    assert outcome == Deferred(reason="over-streaming-size", rows=None, raw_size=None, attempts=0, via="/landing/a.csv")
    assert (streams.sent, queues.held) == ([], [reference(raw_size=None)])


async def test_a_reference_that_is_not_taken_is_rejected() -> None:
    clock = FakeClock()
    managed = ManagedIngestion(FakeStreams(), FakeQueues(OSError("x")), clock)
    outcome = rejected(await managed.ingest_reference(reference(), "x", Deadline.after(clock, 60)))
    assert (outcome.problem.code, outcome.attempts) == (Code.UNAVAILABLE, 0)


@pytest.mark.parametrize("endpoint", ["stream", "queue"])
async def test_cancellation_passes_through(endpoint: str) -> None:
    waiting = asyncio.Event()

    async def wait() -> None:
        waiting.set()
        await hang()

    streams = FakeStreams(wait if endpoint == "stream" else BUSY)
    task = asyncio.create_task(ingested(streams, FakeQueues(wait)))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_is_no_failure_of_kusto(failure: Callable[[], BaseException]) -> None:
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        asyncio.run(ingested(FakeStreams(failure()), FakeQueues()))


async def test_logs_name_no_content(caplog: pytest.LogCaptureFixture) -> None:
    await ingested(FakeStreams(api_error(503, "x", "s3cret")), FakeQueues(OSError("s3cret")), payload(b"s3cret\n"))
    assert caplog.records
    assert "s3cret" not in caplog.text


async def test_another_table_is_not_troubled_by_a_broken_one() -> None:
    clock, streams = FakeClock(), FakeStreams(*[SWITCHED_OFF] * 2, None)
    managed = ManagedIngestion(streams, FakeQueues(), clock)
    other = Target(database="Events", table="Other", data_format=DataFormat.CSV, mapping=None)
    for _ in range(3):
        assert isinstance(await managed.ingest(payload(), Deadline.after(clock, 60)), Deferred)
    assert len(streams.sent) == 1  # after the first the table cools down
    await managed.ingest(payload(target=other), Deadline.after(clock, 60))
    assert isinstance(
        await managed.ingest(payload(target=replace(other, table="Third")), Deadline.after(clock, 60)), Delivered
    )
