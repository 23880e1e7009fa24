"""Which way a payload takes, decided from sizes alone. Pure.

Sources: Microsoft docs "Streaming ingestion" (4 MB a request) and "Managed streaming ingestion" (10 MB hard limit,
whatever the format or compression). The documents do not say whether 4 MB are raw or compressed, so the stricter
reading is taken: raw bytes.
"""

from dataclasses import dataclass

from shared.formats import Compression
from shared.outcome import Mode
from shared.payload import BlobVersion
from shared.routes import Streaming

#: Raw bytes of one streaming request (docs: "Streaming ingestion", limitations).
STREAMING_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The way, and why it is not streaming (empty where it is)."""

    mode: Mode
    reason: str = ""


def choose(*, raw_size: int, streaming: Streaming) -> Choice:
    """The way of records whose raw size (uncompressed bytes) is known."""
    if streaming is Streaming.NEVER:
        return Choice(mode=Mode.QUEUED, reason="route-is-queued")
    if raw_size > STREAMING_LIMIT:
        return Choice(mode=Mode.QUEUED, reason="over-streaming-size")
    return Choice(mode=Mode.STREAMING)


def choose_blob(version: BlobVersion, compression: Compression, *, streaming: Streaming) -> Choice:
    """The way of a blob that nobody has opened: `STREAMING` means that it is small enough to be read and framed."""
    if compression in {Compression.ZIP, Compression.ZSTD}:
        return Choice(mode=Mode.QUEUED, reason="compression-is-queued")
    return choose(raw_size=max(version.size, version.hints.raw_size or 0), streaming=streaming)
