"""Group commit: what gathers leaves together, and everybody hears of their own records and nobody else's."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.deadline import Deadline
from shared.framing.formats import DataFormat
from shared.ingest.coalescer import Bounds, Coalescer, gathers
from shared.ingest.policy import STREAMING_LIMIT
from shared.outcome import Code, Deferred, Delivered, Outcome, Problem, Rejected
from shared.payload import Payload
from shared.routing.routes import Streaming, Target
from tests.fakes import TARGET, LoopClock, payload, run_virtually

OTHER = Target(database="Events", table="Other", data_format=DataFormat.CSV, mapping=None)
REFUSED = Rejected(problem=Problem(code=Code.RECORDS_REFUSED, detail="d"), attempts=1)


@dataclass(slots=True)
class FakeBehind:
    """Managed ingestion that takes a second, and refuses what holds `bad`."""

    seconds: float = 1.0
    failure: BaseException | None = None
    sent: list[Payload] = field(default_factory=list)

    async def ingest(self, payload: Payload, deadline: Deadline) -> Outcome:
        assert deadline.remaining >= 0
        self.sent.append(payload)
        await asyncio.sleep(self.seconds)
        if self.failure:
            raise self.failure
        if b"bad" in payload.records.content:
            return REFUSED
        return Delivered(rows=payload.records.count, raw_size=payload.raw_size, attempts=1)


async def together(coalescer: Coalescer, *payloads: Payload, seconds: float = 60) -> list[Outcome]:
    clock = LoopClock()
    return await asyncio.gather(*(coalescer.ingest(item, Deadline.after(clock, seconds)) for item in payloads))


def run(
    behind: FakeBehind, *payloads: Payload, bounds: Bounds | None = None, seconds: float = 60
) -> tuple[list[Outcome], float]:
    async def main() -> tuple[list[Outcome], float]:
        coalescer = Coalescer(behind, LoopClock(), bounds)
        found = await together(coalescer, *payloads, seconds=seconds)
        took = asyncio.get_running_loop().time()
        await asyncio.sleep(1000)
        assert (coalescer._requests, coalescer._raw_bytes, coalescer._lanes) == (0, 0, {})
        return found, took

    return run_virtually(main())


def test_an_idle_table_sends_at_once_and_a_busy_one_gathers() -> None:
    behind = FakeBehind()
    found, took = run(behind, *(payload(b"a,%d\n" % n, number=n) for n in range(10)))
    assert [sent.records.count for sent in behind.sent] == [1, 9]
    assert took == pytest.approx(2)
    assert behind.sent[1].records.content == b"".join(b"a,%d\n" % n for n in range(1, 10))
    last = found[-1]
    assert isinstance(last, Delivered)
    assert (last.rows, last.raw_size) == (1, 4)
    assert last.batch
    assert (last.batch.requests, last.batch.rows, last.batch.wait) == (9, 9, pytest.approx(1))


def test_tables_do_not_wait_for_each_other() -> None:
    behind = FakeBehind()
    _, took = run(behind, payload(), payload(target=OTHER))
    assert (len(behind.sent), took) == (2, pytest.approx(1))


@given(bad=st.sets(st.integers(0, 11)), sizes=st.lists(st.integers(1, 3), min_size=12, max_size=12))
def test_a_bad_record_never_takes_its_neighbours_down(bad: set[int], sizes: list[int]) -> None:
    contents = [(b"bad\n" if n in bad else b"good\n") * size for n, size in enumerate(sizes)]
    found, _ = run(FakeBehind(), *(payload(content, number=n) for n, content in enumerate(contents)))
    for n, outcome in enumerate(found):
        if n in bad:
            assert outcome == REFUSED
        else:
            assert isinstance(outcome, Delivered)
            assert outcome.rows == sizes[n]


@given(sizes=st.lists(st.integers(1, STREAMING_LIMIT + 10), min_size=1, max_size=6))
@example(sizes=[1, STREAMING_LIMIT // 2 + 1, STREAMING_LIMIT // 2, STREAMING_LIMIT // 2])
def test_no_request_is_larger_than_streaming_takes(sizes: list[int]) -> None:
    behind = FakeBehind()
    run(behind, *(payload(bytes(size), number=n) for n, size in enumerate(sizes)))
    assert sum(sent.raw_size for sent in behind.sent) == sum(sizes)
    assert all(sent.raw_size <= STREAMING_LIMIT or sent.raw_size in sizes for sent in behind.sent)


@pytest.mark.parametrize("failure", [RuntimeError("x"), OSError("x")])
async def test_everybody_hears_of_a_failure(failure: Exception) -> None:
    coalescer, clock = Coalescer(FakeBehind(0.0, failure), LoopClock()), LoopClock()
    calls = [coalescer.ingest(payload(number=n), Deadline.after(clock, 60)) for n in range(3)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(item) for item in found] == [type(failure)] * 3


@pytest.mark.parametrize(
    ("bounds", "name"), [(Bounds(requests=2), "requests waiting"), (Bounds(raw_bytes=10), "bytes waiting")]
)
def test_more_than_a_process_holds_is_sent_back(bounds: Bounds, name: str) -> None:
    behind = FakeBehind()
    found, _ = run(behind, *(payload(number=n) for n in range(8)), bounds=bounds)
    full = [outcome.problem for outcome in found if isinstance(outcome, Rejected)]
    assert full
    assert {problem.code for problem in full} == {Code.QUEUE_FULL}
    assert all(problem.limit and problem.limit.name == name and problem.retry_after for problem in full)
    assert sum(sent.records.count or 0 for sent in behind.sent) == 8 - len(full)


def test_one_that_never_left_is_held_nowhere_and_one_that_left_is_in_doubt() -> None:
    found, took = run(FakeBehind(seconds=100), payload(number=1), payload(number=2), seconds=1.5)
    problems = [outcome.problem for outcome in found if isinstance(outcome, Rejected)]
    assert [problem.code for problem in problems] == [Code.OUTCOME_UNKNOWN, Code.UNAVAILABLE]
    assert [problem.maybe_committed for problem in problems] == [True, False]
    assert took == pytest.approx(1.5)


def test_a_request_that_is_stuck_does_not_hold_back_those_behind_it() -> None:
    async def main() -> int:
        behind, clock = FakeBehind(seconds=50), LoopClock()
        coalescer = Coalescer(behind, clock)
        first = asyncio.create_task(coalescer.ingest(payload(number=1), Deadline.after(clock, 60)))
        await asyncio.sleep(5)
        second = asyncio.create_task(coalescer.ingest(payload(number=2), Deadline.after(clock, 60)))
        await asyncio.sleep(1)
        sent = len(behind.sent)
        await asyncio.gather(first, second)
        return sent

    assert run_virtually(main()) == 2


@pytest.mark.parametrize("data_format", DataFormat)
def test_only_what_is_cut_into_records_gathers(data_format: DataFormat) -> None:
    target = Target(database="d", table="t", data_format=data_format, mapping=None)
    whole = {"raw", "singlejson", "w3clogfile", "avro", "apacheavro", "parquet", "orc"}
    assert gathers(payload(target=target)) is (data_format not in whole)
    assert not gathers(payload(target=target, streaming=Streaming.NEVER))


def test_a_merged_payload_has_its_own_name() -> None:
    one, two = payload(number=1), payload(number=2)
    assert Payload.gathered([one]) is one
    assert Payload.gathered([one, two]).source_id == Payload.gathered([one, two]).source_id
    assert Payload.gathered([one, two]).source_id not in {
        one.source_id,
        two.source_id,
        Payload.gathered([two, one]).source_id,
    }
    assert (Payload.gathered([one, two]).records.count, Payload.gathered([one, two]).target) == (2, TARGET)


def test_a_common_deferral_is_everybodys() -> None:
    class Queued(FakeBehind):
        async def ingest(self, payload: Payload, deadline: Deadline) -> Outcome:
            await FakeBehind.ingest(self, payload, deadline)
            return Deferred(reason="r", rows=payload.records.count, raw_size=payload.raw_size, attempts=3)

    found, _ = run(Queued(), *(payload(number=n) for n in range(4)))
    assert all(isinstance(outcome, Deferred) and (outcome.rows, outcome.raw_size) == (1, 4) for outcome in found)
