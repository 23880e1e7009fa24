"""The ledger in front of a piece of work: done once, answered alike, and in doubt where there is doubt."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from shared.outcome import Code, Deferred, Delivered, Mode, Outcome, Problem, Rejected
from shared.payload import BlobName
from shared.pipelines.recognition import GRACE, Identity, Recognised, Recognition
from shared.pipelines.retries import Delays, RetryPipeline
from shared.storage.deadletters import DeadLetters
from shared.storage.held import Held
from shared.storage.ledger import Ledger, Receipt, State, body_hash, operation_id
from shared.storage.spool import Spool, wake_of
from tests.fakes import FakeClock, FakeContainer, FakeIngestion, FakeQueue, payload

KEYED = Identity(operation=UUID(int=1), route="r", body_hash="h", keyed=True)
DELIVERED = Delivered(rows=3, raw_size=30, attempts=1)
QUEUED = Deferred(reason="throttled", rows=3, raw_size=30, attempts=3)
SPOOLED = Deferred(reason="unavailable", rows=3, raw_size=30, attempts=3, mode=Mode.SPOOLED, via="2026/x")
REFUSED = Rejected(problem=Problem(code=Code.RECORDS_REFUSED, detail="d"), attempts=1)
UNKNOWN = Rejected(problem=Problem(code=Code.OUTCOME_UNKNOWN, detail="d", maybe_committed=True), attempts=1)


class World:
    """A ledger in memory, and work that counts itself."""

    def __init__(self) -> None:
        self.container, self.clock, self.done = FakeContainer(), FakeClock(), 0
        self.ledger = Ledger(self.container)  # type: ignore[arg-type]
        self.recognition = Recognition(self.ledger, self.clock)

    def work(self, outcome: Outcome) -> Callable[[], Awaitable[Outcome]]:
        async def work() -> Outcome:
            self.done += 1
            await asyncio.sleep(0)
            return outcome

        return work

    async def once(self, outcome: Outcome, identity: Identity = KEYED) -> Recognised:
        return await self.recognition.once(identity, 60, self.work(outcome))

    async def receipt(self) -> Receipt | None:
        return await self.ledger.find(KEYED.operation)


@pytest.mark.parametrize("outcome", [DELIVERED, QUEUED, SPOOLED])
async def test_what_was_taken_is_answered_again_and_not_done_again(outcome: Outcome) -> None:
    world = World()
    assert await world.once(outcome) == Recognised(outcome=outcome)
    assert await world.once(REFUSED) == Recognised(outcome=outcome, duplicate=True)
    assert world.done == 1


async def test_what_was_refused_is_forgotten() -> None:
    world = World()
    assert (await world.once(REFUSED)).outcome == REFUSED
    assert await world.receipt() is None
    assert await world.once(DELIVERED) == Recognised(outcome=DELIVERED)


async def test_what_may_be_there_is_tried_again_and_in_doubt() -> None:
    world = World()
    await world.once(UNKNOWN)
    again = await world.once(DELIVERED)
    assert isinstance(again.outcome, Delivered)
    assert again.outcome.maybe_duplicate
    assert not again.duplicate


@pytest.mark.parametrize("first", [DELIVERED, UNKNOWN])
async def test_a_key_names_one_body(first: Outcome) -> None:
    world = World()
    await world.once(first)
    other = Identity(operation=KEYED.operation, route="r", body_hash="other", keyed=True)
    found = (await world.once(DELIVERED, other)).outcome
    assert isinstance(found, Rejected)
    assert (found.problem.code, world.done) == (Code.KEY_REUSED, 1)


async def test_of_two_at_the_same_time_one_works() -> None:
    world = World()
    found = await asyncio.gather(*(world.once(DELIVERED) for _ in range(5)))
    assert world.done == 1
    busy = [item.outcome.problem for item in found if isinstance(item.outcome, Rejected)]
    assert {problem.code for problem in busy} == {Code.IN_PROGRESS}
    assert all(problem.retry_after for problem in busy)


async def test_the_work_of_a_dead_invocation_is_taken_over_in_time() -> None:
    world = World()

    async def dies() -> Outcome:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await world.recognition.once(KEYED, 60, dies)
    world.clock.at += 60 + GRACE - 1
    assert isinstance((await world.once(DELIVERED)).outcome, Rejected)
    world.clock.at += 1
    taken_over = (await world.once(DELIVERED)).outcome
    assert isinstance(taken_over, Delivered)
    assert taken_over.maybe_duplicate


async def test_without_a_key_a_deferral_can_still_be_followed() -> None:
    world = World()
    plain = Identity(operation=KEYED.operation, route="r", body_hash="", keyed=False)
    await world.once(DELIVERED, plain)
    assert await world.receipt() is None
    await world.once(QUEUED, plain)
    receipt = await world.receipt()
    assert receipt
    assert receipt.state is State.QUEUED


@pytest.mark.parametrize("outcome", [DELIVERED, QUEUED])
async def test_a_ledger_that_cannot_be_reached_stops_nothing(outcome: Outcome) -> None:
    world = World()
    world.container.broken = OSError("x")
    found = (await world.once(outcome)).outcome
    assert isinstance(found, Delivered | Deferred)
    assert found.maybe_duplicate


async def test_a_dead_letter_is_never_said_to_be_delivered() -> None:
    world = World()
    await world.once(SPOOLED)
    receipt = await world.receipt()
    assert receipt
    dead = Receipt(id=receipt.id, route="r", state=State.REJECTED, body_hash="h", reason="records-refused")
    await world.ledger.finish(dead)
    assert not isinstance((await world.once(DELIVERED)).outcome, Delivered)
    assert world.done == 1


async def test_a_settled_spool_entry_is_still_known_by_its_body() -> None:
    world = World()
    alarms = FakeQueue()
    spool = Spool(FakeContainer(), alarms)  # type: ignore[arg-type]
    work = payload(number=KEYED.operation.int)
    held = Held.of(work, reason="r", detail="d", attempts=3, now=world.clock.now())
    name = await spool.hold(held, now=world.clock.now(), delay=1)
    ((alarm, _),) = alarms.sent
    await world.once(Deferred(reason="r", rows=1, raw_size=4, attempts=3, mode=Mode.SPOOLED, via=name))

    async def blob(_: BlobName, __: int) -> None:
        raise AssertionError

    retries = RetryPipeline(
        FakeIngestion(DELIVERED),
        spool,
        DeadLetters(FakeContainer()),  # type: ignore[arg-type]
        world.ledger,
        world.clock,
        Delays(first=1, jitter=lambda: 1.0),
        blob,
    )
    await retries.wake(wake_of(alarm))
    again = await world.once(REFUSED)
    assert isinstance(again.outcome, Delivered)
    assert again.duplicate


def test_a_key_is_its_routes_own() -> None:
    assert operation_id("a", "k") == operation_id("a", "k") != operation_id("b", "k")
    assert body_hash(b"a") != body_hash(b"b")
