"""Work that waits: one chain of alarms per payload, however often it is swept; nothing goes before it is held."""

from shared.outcome import Code, Deferred, Delivered, Outcome, Problem, Rejected
from shared.payload import BlobName
from shared.pipelines.retries import DEADLINE, LONGEST_DELAY, OLDEST, Delays, RetryPipeline
from shared.storage.deadletters import DeadLetters
from shared.storage.held import Held
from shared.storage.ledger import Ledger, Receipt, State
from shared.storage.spool import Spool, wake_of
from tests.fakes import FakeClock, FakeContainer, FakeIngestion, FakeQueue, payload

DOWN = Rejected(problem=Problem(code=Code.UNAVAILABLE, detail="d"), attempts=3)
REFUSED = Rejected(problem=Problem(code=Code.RECORDS_REFUSED, detail="d"), attempts=1)
DELIVERED = Delivered(rows=1, raw_size=4, attempts=1)


class World:
    """A spool with one payload in it."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.clock, self.alarms = FakeClock(), FakeQueue()
        self.entries, self.letters = FakeContainer(), FakeContainer()
        self.spool = Spool(self.entries, self.alarms)  # type: ignore[arg-type]
        self.ingestion = FakeIngestion(*outcomes)
        self.ledger = Ledger(FakeContainer())  # type: ignore[arg-type]
        self.blobs: list[tuple[BlobName, int]] = []
        self.retries = RetryPipeline(
            self.ingestion,
            self.spool,
            DeadLetters(self.letters),  # type: ignore[arg-type]
            self.ledger,
            self.clock,
            Delays(first=10, jitter=lambda: 1.0),
            self._blob,
        )

    async def _blob(self, blob: BlobName, attempt: int) -> None:
        self.blobs.append((blob, attempt))

    async def hold(self, content: bytes = b"a,1\n") -> None:
        held = Held.of(payload(content), reason="r", detail="d", attempts=3, now=self.clock.now())
        await self.spool.hold(held, now=self.clock.now(), delay=10)

    async def ring(self, alarm: int = -1) -> None:
        await self.retries.wake(wake_of(self.alarms.sent[alarm][0]))


async def test_what_is_taken_leaves_the_spool() -> None:
    for outcome in (DELIVERED, Deferred(reason="r", rows=1, raw_size=4, attempts=3)):
        world = World(outcome)
        await world.hold()
        await world.ring()
        assert (world.entries.entries, len(world.alarms.sent), world.letters.entries) == ({}, 1, {})
        assert world.ingestion.payloads == [payload()]
        await world.ring()  # the same alarm again
        assert len(world.ingestion.payloads) == 1


async def test_what_is_not_taken_stays_and_is_tried_later_and_later() -> None:
    world = World(DOWN)
    await world.hold()
    for _ in range(10):
        await world.ring()
    assert [delay for _, delay in world.alarms.sent] == [10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900]
    assert len(world.entries.entries) == 1


async def test_what_is_refused_becomes_a_dead_letter() -> None:
    world = World(REFUSED)
    await world.hold()
    await world.ring()
    assert (world.entries.entries, len(world.letters.entries)) == ({}, 1)


async def test_what_waited_too_long_becomes_a_dead_letter() -> None:
    world = World(DOWN)
    await world.hold()
    world.clock.at += OLDEST + 1
    await world.ring()
    assert (world.entries.entries, len(world.letters.entries)) == ({}, 1)


async def test_a_letter_that_cannot_be_written_keeps_the_payload() -> None:
    world = World(REFUSED)
    world.letters.broken = OSError("x")
    await world.hold()
    try:
        await world.ring()
    except OSError:
        assert len(world.entries.entries) == 1
    else:
        raise AssertionError


async def test_a_lost_alarm_is_set_again_and_once() -> None:
    world = World(DOWN)
    await world.hold()
    assert await world.retries.sweep() == 0  # it has not even rung
    world.clock.at += DEADLINE + LONGEST_DELAY + 12
    assert await world.retries.sweep() == 1
    assert await world.retries.sweep() == 0  # the new alarm is on its way
    assert len(world.alarms.sent) == 2


async def test_alarms_do_not_multiply() -> None:
    world = World(DOWN)
    await world.hold()
    world.clock.at += DEADLINE + LONGEST_DELAY + 12
    await world.retries.sweep()
    await world.ring(0)  # the lost one turns up after all: another chain has taken over
    assert (len(world.ingestion.payloads), len(world.alarms.sent)) == (0, 2)
    await world.ring(1)
    assert (len(world.ingestion.payloads), len(world.alarms.sent)) == (1, 3)


async def test_a_blob_that_waits_is_tried_where_it_is() -> None:
    world = World(DOWN)
    await world.retries.wake(wake_of('{"attempt":7,"blob":"landing/a/b.csv"}'))
    assert world.blobs == [(BlobName(container="landing", name="a/b.csv"), 7)]


async def test_what_was_delivered_and_not_released_is_not_delivered_again() -> None:
    world = World(DELIVERED)
    await world.hold()
    kept = dict(world.entries.entries)
    await world.ring()
    world.entries.entries.update(kept)  # the release was lost

    await world.ring()

    assert len(world.ingestion.payloads) == 1
    assert world.entries.entries == {}


async def test_a_replayed_letter_is_delivered_although_its_first_life_ended() -> None:
    world = World(DELIVERED)
    ended = Receipt(id=payload().source_id, route="r", state=State.REJECTED, updated=world.clock.now() - 60)
    await world.ledger.finish(ended)
    await world.hold()

    await world.ring()

    assert len(world.ingestion.payloads) == 1


async def test_a_doubt_stays_until_the_end() -> None:
    lost = Rejected(problem=Problem(code=Code.UNAVAILABLE, detail="d", maybe_committed=True), attempts=3)
    world = World(lost, DOWN, DELIVERED)
    await world.hold()
    for _ in range(3):
        await world.ring()

    receipt = await world.ledger.find(payload().source_id)
    assert receipt is not None
    assert (receipt.state, receipt.maybe_duplicate) == (State.DELIVERED, True)
