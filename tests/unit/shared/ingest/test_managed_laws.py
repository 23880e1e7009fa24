"""Whatever the endpoints do, an outcome says no more than what they said."""

from hypothesis import given
from hypothesis import strategies as st

from shared.deadline import Deadline
from shared.ingest.managed import ATTEMPTS, ManagedIngestion
from shared.ingest.queued import NotQueuedError
from shared.outcome import Code, Deferred, Delivered, Outcome, Rejected
from tests.fakes import FakeClock, FakeQueues, FakeStreams, Step, api_error, hang, payload, run_virtually
from tests.fakes import LoopClock as Clock

_failures = st.one_of(
    st.builds(
        api_error,
        st.integers(200, 599),
        st.sampled_from(
            ["", "BadRequest", "Forbidden", "TooManyRequests", "BadRequest_TableNotExist", "Stream_InputStreamTooLarge"]
        ),
        permanent=st.sampled_from([True, False, None]),
    ),
    st.sampled_from(
        [OSError("x"), TimeoutError(), KeyError("Tables"), RuntimeError("x"), NotQueuedError("x", maybe_committed=True)]
    ),
)
steps: st.SearchStrategy[Step] = st.one_of(st.none(), _failures, st.just(hang))
scripts = st.lists(steps, min_size=1, max_size=4)


def outcome_of(streams: FakeStreams, queues: FakeQueues, seconds: float) -> Outcome:
    async def main() -> Outcome:
        clock = Clock()
        return await ManagedIngestion(streams, queues, clock).ingest(payload(), Deadline.after(clock, seconds))

    return run_virtually(main())


@given(streaming=scripts, queueing=scripts, seconds=st.sampled_from([0.0, 1.0, 8.0, 60.0]))
def test_an_outcome_says_what_the_endpoints_said(streaming: list[Step], queueing: list[Step], seconds: float) -> None:
    streams, queues = FakeStreams(*streaming), FakeQueues(*queueing)
    outcome = outcome_of(streams, queues, seconds)
    assert len(streams.sent) <= ATTEMPTS
    assert len(queues.asked) <= 1
    assert not isinstance(outcome, Delivered) or len(streams.accepted) == 1
    assert not isinstance(outcome, Deferred) or len(queues.held) == 1
    assert not isinstance(outcome, Rejected) or (not streams.accepted and not queues.held)
    assert outcome.attempts == len(streams.sent)
    match outcome:
        case Delivered() | Deferred():
            assert (outcome.rows, outcome.raw_size) == (1, 4)
        case Rejected(problem=problem):
            assert problem.code in {Code.RECORDS_REFUSED, Code.NOT_CONFIGURED, Code.UNAVAILABLE, Code.OUTCOME_UNKNOWN}
            assert problem.kind.retryable is (problem.code is not Code.RECORDS_REFUSED)


@given(streaming=scripts, queueing=scripts)
def test_records_that_may_be_there_are_said_to(streaming: list[Step], queueing: list[Step]) -> None:
    """A call that never came back with an answer is in doubt, and the outcome keeps the doubt."""
    streams, queues = FakeStreams(*streaming), FakeQueues(*queueing)
    outcome = outcome_of(streams, queues, 60.0)
    tried = [streams.script[min(n, len(streams.script) - 1)] for n in range(len(streams.sent))]
    doubt = any(step is hang or isinstance(step, TimeoutError | KeyError | RuntimeError) for step in tried)
    match outcome:
        case Delivered() | Deferred():
            assert outcome.maybe_duplicate or not doubt
        case Rejected(problem=problem):
            assert problem.maybe_committed or not doubt


@given(rounds=st.lists(scripts, min_size=1, max_size=12))
def test_a_process_keeps_the_laws_over_many_payloads(rounds: list[list[Step]]) -> None:
    """Cool-downs and slots outlive a payload; what they remember must not break a later one."""

    async def main() -> None:
        clock = FakeClock()
        script = [step for steps_ in rounds for step in steps_ if step is not hang]
        streams, queues = FakeStreams(*script, None), FakeQueues()
        managed = ManagedIngestion(streams, queues, clock)
        for number in range(len(rounds)):
            before = (len(streams.accepted), len(queues.held))
            outcome = await managed.ingest(payload(number=number), Deadline.after(clock, 60))
            after = (len(streams.accepted) - before[0], len(queues.held) - before[1])
            assert after == {Delivered: (1, 0), Deferred: (0, 1), Rejected: (0, 0)}[type(outcome)]
            await clock.sleep(number * 5.0)

    run_virtually(main())
