"""The cap on concurrent streaming requests."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from local.kusto.errors import throttled

if TYPE_CHECKING:
    from collections.abc import Iterator


class Throttle:
    """Slots for streaming requests; for one event loop, so it needs no lock."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.held = 0

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot; raises ``KustoError`` (429) at once when none is free, as the service does."""
        if self.held >= self.capacity:
            raise throttled(self.capacity)
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1
