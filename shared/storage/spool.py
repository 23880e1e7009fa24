"""The spool: payloads that Kusto could not take, kept until it can. A message with a delay wakes each one up.

The blob is the truth; the message is an alarm clock. A payload is acknowledged only after both are written, and a timer
sets the alarm again for a payload whose message was lost.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from shared.numbers import whole_number
from shared.storage.containers import Container, Queue
from shared.storage.held import Held

#: Metadata of a spooled payload: its chain of alarms, when the next one rings, and since when it waits (both seconds
#: since 1970).
_CHAIN, _RINGS, _SINCE = "chain", "rings", "since"


class Wake(msgspec.Struct, frozen=True, kw_only=True):
    """What a retry message says: which work, and how often it has been tried from the spool."""

    attempt: int
    spooled: str | None = None  # name in the spool container
    blob: str | None = None  # `container/name` of a landing blob that waits where it is
    doubt: bool = False  # an earlier try may have been committed
    chain: str = ""  # the alarms of one payload that follow each other; another chain has taken over if it differs


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A payload in the spool: when its alarm rings, and since when it waits (both seconds since 1970)."""

    name: str
    rings: float
    since: float


class NotSpooledError(RuntimeError):
    """A payload is not held. `maybe_held`: something of it may be there all the same, and come to life."""

    def __init__(self, message: str, *, maybe_held: bool) -> None:
        super().__init__(message)
        self.maybe_held = maybe_held


class Spool:
    """Payloads that wait for Kusto."""

    def __init__(self, container: Container, queue: Queue) -> None:
        self._container = container
        self._queue = queue

    async def hold(self, held: Held, *, now: float, delay: float) -> str:
        """Keep a payload, and have it woken after `delay` seconds. Returns its name when both are written.

        Raises:
            NotSpooledError: when one of the two was not written.
        """
        name, chain = _name(held), uuid4().hex
        try:
            await self._container.put(name, held.encode(), _notes(chain, now + delay, held.envelope.created))
        except Exception as error:
            raise NotSpooledError(type(error).__name__, maybe_held=True) from error
        try:
            await self.wake(Wake(attempt=1, spooled=name, chain=chain), delay=delay)
        except Exception as error:
            raise NotSpooledError(type(error).__name__, maybe_held=not await self._gone(name)) from error
        return name

    async def wake(self, wake: Wake, *, delay: float) -> None:
        """Send an alarm."""
        await self._queue.send(msgspec.json.encode(wake).decode(), delay=delay)

    async def set_alarm(self, wake: Wake, *, now: float, delay: float, since: float) -> None:
        """Send the next alarm of a spooled payload, and note when it will ring; without a chain it begins a new one."""
        chain = wake.chain or uuid4().hex
        await self._container.annotate(str(wake.spooled), _notes(chain, now + delay, since))
        await self.wake(msgspec.structs.replace(wake, chain=chain), delay=delay)

    async def open(self, name: str, chain: str) -> Held | None:
        """A payload; None when somebody has delivered it, or when another chain of alarms has taken over."""
        entry = await self._container.get(name)
        if entry is None or entry.metadata.get(_CHAIN) != chain:
            return None
        return Held.decode(entry.content)

    async def release(self, name: str) -> None:
        """Forget a payload: it is held elsewhere now."""
        await self._container.delete(name)

    async def waiting(self) -> AsyncIterator[Waiting]:
        """Every payload that waits."""
        async for name, notes in self._container.names():
            rings = whole_number(notes.get(_RINGS, ""))
            if rings is not None:
                since = whole_number(notes.get(_SINCE, ""))
                yield Waiting(name=name, rings=rings, since=rings if since is None else since)

    async def _gone(self, name: str) -> bool:
        try:
            await self._container.delete(name)
        except Exception:  # noqa: BLE001 - it may be there still, and that is what is answered
            return False
        return True


def _notes(chain: str, rings: float, since: float) -> dict[str, str]:
    return {_CHAIN: chain, _RINGS: str(int(rings)), _SINCE: str(int(since))}


def wake_of(text: str) -> Wake:
    """Read a retry message.

    Raises:
        ValueError: when it is none of ours.
    """
    return msgspec.json.decode(text, type=Wake)


def _name(held: Held) -> str:
    folder = datetime.fromtimestamp(held.envelope.created, UTC).strftime("%Y/%m/%d")
    return f"{folder}/{held.envelope.id}"
