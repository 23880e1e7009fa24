"""Accounting: every piece of work that comes in goes out as exactly one of four. Counts per route, in this process.

`received = delivered + deferred + rejected + duplicate + in progress` holds at every moment, because each piece is
counted out in the same place that counted it in.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from shared.lifecycle import Lifecycle
from shared.outcome import Deferred, Delivered, Outcome, Rejected
from shared.telemetry.metrics import count_received, count_settled, facts_of
from shared.telemetry.spans import begin_work, end_work, trace_of

if TYPE_CHECKING:
    from opentelemetry.trace import Span


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


class Entry:
    """One piece of work, counted in where its `with` begins and out where it ends; without a fate it has failed.

    A class rather than a generator: thousands of them may wait at once.
    """

    __slots__ = ("_books", "_route", "_span", "_started", "fate", "outcome")

    def __init__(self, books: "Accounting", route: str) -> None:
        self._books = books
        self._route = route
        self._started = 0.0
        self._span: Span | None = None
        self.fate = Fate.REJECTED
        self.outcome: Outcome | None = None

    @property
    def trace(self) -> str:
        """The traceparent of this work, for the requests that it leads to; empty where nobody traces."""
        return trace_of(self._span) if self._span else ""

    def settle(self, outcome: Outcome | None, *, duplicate: bool = False) -> None:
        """It ended like this."""
        self.outcome, self.fate = outcome, fate_of(outcome, duplicate=duplicate)

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._books.begin(self._route)
        count_received(self._route)
        self._span = begin_work(self._route)
        return self

    def __exit__(self, *_: object) -> None:
        facts = facts_of(self._route, self.fate.value, self.outcome)
        self._books.end(self._route, self.fate)
        count_settled(facts, self.outcome, time.monotonic() - self._started)
        if self._span:
            end_work(self._span, facts, failed=self.fate is Fate.REJECTED)


@dataclass(slots=True)
class Accounting:
    """Counts by route."""

    received: Counter[str] = field(default_factory=Counter)
    settled: Counter[tuple[str, Fate]] = field(default_factory=Counter)
    in_progress: Counter[str] = field(default_factory=Counter)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)

    def work(self, route: str) -> Entry:
        """A piece of work, to be used in a `with`."""
        return Entry(self, route)

    def begin(self, route: str) -> None:
        """Count a piece of work in."""
        self.received[route] += 1
        self.in_progress[route] += 1
        self.lifecycle.begin()

    def end(self, route: str, fate: Fate) -> None:
        """Count a piece of work out."""
        self.in_progress[route] -= 1
        self.lifecycle.end()
        self.settled[route, fate] += 1

    def unbalanced(self) -> dict[str, int]:
        """Routes whose books do not balance, and by how much: for tests, where it must be empty."""
        differences = {
            route: count - self.in_progress[route] - sum(self.settled[route, fate] for fate in Fate)
            for route, count in self.received.items()
        }
        return {route: difference for route, difference in differences.items() if difference}
