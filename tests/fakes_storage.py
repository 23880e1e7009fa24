"""Storage in memory that fails when it is told to: containers and the retry queue, in front of the application.

A call can fail before anything was written, or after: then it is written and the caller does not know.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, override

from azure.core.exceptions import HttpResponseError

from tests.fakes import FakeContainer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from shared.storage.containers import Entry, Page

#: What storage exceptions quote, and nobody may pass on.
QUOTED = "https://devstoreaccount1.blob.core.windows.net/x?sv=2025-01-05&sig=c2VjcmV0LW9mLXRoZS1TQVM%3D"


class Trouble(StrEnum):
    """What happens to one storage call."""

    NONE = "none"
    REFUSED = "refused"  # nothing was done
    UNSURE = "unsure"  # it was done, and the answer was lost


@dataclass(slots=True)
class Weather:
    """The troubles of the next calls, in their order; calm when there are none left. `down`: every call is refused."""

    coming: deque[Trouble] = field(default_factory=deque)
    down: bool = False
    struck: int = 0
    seen: Callable[[], None] = lambda: None  # called before and after every storage call

    def expect(self, troubles: Iterable[Trouble]) -> None:
        """Put troubles at the end of what comes."""
        self.coming.extend(troubles)

    def calm(self) -> None:
        """No trouble from now on."""
        self.coming.clear()
        self.down = False

    async def around[T](self, work: Coroutine[object, object, T]) -> T:
        """One storage call in this weather; raises the SDK's exception where it strikes."""
        self.seen()
        await asyncio.sleep(0)
        trouble = Trouble.REFUSED if self.down else self.coming.popleft() if self.coming else Trouble.NONE
        if trouble is Trouble.REFUSED:
            work.close()
            raise self._error()
        done = await work
        self.seen()
        if trouble is Trouble.UNSURE:
            raise self._error()
        return done

    def _error(self) -> HttpResponseError:
        self.struck += 1
        return HttpResponseError(f"Operation returned an invalid status 'Server busy' for {QUOTED}")


class MemoryContainer(FakeContainer):
    """A container in memory, in some weather."""

    def __init__(self, weather: Weather | None = None) -> None:
        super().__init__()
        self.weather = weather or Weather()

    @override
    async def create(self, name: str, content: bytes, metadata: dict[str, str] | None = None) -> str:
        return await self.weather.around(super().create(name, content, metadata))

    @override
    async def put(self, name: str, content: bytes, metadata: dict[str, str] | None = None) -> str:
        return await self.weather.around(super().put(name, content, metadata))

    @override
    async def replace(self, name: str, content: bytes, etag: str) -> str:
        return await self.weather.around(super().replace(name, content, etag))

    @override
    async def get(self, name: str) -> Entry | None:
        return await self.weather.around(super().get(name))

    @override
    async def annotate(self, name: str, metadata: dict[str, str]) -> None:
        await self.weather.around(super().annotate(name, metadata))

    @override
    async def delete(self, name: str) -> bool:
        return await self.weather.around(super().delete(name))

    @override
    async def page(self, prefix: str = "", cursor: str | None = None, size: int = 100) -> Page:
        return await self.weather.around(super().page(prefix, cursor, size))


class MemoryQueue:
    """A storage queue in memory, with visibility delays on the test's own clock."""

    def __init__(self, now: Callable[[], float], weather: Weather | None = None) -> None:
        self.weather = weather or Weather()
        self._now = now
        self._entries: list[tuple[float, int, str]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._entries)

    async def send(self, text: str, *, delay: float) -> None:
        """As `Queue.send`: whole seconds, never expires."""
        await self.weather.around(self._send(text, delay))

    def take(self, until: float) -> tuple[float, str] | None:
        """Receive and delete the entry that shows itself first, if that is before `until`: its time and its text."""
        if not self._entries or self._entries[0][0] > until:
            return None
        at, _, text = heapq.heappop(self._entries)
        return at, text

    def give_back(self, text: str, *, delay: float) -> None:
        """What the host does after the function failed: the entry shows itself again."""
        heapq.heappush(self._entries, (self._now() + delay, next(self._order), text))

    async def _send(self, text: str, delay: float) -> None:
        self.give_back(text, delay=int(delay))
