"""The caps on streaming requests: how many at once, and how many a second."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local.kusto.errors import throttled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Throttle:
    """Slots for streaming requests, and a bucket of requests that fills at ``rate`` a second up to a second's worth.

    For one event loop, so it needs no lock. Whatever is refused is refused at once, as in the service.
    """

    def __init__(
        self, capacity: int, *, rate: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.capacity = capacity
        self.held = 0
        self._rate = rate
        self._clock = clock
        self._left = self._full
        self._filled = clock()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot; raises ``KustoError`` (429) when none is free or the rate is used up."""
        if self.held >= self.capacity:
            raise throttled(self.capacity)
        if not self._take():
            raise throttled(round(self._full), "RequestRateLimitPolicy/WorkloadGroup/default")
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    @property
    def _full(self) -> float:
        return max(self._rate or 0.0, 1.0)

    def _take(self) -> bool:
        if self._rate is None:
            return True
        now = self._clock()
        self._left = min(self._full, self._left + (now - self._filled) * self._rate)
        self._filled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
