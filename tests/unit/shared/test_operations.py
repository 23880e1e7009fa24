"""What became of work: a receipt is followed through the spool, and a queued source to its failure."""

from uuid import UUID

import pytest

from shared.desk.operations import Operations
from shared.storage.ledger import Ledger, Receipt, State
from tests.fakes import FakeContainer

ONE, TWO = UUID(int=1), UUID(int=2)


class World:
    """A ledger, and what Kusto says of failures."""

    def __init__(self, **failures: str) -> None:
        self.ledger = Ledger(FakeContainer())  # type: ignore[arg-type]
        self.asked: list[str] = []
        self._failures = failures
        self.operations = Operations(self.ledger, self._failure)

    async def _failure(self, source: str) -> str | None:
        self.asked.append(source)
        return self._failures.get("code")


async def test_what_is_not_known_is_none() -> None:
    assert await World().operations.find(ONE) is None


@pytest.mark.parametrize(
    ("state", "final"), [(State.DELIVERED, True), (State.REJECTED, True), (State.IN_PROGRESS, False)]
)
async def test_a_receipt_is_told(state: State, final: bool) -> None:  # noqa: FBT001 - a column of the table
    world = World()
    await world.ledger.finish(Receipt(id=ONE, route="r", state=state, rows=3, raw_size=9, created=0.5, updated=1.0))

    found = await world.operations.find(ONE)

    assert found is not None
    assert (found["state"], found["final"], found["rows"]) == (state.value, final, 3)
    assert found["updated"] == "1970-01-01T00:00:01Z"
    assert world.asked == []


async def test_a_spooled_request_ends_as_the_payload_that_it_is_in() -> None:
    world = World()
    await world.ledger.finish(Receipt(id=ONE, route="r", state=State.SPOOLED, via=f"2026/01/01/{TWO}", rows=1))
    first = await world.operations.find(ONE)
    await world.ledger.finish(
        Receipt(id=TWO, route="r", state=State.DELIVERED, rows=7, attempts=2, maybe_duplicate=True)
    )
    then = await world.operations.find(ONE)

    assert first is not None
    assert then is not None
    assert (first["state"], first["final"]) == ("spooled", False)
    assert (then["state"], then["final"], then["rows"], then["maybeDuplicate"]) == ("delivered", True, 1, True)


async def test_a_queued_source_that_kusto_refused_is_told() -> None:
    world = World(code="Stream_WrongNumberOfFields")
    await world.ledger.finish(Receipt(id=ONE, route="r", state=State.QUEUED, via=str(TWO)))

    found = await world.operations.find(ONE)

    assert found is not None
    assert (found["state"], found["reason"], found["final"]) == ("failed", "Stream_WrongNumberOfFields", True)
    assert world.asked == [str(TWO)]
