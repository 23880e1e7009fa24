"""The Event Grid stand-in against a host that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local.accesslog import Api, BlobCreated
from local.azurite import StorageEndpoints
from local.events import EventGrid, Subscription, event_of

LINE = '127.0.0.1 - - [22/Nov/2026:19:13:04 +0000] "PUT /devstoreaccount1/landing/storms/a%20b.csv HTTP/1.1" 201 -'
OTHER = '127.0.0.1 - - [22/Nov/2026:19:13:04 +0000] "PUT /devstoreaccount1/spool/a.csv HTTP/1.1" 201 -'
#: Nobody listens there: the facts of a blob stay unknown, the event goes out all the same.
NOWHERE = StorageEndpoints(
    blob="http://127.0.0.1:9/devstoreaccount1",
    queue="http://127.0.0.1:9/devstoreaccount1",
    table="http://127.0.0.1:9/devstoreaccount1",
)


class Host:
    """A Functions host that answers with the given statuses, then with 202."""

    def __init__(self, statuses: Sequence[int]) -> None:
        self.statuses = list(statuses)
        self.requests: list[tuple[str, str | None, Any]] = []
        self.seen = asyncio.Condition()

    async def answer(self, request: web.Request) -> web.Response:
        async with self.seen:
            event_type = request.headers.get("aeg-event-type")
            self.requests.append((request.path_qs, event_type, await request.json()))
            self.seen.notify_all()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 202)

    async def until(self, requests: int) -> None:
        async with asyncio.timeout(20), self.seen:
            await self.seen.wait_for(lambda: len(self.requests) >= requests)


@asynccontextmanager
async def delivering(*statuses: int) -> AsyncIterator[tuple[EventGrid, Host, Subscription]]:
    host = Host(statuses)
    app = web.Application()
    app.router.add_post("/runtime/webhooks/blobs", host.answer)
    async with TestServer(app) as server:
        grid = EventGrid("landing", pauses=(0.01,))
        grid.connect(NOWHERE)
        try:
            yield grid, host, Subscription(functions=str(server.make_url("")).rstrip("/"), key="a/b=")
        finally:
            await grid.close()


async def test_a_new_blob_becomes_an_event_for_the_blob_trigger() -> None:
    async with delivering() as (grid, host, subscription):
        grid.subscribe(subscription)
        grid.follow(LINE)
        grid.follow(OTHER)
        await asyncio.wait_for(grid.delivered(), 20)

    [(path, event_type, [event])] = host.requests
    assert path == "/runtime/webhooks/blobs?functionName=Host.Functions.blob_created&code=a/b%3D"
    assert event_type == "Notification"
    assert event["data"]["url"].endswith("/devstoreaccount1/landing/storms/a%20b.csv")
    assert event["subject"] == "/blobServices/default/containers/landing/blobs/storms/a b.csv"


async def test_events_before_the_subscription_wait_for_it() -> None:
    async with delivering() as (grid, host, subscription):
        grid.follow(LINE)
        await asyncio.sleep(0)
        assert grid.waiting == 1
        grid.subscribe(subscription)
        await asyncio.wait_for(grid.delivered(), 20)

    assert len(host.requests) == 1


async def test_server_errors_are_tried_again() -> None:
    async with delivering(503, 500, 429, 404) as (grid, host, subscription):
        grid.subscribe(subscription)
        grid.follow(LINE)
        await asyncio.wait_for(grid.delivered(), 20)

    assert len(host.requests) == 5
    assert len({event["id"] for _, _, [event] in host.requests}) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 413])
async def test_refusals_drop_the_event_as_event_grid_does(status: int) -> None:
    async with delivering(status) as (grid, host, subscription):
        grid.subscribe(subscription)
        grid.follow(LINE)
        await asyncio.wait_for(grid.delivered(), 20)

    assert len(host.requests) == 1


async def test_a_host_that_is_away_gets_the_event_when_it_is_back() -> None:
    host, app = Host(()), web.Application()
    app.router.add_post("/runtime/webhooks/blobs", host.answer)
    server = TestServer(app)
    await server.start_server()
    port = server.port
    await server.close()
    grid = EventGrid("landing", pauses=(0.05,))
    grid.connect(NOWHERE)
    try:
        grid.subscribe(Subscription(functions=f"http://127.0.0.1:{port}", key="k"))
        grid.follow(LINE)
        await asyncio.sleep(0.2)
        assert grid.waiting == 1
        again = web.Application()
        again.router.add_post("/runtime/webhooks/blobs", host.answer)
        runner = web.AppRunner(again)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await host.until(1)
        await runner.cleanup()
    finally:
        await grid.close()


def test_an_event_has_the_fields_of_the_schema() -> None:
    created = BlobCreated(
        api=Api.PUT_BLOCK_LIST, path="/devstoreaccount1/landing/a%2Bb.csv", container="landing", name="a+b.csv"
    )

    event = event_of(
        created,
        blob_endpoint=NOWHERE.blob,
        now=datetime(2026, 1, 2, tzinfo=UTC),
        facts={"eTag": "0x1", "contentLength": 3},
    )

    assert event["eventType"] == "Microsoft.Storage.BlobCreated"
    assert event["eventTime"] == "2026-01-02T00:00:00Z"
    assert event["data"] == {
        "api": "PutBlockList",
        "requestId": event["id"],
        "url": "http://127.0.0.1:9/devstoreaccount1/landing/a%2Bb.csv",
        "sequencer": event["data"]["sequencer"],
        "eTag": "0x1",
        "contentLength": 3,
    }
