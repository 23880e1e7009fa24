"""What travels between the stages: a framed body with its target, or a blob that stays where it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID, uuid5

import msgspec

from shared.framing.formats import DataFormat
from shared.framing.records import Records
from shared.numbers import whole_number
from shared.routing.routes import UNTAGGED, Streaming, Tagging, Target

_NAMESPACE = UUID("6f1c1a52-0a4e-5b7e-9a0b-3d8f0f6f7a11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Records in memory on their way into Kusto."""

    source_id: UUID  # names this piece of work to Kusto; the same for every attempt
    route: str
    target: Target
    records: Records
    streaming: Streaming
    tagging: Tagging = UNTAGGED
    parts: tuple[Self, ...] = ()  # the payloads that were gathered into this one; none where it came alone
    trace: str = ""  # W3C traceparent of the work that brought it; empty where nobody traces

    @property
    def raw_size(self) -> int:
        """Uncompressed bytes."""
        return len(self.records.content)

    @classmethod
    def gathered(cls, payloads: Sequence[Self]) -> Self:
        """One payload of all records, in order. Each part ends with a line break, so parts are joined as they are."""
        first = payloads[0]
        if len(payloads) == 1:
            return first
        records = Records(
            content=b"".join(payload.records.content for payload in payloads),
            data_format=first.records.data_format,
            count=sum(payload.records.count or 0 for payload in payloads),
        )
        name = uuid5(_NAMESPACE, ",".join(str(payload.source_id) for payload in payloads))
        return replace(first, source_id=name, records=records, parts=tuple(payloads))


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobName:
    """A blob of the landing container."""

    container: str
    name: str

    def __str__(self) -> str:
        return f"{self.container}/{self.name}"


class _Poisoned(msgspec.Struct, rename="pascal"):
    """A message of `webjobs-blobtrigger-poison` (Microsoft.Azure.WebJobs.Extensions.Storage.Blobs)."""

    container_name: str
    blob_name: str


def poisoned_name(text: str) -> BlobName:
    """The blob that a message of the host's poison queue names.

    Raises:
        ValueError: when it is no such message.
    """
    message = msgspec.json.decode(text, type=_Poisoned)
    return BlobName(container=message.container_name, name=message.blob_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a blob's metadata says about it; None where it says nothing.

    The names are those of the service's own Event Grid connection (docs: "Ingestion properties" of that page).
    """

    raw_size: int | None = None  # uncompressed bytes
    table: str | None = None
    data_format: DataFormat | None = None
    mapping: str | None = None
    ignore_first_record: bool | None = None


def parse_hints(metadata: Mapping[str, str]) -> Hints:
    """Read a blob's metadata. Names are compared without case, values that make no sense are left out."""
    values = {name.lower(): value.strip() for name, value in metadata.items()}
    raw_size, data_format = values.get("rawsizebytes", ""), values.get("kustodataformat", "").lower()
    return Hints(
        raw_size=whole_number(raw_size),
        table=values.get("kustotable") or None,
        data_format=DataFormat(data_format) if data_format in DataFormat else None,
        mapping=values.get("kustoingestionmappingreference") or None,
        ignore_first_record={"true": True, "false": False}.get(values.get("kustoignorefirstrecord", "").lower()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobVersion:
    """One state of a blob. `size`: stored bytes, compressed as they are."""

    blob: BlobName
    etag: str
    size: int
    hints: Hints

    @property
    def source_id(self) -> UUID:
        """The same for every event about this state of the blob."""
        return uuid5(_NAMESPACE, f"{self.blob}#{self.etag}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A blob that the cluster reads by itself. `uri` may carry a SAS or an identity: never log it."""

    source_id: UUID
    route: str
    target: Target
    uri: str
    raw_size: int | None  # uncompressed bytes; None: only the stored, compressed size is known
    ignore_first_record: bool
    tagging: Tagging = UNTAGGED
    trace: str = ""  # as of a payload

    def __repr__(self) -> str:
        return f"Reference(source_id={self.source_id}, route={self.route!r}, target={self.target})"
