"""Cached clients outlive what ends around them: an event loop, an idle connection, a token."""

import asyncio
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from azure.core.credentials import AccessToken

from local.kusto.faults.effects import Drop, Endpoint
from shared.composition import Composition
from shared.deadline import Deadline, SystemClock
from shared.framing.formats import DataFormat
from shared.framing.records import Records
from shared.ingest.streaming import StreamingEndpoint
from shared.kusto import KustoClients
from shared.outcome import Delivered, Outcome
from shared.payload import Payload
from shared.routing.routes import RouteTable, Streaming, Target
from shared.settings import parse_settings
from shared.storage.account import parse_account
from shared.storage.names import LANDING_CONNECTION
from tests.kusto_fixture import DATABASE, LocalKusto, running_kusto

TABLE = "Survives"


@pytest.fixture
def kusto(storage: str) -> Iterator[LocalKusto]:
    with running_kusto(storage) as running:
        running.run(f".create table {TABLE} (Id:long)", f".alter table {TABLE} policy streamingingestion enable")
        yield running


def _payload() -> Payload:
    return Payload(
        source_id=uuid4(),
        route="r",
        target=Target(database=DATABASE, table=TABLE, data_format=DataFormat.CSV, mapping=None),
        records=Records(content=b"1\n", data_format=DataFormat.CSV, count=1),
        streaming=Streaming.AUTO,
    )


def _composition(kusto: LocalKusto, storage: str) -> Composition:
    env = {"KUSTO_CLUSTER_URI": kusto.url, LANDING_CONNECTION: storage}
    account = parse_account(env, LANDING_CONNECTION)
    return Composition(parse_settings(env), RouteTable({}), account, SystemClock())


def test_a_new_loop_gets_new_clients(kusto: LocalKusto, storage: str) -> None:
    parts = _composition(kusto, storage)

    async def once() -> Outcome:
        try:
            return await parts.gathering.ingest(_payload(), Deadline.after(SystemClock(), 30))
        finally:
            await parts.close()

    outcomes = [asyncio.run(once()) for _ in range(3)]

    assert [type(outcome) for outcome in outcomes] == [Delivered] * 3
    assert kusto.count(TABLE) == 3


async def test_a_connection_that_was_closed_while_idle_costs_an_attempt_and_no_row(
    kusto: LocalKusto, storage: str
) -> None:
    parts = _composition(kusto, storage)
    try:
        await parts.managed.ingest(_payload(), Deadline.after(SystemClock(), 30))
        kusto.faults.on(Endpoint.STREAM, effect=Drop(commit=False), times=1)

        outcome = await parts.managed.ingest(_payload(), Deadline.after(SystemClock(), 30))

        assert isinstance(outcome, Delivered)
        assert (outcome.attempts, outcome.maybe_duplicate) == (2, True)
        assert kusto.count(TABLE) == 2
    finally:
        await parts.close()


class _Expiring:
    """A credential whose tokens are good for one request."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        self.asked.append(scopes)
        return AccessToken(f"token-{len(self.asked)}", int(time.time()) + 1)

    def close(self) -> None:
        """The SDK's client closes the credential that it was given."""


class _Clients(KustoClients):
    """The application's clients with that credential."""

    credential = _Expiring()

    def _token_credential(self) -> _Expiring:
        return self.credential


async def test_every_request_asks_for_a_token_that_is_good(kusto: LocalKusto) -> None:
    clients = _Clients(parse_settings({"KUSTO_CLUSTER_URI": kusto.url, "KUSTO_AUTH": "default"}))
    endpoint = StreamingEndpoint(clients.engine)
    try:
        for attempt in range(3):
            await endpoint.send(_payload(), attempt=attempt, timeout=20)
    finally:
        await clients.close()

    assert kusto.count(TABLE) == 3
    assert clients.credential.asked == [("https://kusto.kusto.windows.net/.default",)] * 3
