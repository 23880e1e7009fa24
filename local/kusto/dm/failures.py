"""What went wrong and what went by, kept for ``.show`` commands (bounded; gone with the process)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KEPT: Final = 10_000
BUCKET: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionFailure:
    """One source that was not ingested (Microsoft docs: ``ingestion-failures``)."""

    operation_id: str
    activity_id: str
    source_id: str
    database: str
    table: str
    failed_on: datetime
    source_path: str
    details: str
    error_code: str
    permanent: bool
    exhausted: bool
    properties: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingEvent:
    """One streaming request that came to an end; sizes in bytes as received, duration in seconds."""

    database: str
    table: str
    ended: datetime
    duration: float
    size: int
    rows: int
    properties: str
    error_code: str = ""
    details: str = ""
    permanent: bool = False


class Journal:
    """Queued failures and streaming requests, newest last."""

    def __init__(self) -> None:
        self.failures: deque[IngestionFailure] = deque(maxlen=KEPT)
        self.streaming: deque[StreamingEvent] = deque(maxlen=KEPT)

    def streaming_buckets(self, key: Callable[[StreamingEvent], object]) -> list[list[StreamingEvent]]:
        """Streaming requests that share a key and a minute, oldest first."""
        return _buckets(self.streaming, key)


def _buckets(events: Iterable[StreamingEvent], key: Callable[[StreamingEvent], object]) -> list[list[StreamingEvent]]:
    found: dict[object, list[StreamingEvent]] = {}
    for event in events:
        found.setdefault((int(event.ended.timestamp() // BUCKET.total_seconds()), key(event)), []).append(event)
    return list(found.values())
