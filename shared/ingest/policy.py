"""Which way a payload takes, decided from sizes alone. Pure.

Sources: Microsoft docs "Streaming ingestion" (4 MB a request) and "Managed streaming ingestion" (10 MB hard limit,
whatever the format or compression). The documents do not say whether 4 MB are raw or compressed, so the stricter
reading is taken: raw bytes.
"""

from dataclasses import dataclass

from shared.framing.formats import Compression, DataFormat, Framing, framing_of
from shared.outcome import Mode
from shared.payload import BlobVersion, Payload
from shared.routing.routes import Streaming

#: Raw bytes of one streaming request (docs: "Streaming ingestion", limitations).
STREAMING_LIMIT = 4 * 1024 * 1024
_BINARY_FACTOR = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The way, and why it is not streaming (empty where it is)."""

    mode: Mode
    reason: str = ""


def choose(*, raw_size: int, streaming: Streaming, data_format: DataFormat) -> Choice:
    """The way of records whose raw size (uncompressed bytes) is known."""
    if streaming is Streaming.NEVER:
        return Choice(mode=Mode.QUEUED, reason="route-is-queued")
    if estimate(raw_size, data_format) > STREAMING_LIMIT:
        return Choice(mode=Mode.QUEUED, reason="over-streaming-size")
    return Choice(mode=Mode.STREAMING)


def estimate(raw_size: int, data_format: DataFormat) -> int:
    """What the limit is compared with, in bytes: text counts as it is, a binary file by what comes out of it.

    Columnar and Avro files unpack to more than their size; the factor is the Java client's (azure-kusto-java,
    ManagedStreamingQueuingPolicy). Its factors below 1 for text are not taken: they rest on compressed limits.
    """
    return int(raw_size * _BINARY_FACTOR) if framing_of(data_format) is Framing.BINARY else raw_size


def choose_blob(
    version: BlobVersion, compression: Compression, *, streaming: Streaming, data_format: DataFormat
) -> Choice:
    """The way of a blob that nobody has opened: `STREAMING` means that it is small enough to be read and framed."""
    if compression in {Compression.ZIP, Compression.ZSTD}:
        return Choice(mode=Mode.QUEUED, reason="compression-is-queued")
    raw_size = max(version.size, version.hints.raw_size or 0)
    return choose(raw_size=raw_size, streaming=streaming, data_format=data_format)


def choice_of(payload: Payload) -> Choice:
    """The way of a payload in memory."""
    return choose(raw_size=payload.raw_size, streaming=payload.streaming, data_format=payload.records.data_format)
