"""`onError=quarantine`: bad records become dead letters, their neighbours are delivered, and both are counted."""

from dataclasses import dataclass

import pytest
from azure.kusto.data.exceptions import KustoNetworkError

from shared.ingest.isolate import MOST_REQUESTS
from shared.outcome import Code, Deferred, Delivered, Rejected
from shared.payload import Payload
from tests.fakes import FakeStreams, api_error
from tests.unit.shared.test_pipeline import World, call

REFUSED = api_error(400, "BadRequest", "Bad streaming ingestion request", permanent=True)
QUARANTINE = {"onError": "quarantine", "ignoreFirstRecord": "false"}


@dataclass(slots=True)
class Picky(FakeStreams):
    """An engine that refuses requests with a `bad` line. `losing`: its first answer is lost; `busy`: it takes none."""

    losing: bool = False
    busy: bool = False

    def __post_init__(self) -> None:
        FakeStreams.__init__(self)

    async def send(self, payload: Payload, *, attempt: int, timeout: float) -> None:  # noqa: ASYNC109 - the protocol's
        self.sent.append((payload, attempt, timeout))
        if b"bad" in payload.records.content:
            raise REFUSED
        if self.busy:
            raise api_error(503)
        if self.losing:
            self.losing = False
            raise KustoNetworkError("https://c")
        self.accepted.append(payload)


def rows_of(world: World) -> list[bytes]:
    return [line for payload in world.streams.accepted for line in payload.records.content.splitlines()]


@pytest.mark.parametrize("bad", [[0], [9], [3, 4], [0, 5, 9], list(range(10))])
async def test_the_bad_ones_are_set_aside_and_the_others_delivered(bad: list[int]) -> None:
    lines = [b"bad,%d" % n if n in bad else b"good,%d" % n for n in range(10)]
    world = World(Picky())
    outcome = (await world.pipeline().ingest(call(b"\n".join(lines), query=QUARANTINE))).outcome
    assert isinstance(outcome, Delivered)
    assert rows_of(world) == [line for line in lines if line.startswith(b"good")]
    assert (outcome.rows, [error.index for error in outcome.rejected]) == (10 - len(bad), bad)
    assert len(world.letters.entries) == len(bad)
    assert len(world.streams.sent) <= MOST_REQUESTS + 1


async def test_without_quarantine_nothing_is_ingested() -> None:
    world = World(Picky())
    outcome = (await world.pipeline().ingest(call(b"good\nbad\n", query=QUARANTINE | {"onError": "fail"}))).outcome
    assert isinstance(outcome, Rejected)
    assert outcome.problem.code is Code.RECORDS_REFUSED
    assert (rows_of(world), world.letters.entries) == ([], {})


async def test_a_body_that_is_bad_throughout_costs_a_bounded_number_of_requests() -> None:
    world = World(Picky())
    outcome = (await world.pipeline().ingest(call(b"bad\n" * 240, query=QUARANTINE))).outcome
    assert isinstance(outcome, Delivered)
    assert (outcome.rows, len(world.streams.sent)) == (0, MOST_REQUESTS + 1)
    kept = b"".join(entry.content.partition(b"\n")[2] for entry in world.letters.entries.values())
    assert kept == b"bad\n" * 240


async def test_a_doubt_about_a_part_is_a_doubt_about_the_whole() -> None:
    world = World(Picky(losing=True))
    outcome = (await world.pipeline().ingest(call(b"good\nbad\n", query=QUARANTINE))).outcome
    assert isinstance(outcome, Delivered)
    assert outcome.maybe_duplicate


async def test_records_that_cannot_be_set_aside_are_not_said_to_be() -> None:
    world = World(Picky())
    world.letters.broken = OSError("x")
    outcome = (await world.pipeline().ingest(call(b"good\nbad\n", query=QUARANTINE))).outcome
    assert isinstance(outcome, Rejected)
    assert outcome.problem.kind.retryable
    assert outcome.problem.maybe_committed  # the good one is in


async def test_a_deferral_says_what_was_set_aside_too() -> None:
    world = World(Picky(busy=True))
    outcome = (await world.pipeline().ingest(call(b"bad\ngood\n", query=QUARANTINE))).outcome
    assert isinstance(outcome, Deferred)
    assert outcome.rows == 1
    assert len(world.letters.entries) == 1
    assert len(getattr(outcome, "rejected", ())) == 1
