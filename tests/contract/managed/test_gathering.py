"""Group commit against the local Kusto: many senders, one request, and each its own outcome."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from uuid import uuid4

import pytest

from local.kusto.faults.effects import Delay, Drop, Endpoint
from local.managed_table.ours import HastyClock
from shared.composition import Composition
from shared.deadline import Deadline
from shared.framing.formats import DataFormat
from shared.framing.records import Records
from shared.outcome import Code, Deferred, Delivered, Outcome, Rejected
from shared.payload import Payload
from shared.routing.routes import RouteTable, Streaming, Target
from shared.settings import parse_settings
from shared.storage.account import parse_account
from shared.storage.names import LANDING_CONNECTION
from tests.kusto_fixture import DATABASE, LocalKusto, running_kusto

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

_tables = count()


@pytest.fixture(scope="module")
def kusto(storage: str) -> Iterator[LocalKusto]:
    with running_kusto(storage, batching_seconds=0.05) as running:
        running.run(f".alter database {DATABASE} policy streamingingestion enable")
        yield running


@pytest.fixture
def table(kusto: LocalKusto) -> Iterator[str]:
    name = f"Gathered{next(_tables)}"
    kusto.run(f".create table {name} (Id:long, Text:string)")
    kusto.faults.forget()
    yield name
    kusto.faults.clear()


@pytest.fixture
async def parts(kusto: LocalKusto, storage: str) -> AsyncIterator[Composition]:
    env = {"KUSTO_CLUSTER_URI": kusto.url, LANDING_CONNECTION: storage}
    account = parse_account(env, LANDING_CONNECTION)
    composition = Composition(parse_settings(env), RouteTable({}), account, HastyClock())
    yield composition
    await composition.close()


async def send(parts: Composition, table: str, *bodies: bytes) -> list[Outcome]:
    """One sender for each body, all at once."""
    target = Target(database=DATABASE, table=table, data_format=DataFormat.CSV, mapping=None)

    async def sender(body: bytes) -> Outcome:
        records = Records(content=body, data_format=DataFormat.CSV, count=body.count(b"\n"))
        payload = Payload(
            source_id=uuid4(), route="gathering", target=target, records=records, streaming=Streaming.AUTO
        )
        return await parts.gathering.ingest(payload, Deadline.after(HastyClock(), 60.0))

    return list(await asyncio.gather(*(sender(body) for body in bodies)))


def ids(kusto: LocalKusto, table: str) -> list[int]:
    return sorted(row[0] for row in kusto.rows(table))


async def test_senders_at_once_share_requests_and_each_is_told_its_own_rows(
    kusto: LocalKusto, table: str, parts: Composition
) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Delay(seconds=0.3), times=None)

    outcomes = await send(parts, table, *(b"%d,a\n" % row for row in range(40)))

    assert all(isinstance(outcome, Delivered) and outcome.rows == 1 for outcome in outcomes)
    assert kusto.faults.requests().count(Endpoint.STREAM) == 2
    assert ids(kusto, table) == list(range(40))


async def test_one_bad_sender_does_not_take_the_others_down(kusto: LocalKusto, table: str, parts: Composition) -> None:
    bodies = [b"%d,a\n" % row for row in range(8)]
    bodies[5] = b'5,"never closed\n'

    outcomes = await send(parts, table, *bodies)

    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
    assert outcomes.index(refused) == 5
    assert refused.problem.code is Code.RECORDS_REFUSED
    assert all(isinstance(outcome, Delivered) for outcome in outcomes if outcome is not refused)
    assert ids(kusto, table) == [0, 1, 2, 3, 4, 6, 7]


async def test_a_lost_answer_is_told_to_everybody_who_was_in_it(
    kusto: LocalKusto, table: str, parts: Composition
) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Drop(commit=True), skip=1)

    outcomes = await send(parts, table, *(b"%d,a\n" % row for row in range(6)))

    assert [outcome.maybe_duplicate for outcome in outcomes if isinstance(outcome, Delivered)] == [False] + [True] * 5
    assert ids(kusto, table) == sorted([0, *range(1, 6), *range(1, 6)])


async def test_what_is_throttled_together_is_queued_together(kusto: LocalKusto, table: str, parts: Composition) -> None:
    kusto.faults.answer(Endpoint.STREAM, status=429, times=None)

    outcomes = await send(parts, table, *(b"%d,a\n" % row for row in range(6)))

    assert all(isinstance(outcome, Deferred) and outcome.reason == "throttled" for outcome in outcomes)
    assert kusto.faults.requests().count(Endpoint.STREAM) == 3
    kusto.until_rows(table, 6)
    assert ids(kusto, table) == list(range(6))
