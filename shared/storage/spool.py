"""The spool: payloads that Kusto could not take, kept until it can. A message with a delay wakes each one up.

The blob is the truth; the message is an alarm clock. A payload is acknowledged only after both are written, and a timer
sets the alarm again for a payload whose message was lost.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec

from shared.storage.containers import Container, Queue
from shared.storage.held import Held

#: Names that the infrastructure uses too.
SPOOL_CONTAINER = "spool"
RETRY_QUEUE = "retries"


class Wake(msgspec.Struct, frozen=True, kw_only=True):
    """What a retry message says: which work, and how often it has been tried from the spool."""

    attempt: int
    spooled: str | None = None  # name in the spool container
    blob: str | None = None  # `container/name` of a landing blob that waits where it is
    since: float = 0.0  # seconds since 1970


class Spool:
    """Payloads that wait for Kusto."""

    def __init__(self, container: Container, queue: Queue) -> None:
        self._container = container
        self._queue = queue

    async def hold(self, held: Held, *, delay: float) -> str:
        """Keep a payload, and have it woken after `delay` seconds. Returns its name when both are written."""
        name = _name(held)
        await self._container.put(name, held.encode())
        await self.wake(Wake(attempt=1, spooled=name, since=held.envelope.created), delay=delay)
        return name

    async def wake(self, wake: Wake, *, delay: float) -> None:
        """Set an alarm."""
        await self._queue.send(msgspec.json.encode(wake).decode(), delay=delay)

    async def open(self, name: str) -> Held | None:
        """A payload, or None when it is not there any more: somebody has delivered it."""
        entry = await self._container.get(name)
        return Held.decode(entry.content) if entry else None

    async def release(self, name: str) -> None:
        """Forget a payload: it is held elsewhere now."""
        await self._container.delete(name)

    async def waiting(self, until: float) -> AsyncIterator[str]:
        """The names of payloads that were spooled before a moment (seconds since 1970)."""
        end = _folder(until)
        async for name, _ in self._container.names():
            if name < end:
                yield name


def wake_of(text: str) -> Wake:
    """Read a retry message.

    Raises:
        ValueError: when it is none of ours.
    """
    return msgspec.json.decode(text, type=Wake)


def _name(held: Held) -> str:
    return f"{_folder(held.envelope.created)}/{held.envelope.id}"


def _folder(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y/%m/%d/%H%M")
