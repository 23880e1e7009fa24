"""Every request that came in, kept so that tests can count (bounded; oldest forgotten first)."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.kusto.faults.effects import Endpoint, Target

KEPT: Final = 100_000


@dataclass(slots=True, kw_only=True)
class RequestRecord:
    """One request. Sizes in bytes (``wire``: as received; ``raw``: decompressed), times in seconds since the epoch.

    ``status`` is 0 while it runs and for connections that were dropped without an answer.
    ``concurrency`` counts requests of the same endpoint in flight when it began, itself included.
    """

    number: int
    method: str
    path: str
    target: Target
    data_format: str
    mapping: str
    source_kind: str
    request_id: str
    application: str
    user_agent: str
    begun: float
    concurrency: int
    ended: float | None = None
    status: int = 0
    wire: int = 0
    raw: int = 0
    faults: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, object]:
        """As JSON."""
        return {
            "number": self.number,
            "method": self.method,
            "path": self.path,
            "endpoint": self.target.endpoint.value,
            "database": self.target.database,
            "table": self.target.table,
            "command": self.target.command,
            "format": self.data_format,
            "mapping": self.mapping,
            "sourceKind": self.source_kind,
            "requestId": self.request_id,
            "application": self.application,
            "userAgent": self.user_agent,
            "begun": self.begun,
            "ended": self.ended,
            "status": self.status,
            "wireBytes": self.wire,
            "rawBytes": self.raw,
            "concurrency": self.concurrency,
            "faults": self.faults,
        }


class Recorder:
    """Requests in the order they came, with the concurrency they met."""

    def __init__(self) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=KEPT)
        self._in_flight: Counter[Endpoint] = Counter()
        self._peak: Counter[Endpoint] = Counter()
        self._next = 1

    @contextmanager
    def in_flight(self, endpoint: Endpoint) -> Iterator[int]:
        """Count a request while it runs; the concurrency it met, itself included."""
        self._in_flight[endpoint] += 1
        now = self._in_flight[endpoint]
        self._peak[endpoint] = max(self._peak[endpoint], now)
        try:
            yield now
        finally:
            self._in_flight[endpoint] -= 1

    def next_number(self) -> int:
        """The number of a new request; numbers are never used again, not even after ``clear``."""
        number = self._next
        self._next += 1
        return number

    def add(self, record: RequestRecord) -> None:
        """Keep a record; it is completed in place."""
        self._records.append(record)

    def clear(self) -> int:
        """Forget all; how many there were."""
        count = len(self._records)
        self._records.clear()
        self._peak.clear()
        return count

    def find(self, endpoint: Endpoint | None = None, table: str = "", after: int = 0) -> list[RequestRecord]:
        """Records of an endpoint and table, with a number above ``after``."""
        return [
            record
            for record in self._records
            if record.number > after
            and endpoint in {None, record.target.endpoint}
            and table in {"", record.target.table}
        ]

    def summary(self) -> dict[str, object]:
        """Counts by endpoint and by endpoint and status, peaks, and bytes."""
        by_endpoint = Counter(r.target.endpoint.value for r in self._records)
        by_status: dict[str, Counter[str]] = {}
        for record in self._records:
            by_status.setdefault(record.target.endpoint.value, Counter())[str(record.status)] += 1
        return {
            "total": len(self._records),
            "byEndpoint": dict(by_endpoint),
            "byStatus": {name: dict(counts) for name, counts in by_status.items()},
            "peakConcurrency": {endpoint.value: peak for endpoint, peak in self._peak.items()},
            "inFlight": {endpoint.value: n for endpoint, n in self._in_flight.items() if n},
            "wireBytes": sum(record.wire for record in self._records),
            "rawBytes": sum(record.raw for record in self._records),
        }
