"""The operator's desk: a letter goes when its records are held, and stays as it is when they are not."""

from uuid import UUID, uuid4

import pytest

from shared.desk.letter_desk import LetterDesk
from shared.desk.letters import Filter, Letters
from shared.http.call import HttpCall
from shared.outcome import Code, Deferred, Delivered, Outcome, Problem, Rejected
from shared.payload import BlobName
from shared.pipelines.recognition import Recognition
from shared.storage.deadletters import DeadLetters
from shared.storage.held import Held
from shared.storage.ledger import Ledger
from tests.fakes import FakeClock, FakeContainer, FakeIngestion, payload

DELIVERED = Delivered(rows=1, raw_size=4, attempts=1)
REFUSED = Rejected(problem=Problem(code=Code.RECORDS_REFUSED, detail="d"), attempts=1)


class World:
    """A desk with its container."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.clock, self.container, self.ingestion = FakeClock(), FakeContainer(), FakeIngestion(*outcomes)
        self.letters = DeadLetters(self.container)  # type: ignore[arg-type]
        self.ledger = Ledger(FakeContainer())  # type: ignore[arg-type]
        self.blobs: list[BlobName] = []
        self.desk = Letters(self.letters, self.ingestion, Recognition(self.ledger, self.clock), self._blob, self.clock)
        self.api = LetterDesk(self.desk)

    async def _blob(self, blob: BlobName) -> Outcome | None:
        self.blobs.append(blob)
        return None

    async def keep(self, number: int = 1, **more: object) -> str:
        held = Held.of(
            payload(number=number), reason="records-refused", detail="d", attempts=1, now=self.clock.now(), **more
        )
        return await self.letters.keep(held)


def _call(method: str, letter: str = "", action: str | None = None, **query: str) -> HttpCall:
    return HttpCall(operation_id=uuid4(), method=method, route=letter, table=action, headers={}, query=query, body=b"")


async def test_a_letter_is_listed_looked_at_and_read() -> None:
    world = World()
    letter = await world.keep()

    page = await world.desk.page(Filter(route="r"))
    found = await world.desk.look(letter)

    assert [row["id"] for row in page["deadLetters"]] == [letter]
    assert (await world.desk.page(Filter(route="other")))["deadLetters"] == []
    assert (await world.desk.page(Filter(reason="expired")))["deadLetters"] == []
    assert found is not None
    assert (found["id"], found["operationId"], found["bytes"]) == (letter, str(UUID(int=1)), 4)
    assert await world.desk.body(letter) == payload().records.content


async def test_a_replayed_letter_is_gone() -> None:
    world = World(DELIVERED)
    letter = await world.keep()

    replay = await world.desk.replay(letter)

    assert replay is not None
    assert replay.outcome == DELIVERED
    assert world.ingestion.payloads == [payload()]
    assert await world.desk.look(letter) is None
    assert await world.desk.replay(letter) is None


async def test_a_deferred_replay_can_be_followed() -> None:
    world = World(Deferred(reason="throttled", rows=1, raw_size=4, attempts=3, via="v"))
    replay = await world.desk.replay(await world.keep())

    assert replay is not None
    receipt = await world.ledger.find(replay.operation)
    assert receipt is not None
    assert receipt.via == "v"


async def test_a_letter_that_is_refused_again_stays_as_it_is() -> None:
    world = World(REFUSED)
    letter = await world.keep()
    before = dict(world.container.entries)

    replay = await world.desk.replay(letter)

    assert replay is not None
    assert replay.outcome == REFUSED
    assert world.container.entries == before


async def test_a_blob_is_replayed_where_it_lies() -> None:
    world = World()
    held = Held.of(payload(b""), reason="malformed-body", detail="d", attempts=1, now=0.0, blob="landing/storms/a.csv")
    letter = await world.letters.keep(held)

    await world.desk.replay(letter)

    assert world.blobs == [BlobName(container="landing", name="storms/a.csv")]
    assert await world.desk.look(letter) is None


async def test_all_that_match_are_replayed() -> None:
    world = World(DELIVERED, REFUSED, DELIVERED)
    letters = [await world.keep(number) for number in (1, 2, 3)]

    answer = await world.desk.replay_all(Filter(reason="records-refused"))

    assert (answer["replayed"], len(answer["refused"]), answer["cursor"]) == (2, 1, None)
    assert answer["refused"][0] in letters


@pytest.mark.parametrize(
    ("method", "action", "status"),
    [("GET", None, 200), ("GET", "body", 200), ("DELETE", None, 204), ("POST", "replay", 200), ("POST", None, 405)],
)
async def test_the_desk_over_http(method: str, action: str | None, status: int) -> None:
    world = World(DELIVERED)
    letter = await world.keep()

    assert (await world.api.answer(_call(method, letter, action))).status == status
    missing = await world.api.answer(_call(method, "r~20260101~no", action))
    assert missing.status == (405 if status == 405 else 404)


async def test_a_letter_with_a_record_number_has_an_id_of_its_own() -> None:
    world = World()
    assert await world.keep(index=3) != await world.keep(index=4)


async def test_the_bytes_of_a_blob_that_is_gone_stay_in_its_letter() -> None:
    world = World()
    held = Held.of(payload(b"bytes\n"), reason="malformed-body", detail="d", attempts=1, now=0.0, blob="landing/a.csv")
    letter = await world.letters.keep(held)

    replay = await world.desk.replay(letter)

    assert replay is not None
    assert isinstance(replay.outcome, Rejected)
    assert replay.outcome.problem.code is Code.NOT_FOUND
    assert await world.desk.body(letter) == b"bytes\n"
