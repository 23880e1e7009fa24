"""How many streaming requests one process has in flight against a cluster: it finds out by itself.

A cluster takes 6 at once per core (docs: "Streaming ingestion", limitations), shared by all instances of all
applications, none of which can know the others. So the limit adapts: one more per round while all goes well and the
limit is reached, half after a 429, a little less when answers become slow (additive increase, multiplicative
decrease, as TCP does).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from shared.deadline import Clock

_FLOOR, _CEILING, _START = 1.0, 64.0, 4.0
_AFTER_THROTTLING, _AFTER_SLOWNESS = 0.5, 0.9
#: Answers are slow when their recent mean is this many times their long-run mean.
_SLOW = 2.5
_RECENT, _LONG_RUN = 0.2, 0.02  # weights of the newest answer


@dataclass(slots=True)
class Flight:
    """One request in flight; the caller says what it met."""

    started: float
    throttled: bool = False
    failed: bool = False


@dataclass(slots=True)
class Concurrency:
    """The adaptive limit of one cluster; waits are first come, first served."""

    clock: Clock
    limit: float = _START
    in_flight: int = 0
    peak: int = 0
    _waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    _recent: float = 0.0
    _long_run: float = 0.0
    _lowered: float = float("-inf")

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Flight]:
        """Hold one of the slots; waits while all are taken."""
        await self._acquire()
        flight = Flight(started=self.clock.monotonic())
        try:
            yield flight
        finally:
            self.in_flight -= 1
            self._learn(flight)
            self._wake()

    async def _acquire(self) -> None:
        if self.in_flight < int(self.limit) and not self._waiting:
            self._take()
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot was given just before the caller left
                self.in_flight -= 1
                self._wake()
            else:
                with suppress(ValueError):  # `_wake` has passed over it already
                    self._waiting.remove(turn)
            raise

    def _take(self) -> None:
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)

    def _wake(self) -> None:
        while self._waiting and self.in_flight < int(self.limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self._take()
                turn.set_result(None)

    def _learn(self, flight: Flight) -> None:
        now = self.clock.monotonic()
        if flight.throttled:
            self._lower(flight, now, _AFTER_THROTTLING)
        elif not flight.failed:
            self._weigh(now - flight.started)
            if self._recent > _SLOW * self._long_run:
                self._lower(flight, now, _AFTER_SLOWNESS)
            elif self.in_flight + 1 >= int(self.limit):
                self.limit = min(_CEILING, self.limit + 1 / self.limit)

    def _lower(self, flight: Flight, now: float, factor: float) -> None:
        """Once per round: requests that started before the last cut say nothing about the new limit."""
        if flight.started >= self._lowered:
            self.limit = max(_FLOOR, self.limit * factor)
            self._lowered = now

    def _weigh(self, seconds: float) -> None:
        if not self._long_run:
            self._recent = self._long_run = seconds
        self._recent += _RECENT * (seconds - self._recent)
        self._long_run += _LONG_RUN * (seconds - self._long_run)
