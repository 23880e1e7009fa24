"""Accounting: every piece of work that comes in goes out as exactly one of four. Counts per route, in this process.

`received = delivered + deferred + rejected + duplicate + in progress` holds at every moment, because each piece is
counted out in the same place that counted it in.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from shared.outcome import Deferred, Delivered, Outcome, Rejected


class Fate(StrEnum):
    """How a piece of work ended."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


def fate_of(outcome: Outcome | None, *, duplicate: bool = False) -> Fate:
    """The fate that an outcome is; no outcome at all (nothing to do) is a duplicate of nothing: it held no records."""
    match outcome:
        case None:
            return Fate.DUPLICATE
        case Delivered() | Deferred() if duplicate:
            return Fate.DUPLICATE
        case Delivered():
            return Fate.DELIVERED
        case Deferred():
            return Fate.DEFERRED
        case Rejected():
            return Fate.REJECTED


@dataclass(slots=True)
class Entry:
    """One piece of work; without a fate when it is left, it failed."""

    fate: Fate = Fate.REJECTED


@dataclass(slots=True)
class Accounting:
    """Counts by route."""

    received: Counter[str] = field(default_factory=Counter)
    settled: Counter[tuple[str, Fate]] = field(default_factory=Counter)
    in_progress: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def work(self, route: str) -> Iterator[Entry]:
        """Count a piece of work in, and out by the fate that its entry has at the end."""
        self.received[route] += 1
        self.in_progress[route] += 1
        entry = Entry()
        try:
            yield entry
        finally:
            self.in_progress[route] -= 1
            self.settled[route, entry.fate] += 1

    def unbalanced(self) -> dict[str, int]:
        """Routes whose books do not balance, and by how much: for tests, where it must be empty."""
        differences = {
            route: count - self.in_progress[route] - sum(self.settled[route, fate] for fate in Fate)
            for route, count in self.received.items()
        }
        return {route: difference for route, difference in differences.items() if difference}
