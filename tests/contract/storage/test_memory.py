"""The containers and the queue of the tests behave as the real ones do: the same story, told by both."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from azure.core.exceptions import HttpResponseError

from shared.settings import parse_settings
from shared.storage.account import Account
from shared.storage.containers import AlreadyThereError, Container, Queue
from shared.storage.service import StorageService
from tests.fakes_storage import MemoryContainer, MemoryQueue, Trouble, Weather

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KINDS = pytest.mark.parametrize("kind", ["memory", "azurite"])


@asynccontextmanager
async def _service(storage: str) -> AsyncIterator[StorageService]:
    account = Account(connection_string=storage, blob_service_uri=None, queue_service_uri=None, client_id=None)
    service = StorageService(account, parse_settings({"KUSTO_CLUSTER_URI": "http://127.0.0.1:1"}))
    try:
        yield service
    finally:
        await service.close()


@asynccontextmanager
async def _container(kind: str, storage: str) -> AsyncIterator[Container | MemoryContainer]:
    if kind == "memory":
        yield MemoryContainer()
        return
    async with _service(storage) as service:
        yield Container(service, f"c{uuid4().hex[:12]}")


@KINDS
async def test_an_entry_is_created_once(kind: str, storage: str) -> None:
    async with _container(kind, storage) as container:
        etag = await container.create("a/b", b"1", {"route": "r"})
        with pytest.raises(AlreadyThereError):
            await container.create("a/b", b"2")
        entry = await container.get("a/b")
    assert entry is not None
    assert (entry.content, entry.etag) == (b"1", etag)


@KINDS
async def test_replace_needs_the_state_that_was_seen(kind: str, storage: str) -> None:
    async with _container(kind, storage) as container:
        with pytest.raises(AlreadyThereError):
            await container.replace("a", b"0", '"0x1"')
        old = await container.put("a", b"1")
        new = await container.replace("a", b"2", old)
        with pytest.raises(AlreadyThereError):
            await container.replace("a", b"3", old)
        await container.delete("a")
        with pytest.raises(AlreadyThereError):
            await container.replace("a", b"4", new)
        assert await container.get("a") is None


@KINDS
async def test_put_writes_over_whatever_is_there_its_metadata_too(kind: str, storage: str) -> None:
    async with _container(kind, storage) as container:
        first = await container.put("a", b"1", {"route": "r"})
        second = await container.put("a", b"22")
        entry = await container.get("a")
        page = await container.page()
    assert entry is not None
    assert (entry.content, entry.etag) == (b"22", second)
    assert first != second
    assert page.names == (("a", {}),)


@KINDS
async def test_what_is_not_there(kind: str, storage: str) -> None:
    async with _container(kind, storage) as container:
        assert await container.get("nothing") is None
        assert await container.delete("nothing") is False
        assert (await container.page()).names == ()
        assert [item async for item in container.names()] == []
        await container.put("a", b"")
        assert await container.get("nothing") is None
        assert await container.delete("a") is True
        assert await container.delete("a") is False


@KINDS
async def test_names_come_in_order_and_in_pages(kind: str, storage: str) -> None:
    async with _container(kind, storage) as container:
        for name in ("b/2", "a/1", "b/1", "c"):
            await container.put(name, b"x", {"name": name.replace("/", "-")})
        first = await container.page("", None, 3)
        rest = await container.page("", first.cursor, 3)
        below = [name async for name, _ in container.names("b/")]
        every = [item async for item in container.names()]
    assert [name for name, _ in first.names] == ["a/1", "b/1", "b/2"]
    assert rest.names == (("c", {"name": "c"}),)
    assert rest.cursor is None
    assert below == ["b/1", "b/2"]
    assert [name for name, _ in every] == ["a/1", "b/1", "b/2", "c"]


@KINDS
async def test_notes_are_replaced_and_the_content_stays(kind: str, storage: str) -> None:
    async with _container(kind, storage) as container:
        before = await container.put("a", b"1", {"one": "1", "two": "2"})
        await container.annotate("a", {"two": "3"})
        await container.annotate("nothing", {"two": "3"})
        entry = await container.get("a")
        assert await container.get("nothing") is None
    assert entry is not None
    assert (entry.content, entry.metadata) == (b"1", {"two": "3"})
    assert entry.etag != before


async def test_the_queues_show_an_entry_after_its_delay(storage: str) -> None:
    memory = MemoryQueue(lambda: 100.0)
    await memory.send("later", delay=60.9)
    await memory.send("now", delay=0.9)
    async with _service(storage) as service:
        name = f"q{uuid4().hex[:12]}"
        real = Queue(service, name)
        await real.send("later", delay=60.9)
        await real.send("now", delay=0.9)
        client = service.queues().get_queue_client(name)
        seen = [entry async for entry in client.receive_messages()]
        hidden = (await client.get_queue_properties()).approximate_message_count
    assert memory.take(until=100.0) == (100.0, "now")
    assert memory.take(until=100.0) is None
    assert memory.take(until=160.0) == (160.0, "later")
    assert [entry.content for entry in seen] == ["bm93"]  # Base64, as the host's queue trigger reads it
    assert seen[0].expires_on.year > 9000  # never
    assert hidden == 2


@pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.UNSURE])
async def test_trouble_is_an_exception_before_or_after_the_work(trouble: Trouble) -> None:
    weather = Weather()
    container, queue = MemoryContainer(weather), MemoryQueue(lambda: 0.0, weather)
    weather.expect([trouble, trouble])
    with pytest.raises(HttpResponseError):
        await container.create("a", b"1")
    with pytest.raises(HttpResponseError):
        await queue.send("x", delay=0)
    assert (await container.get("a") is not None) is (trouble is Trouble.UNSURE)
    assert len(queue) == int(trouble is Trouble.UNSURE)


async def test_nothing_works_while_storage_is_down() -> None:
    weather = Weather(down=True)
    container = MemoryContainer(weather)
    with pytest.raises(HttpResponseError):
        await container.get("a")
    weather.calm()
    assert await container.get("a") is None
    assert weather.struck == 1
