"""Following a queue, in this process, on a real Azurite."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.functions.polling import Follow, Follower, UnreadableEntryError, add
from tests.functional.host.support import eventually


class Following:
    """A queue that is followed, and what the work saw of it."""

    def __init__(self, service: QueueServiceClient) -> None:
        name = f"q-{uuid.uuid4()}"
        self.queue: QueueClient = service.get_queue_client(name)
        self.poison: QueueClient = service.get_queue_client(f"{name}-poison")
        self.seen: list[tuple[str, int]] = []

    @asynccontextmanager
    async def run(
        self, work: Callable[[QueueMessage], Awaitable[bool]], *, parallel: int = 4, lease: int = 30, pause: int = 0
    ) -> AsyncIterator[Follower]:
        async def noted(entry: QueueMessage) -> bool:
            self.seen.append((str(entry.content), entry.dequeue_count or 0))
            return await work(entry)

        follow = Follow(
            queue=self.queue,
            poison=lambda _entry: self.poison,
            batch_size=16,
            parallel=parallel,
            max_dequeue_count=3,
            visibility_timeout=timedelta(seconds=pause),
            max_pause=0.1,
            lease_seconds=lease,
        )
        follower = Follower(follow, noted)
        running = asyncio.create_task(follower.run())
        yield follower
        follower.stop()
        await asyncio.wait_for(running, 10)

    async def length(self) -> int:
        return (await self.queue.get_queue_properties()).approximate_message_count or 0

    async def until_empty(self) -> None:
        async def empty() -> bool | None:
            return await self.length() == 0 or None

        await eventually(empty)


@pytest.fixture
async def following(storage: str) -> AsyncIterator[Following]:
    async with QueueServiceClient.from_connection_string(storage) as service:
        yield Following(service)


async def test_an_entry_is_worked_on_once_and_deleted(following: Following) -> None:
    async def work(_entry: QueueMessage) -> bool:
        return True

    async with following.run(work):  # the queue does not exist yet
        for number in range(50):
            await add(following.queue, f"entry {number}")
        await following.until_empty()

    assert sorted(following.seen) == sorted((f"entry {number}", 1) for number in range(50))


async def test_a_failure_is_tried_again_and_then_poisoned(following: Following) -> None:
    async def work(entry: QueueMessage) -> bool:
        if entry.content == "raises":
            raise RuntimeError("as a bug of the host would")
        return False

    await add(following.queue, "fails")
    await add(following.queue, "raises")
    async with following.run(work):
        await following.until_empty()
    poisoned = {str(entry.content) for entry in await following.poison.peek_messages(10)}

    assert poisoned == {"fails", "raises"}
    assert sorted(following.seen) == [(text, number) for text in ("fails", "raises") for number in (1, 2, 3)]


async def test_an_unreadable_entry_is_poisoned_after_one_look(following: Following) -> None:
    async def work(_entry: QueueMessage) -> bool:
        raise UnreadableEntryError("not ours")

    await add(following.queue, "nonsense")
    async with following.run(work):
        await following.until_empty()

    assert following.seen == [("nonsense", 1)]
    assert [str(entry.content) for entry in await following.poison.peek_messages()] == ["nonsense"]


async def test_the_lease_is_renewed_while_work_lasts(following: Following) -> None:
    async def work(_entry: QueueMessage) -> bool:
        await asyncio.sleep(3)
        return True

    await add(following.queue, "long")
    async with following.run(work, lease=1):
        await following.until_empty()

    assert following.seen == [("long", 1)]


async def test_the_visibility_timeout_holds_an_entry_back_after_a_failure(following: Following) -> None:
    moments: list[float] = []

    async def work(_entry: QueueMessage) -> bool:
        moments.append(asyncio.get_running_loop().time())
        return len(moments) > 1

    await add(following.queue, "again")
    async with following.run(work, pause=2):
        await following.until_empty()

    assert [count for _, count in following.seen] == [1, 2]
    # The service counts whole seconds; a back-to-back try would come within milliseconds.
    assert moments[1] - moments[0] > 1


async def test_no_more_entries_are_worked_on_at_once_than_allowed(following: Following) -> None:
    now, most = 0, 0

    async def work(_entry: QueueMessage) -> bool:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return True

    for number in range(20):
        await add(following.queue, str(number))
    async with following.run(work, parallel=3):
        await following.until_empty()

    assert most == 3
    assert len(following.seen) == 20


async def test_stopping_waits_for_what_is_worked_on_and_leaves_the_rest(following: Following) -> None:
    begun = asyncio.Event()

    async def work(_entry: QueueMessage) -> bool:
        begun.set()
        await asyncio.sleep(0.3)
        return True

    await add(following.queue, "first")
    await add(following.queue, "second")
    async with following.run(work, parallel=1):
        await begun.wait()

    assert len(following.seen) == 1
    assert await following.length() == 1
