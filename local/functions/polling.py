"""One storage queue, followed: the engine below the queue trigger and the blob trigger.

Semantics of the host's QueueListener (Azure/azure-sdk-for-net: Microsoft.Azure.WebJobs.Extensions.Storage.Queues):
entries are leased while they are worked on, deleted after success, released with ``visibility_timeout`` after a
failure, and moved to the poison queue after ``max_dequeue_count`` tries.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

logger = logging.getLogger("host.queues")

# The host leases for ten minutes. Half a minute, renewed, is as safe and lets a killed laptop stack go on sooner.
LEASE_SECONDS = 30
_RENEWALS_PER_LEASE = 3
_FIRST_PAUSE = 0.05
_SERVICE_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """How a queue is followed.

    Attributes:
        queue: The queue itself.
        poison: Gives the queue for an entry that failed ``max_dequeue_count`` times; asked only then.
        batch_size: Entries fetched at once (the service gives 32 at most).
        parallel: Entries worked on at once.
        max_dequeue_count: Tries in all.
        visibility_timeout: Pause before the next try after a failure.
        max_pause: Longest pause between two looks at an empty queue, seconds.
        lease_seconds: How long an entry stays hidden without a sign of life; renewed three times as often.
    """

    queue: QueueClient
    poison: Callable[[QueueMessage], QueueClient]
    batch_size: int
    parallel: int
    max_dequeue_count: int
    visibility_timeout: timedelta
    max_pause: float
    lease_seconds: int = LEASE_SECONDS


class UnreadableEntryError(ValueError):
    """The entry can never be worked on: it goes to the poison queue at once, as what the host cannot decode."""


class Follower:
    """Follows one queue until it is stopped.

    Args:
        follow: Which queue, and how.
        work: Works on one entry; False (or an exception) is a failure, UnreadableEntryError the last one.
    """

    def __init__(self, follow: Follow, work: Callable[[QueueMessage], Awaitable[bool]]) -> None:
        self._follow = follow
        self._work = work
        self._news = asyncio.Event()
        self._stopping = False
        self._working: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look at the queue now instead of at the end of the pause."""
        self._news.set()

    def stop(self) -> None:
        """Fetch nothing more; what is being worked on goes on."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Follow the queue until ``stop``, then wait for what is being worked on."""
        pause = _FIRST_PAUSE
        while not self._stopping:
            self._news.clear()
            free = min(self._follow.parallel - len(self._working), self._follow.batch_size, _SERVICE_BATCH)
            got = await self._fetch(free) if free > 0 else 0
            if got and len(self._working) < self._follow.parallel:
                pause = _FIRST_PAUSE
                continue
            pause = _FIRST_PAUSE if got else min(pause * 2, self._follow.max_pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), pause)
        await asyncio.gather(*self._working)

    async def _fetch(self, count: int) -> int:
        got = 0
        try:
            # One page is one request; the iterator itself would ask again to see that nothing is left.
            pages = self._follow.queue.receive_messages(
                messages_per_page=count, visibility_timeout=self._follow.lease_seconds
            ).by_page()
            async for entry in await anext(pages, _nothing()):
                got += 1
                task = asyncio.create_task(self._handle(entry))
                self._working.add(task)
                task.add_done_callback(self._finished)
        except ResourceNotFoundError:
            return 0  # like the host: a queue that does not exist yet is an empty one
        except AzureError as error:
            logger.warning("Queue %s cannot be read: %s", self._follow.queue.queue_name, error)
            await asyncio.sleep(min(1.0, self._follow.max_pause))
        return got

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        self._news.set()

    async def _handle(self, entry: QueueMessage) -> None:
        """Work on one entry under a lease that is renewed, then settle it."""
        try:
            await self._try(entry)
        except Exception:
            # The lease runs out by itself and the entry comes back: at least once.
            logger.exception("Entry %s of queue %s was not settled", entry.id, self._follow.queue.queue_name)

    async def _try(self, entry: QueueMessage) -> None:
        try:
            spent = (entry.dequeue_count or 1) > self._follow.max_dequeue_count
            succeeded = False if spent else await self._under_lease(entry)
            await self._settle(entry, succeeded=succeeded)
        except UnreadableEntryError as problem:
            logger.warning("Entry %s of queue %s is unreadable: %s", entry.id, self._follow.queue.queue_name, problem)
            await self._poison(entry)

    async def _under_lease(self, entry: QueueMessage) -> bool:
        ended = asyncio.Event()
        renewal = asyncio.create_task(self._renew(entry, ended))
        try:
            return await self._work(entry)
        except UnreadableEntryError:
            raise
        except Exception:  # the entry must be settled whatever happened to it
            logger.exception("Entry %s of queue %s failed", entry.id, self._follow.queue.queue_name)
            return False
        finally:
            # Not cancelled: a renewal in flight changes the pop receipt, which settling needs.
            ended.set()
            await renewal

    async def _renew(self, entry: QueueMessage, ended: asyncio.Event) -> None:
        pause = self._follow.lease_seconds / _RENEWALS_PER_LEASE
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), pause)
            if ended.is_set():
                return
            try:
                await self._lease(entry, self._follow.lease_seconds)
            except AzureError as error:
                logger.warning("Lease of entry %s was not renewed: %s", entry.id, error)

    async def _lease(self, entry: QueueMessage, seconds: int) -> None:
        renewed = await self._follow.queue.update_message(entry.id, entry.pop_receipt, visibility_timeout=seconds)
        entry.pop_receipt = renewed.pop_receipt

    async def _settle(self, entry: QueueMessage, *, succeeded: bool) -> None:
        if succeeded:
            await self._follow.queue.delete_message(entry)
        elif (entry.dequeue_count or 1) >= self._follow.max_dequeue_count:
            logger.error("Entry %s reached MaxDequeueCount of %d.", entry.id, self._follow.max_dequeue_count)
            await self._poison(entry)
        else:
            await self._lease(entry, int(self._follow.visibility_timeout.total_seconds()))
            self._news.set()

    async def _poison(self, entry: QueueMessage) -> None:
        poison = self._follow.poison(entry)
        logger.error("Moving entry %s to queue '%s'.", entry.id, poison.queue_name)
        await add(poison, str(entry.content))
        await self._follow.queue.delete_message(entry)


async def _nothing() -> AsyncIterator[QueueMessage]:
    entries: tuple[QueueMessage, ...] = ()
    for entry in entries:
        yield entry


async def add(queue: QueueClient, text: str) -> None:
    """Put one text on a queue that may not exist yet."""
    try:
        await queue.send_message(text)
    except ResourceNotFoundError:
        with contextlib.suppress(AzureError):  # another sender may have made it meanwhile
            await queue.create_queue()
        await queue.send_message(text)
