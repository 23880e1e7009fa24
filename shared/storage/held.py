"""What is kept when it could not be delivered: an envelope line, and below it the records as they were framed.

One blob holds both, so that they are written together or not at all. The envelope has no secret and no SAS.
"""

from typing import Self
from uuid import UUID

import msgspec

from shared.framing.formats import DataFormat
from shared.framing.records import Records
from shared.payload import BlobName, Payload
from shared.routing.routes import Streaming, Tagging, Target


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where records come from and where they belong. Times are seconds since 1970."""

    id: UUID
    route: str
    database: str
    table: str
    format: str
    mapping: str | None
    streaming: str
    rows: int | None
    reason: str
    detail: str
    attempts: int
    created: float
    blob: str | None = None  # `container/name` of the blob it came from
    maybe_duplicate: bool = False
    tags: tuple[str, ...] = ()
    once: bool = False
    index: int | None = None  # of a single record in the body that it came from, from 0
    trace: str = ""  # W3C traceparent of the work that brought it


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An envelope and its records (raw bytes; empty where the envelope's blob has them)."""

    envelope: Envelope
    content: bytes

    @classmethod
    def of(cls, payload: Payload, *, reason: str, detail: str, attempts: int, now: float, **more: object) -> Self:
        """What is to be kept of a payload."""
        target = payload.target
        return cls(
            envelope=Envelope(
                id=payload.source_id,
                route=payload.route,
                database=target.database,
                table=target.table,
                format=payload.records.data_format.value,
                mapping=target.mapping,
                streaming=payload.streaming.value,
                rows=payload.records.count,
                reason=reason,
                detail=detail,
                attempts=attempts,
                created=now,
                tags=payload.tagging.tags,
                once=payload.tagging.once,
                trace=payload.trace,
                **more,  # type: ignore[arg-type] # the optional fields of the envelope
            ),
            content=payload.records.content,
        )

    def payload(self) -> Payload:
        """The payload as it was, under the same source id."""
        envelope = self.envelope
        data_format = DataFormat(envelope.format)
        return Payload(
            source_id=envelope.id,
            route=envelope.route,
            target=Target(
                database=envelope.database, table=envelope.table, data_format=data_format, mapping=envelope.mapping
            ),
            records=Records(content=self.content, data_format=data_format, count=envelope.rows),
            streaming=Streaming(envelope.streaming),
            tagging=Tagging(tags=envelope.tags, once=envelope.once),
            trace=envelope.trace,
        )

    @property
    def blob(self) -> BlobName | None:
        """The blob it came from."""
        if self.envelope.blob is None:
            return None
        container, _, name = self.envelope.blob.partition("/")
        return BlobName(container=container, name=name)

    def encode(self) -> bytes:
        """The bytes to store."""
        return msgspec.json.encode(self.envelope) + b"\n" + self.content

    @classmethod
    def decode(cls, stored: bytes) -> Self:
        """Read what `encode` wrote.

        Raises:
            ValueError: when it is something else.
        """
        line, found, content = stored.partition(b"\n")
        if not found:
            raise ValueError("not a held payload")
        return cls(envelope=msgspec.json.decode(line, type=Envelope), content=content)
