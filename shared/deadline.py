"""Time as a parameter: a clock that a test can hold, and the moment at which an invocation must have an answer."""

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Protocol, Self


class Clock(Protocol):
    """Where time comes from."""

    def monotonic(self) -> float:
        """Seconds that only grow."""

    def now(self) -> float:
        """Seconds since 1970."""

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on a clock; `at` in the clock's monotonic seconds."""

    clock: Clock
    at: float
    total: float  # seconds from its making to `at`

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> Self:
        """The moment that many seconds from now."""
        return cls(clock, clock.monotonic() + seconds, seconds)

    def earlier(self, seconds: float) -> Self:
        """The moment that many seconds before this one."""
        return replace(self, at=self.at - seconds, total=max(0.0, self.total - seconds))

    @property
    def remaining(self) -> float:
        """Seconds left, 0 when it has passed."""
        return max(0.0, self.at - self.clock.monotonic())
