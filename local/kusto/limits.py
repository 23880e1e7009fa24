"""The service's limits, adjustable.

Sources: Microsoft docs, ``ingest-data-streaming`` (4 MB a request, 6 concurrent requests a core, 5 minutes for
schema changes) and ``app-managed-streaming-ingest`` (10 MB payload, regardless of format or compression).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in raw (decompressed) bytes; ``propagation`` is how old a schema streaming sees, in seconds.

    ``requests_per_second`` limits streaming requests, with bursts of one second's worth; ``None`` does not.
    """

    request_bytes: int = 4 * MIB
    payload_bytes: int = 10 * MIB
    streams_per_core: int = 6
    cores: int = 2
    propagation: float = 0.0
    requests_per_second: float | None = None

    @property
    def concurrent_streams(self) -> int:
        """Streaming requests that may run at once."""
        return self.streams_per_core * self.cores
