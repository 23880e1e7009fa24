"""One row of the table: records of a size and format, a condition they meet, and what must come of it."""

from dataclasses import dataclass, fields
from enum import StrEnum

from local.managed_table.condition import Condition
from shared.framing.formats import DataFormat
from shared.outcome import Mode
from shared.routing.routes import Streaming


class Size(StrEnum):
    """How much is sent; bytes are raw (uncompressed)."""

    ROW = "1 row"
    KB = "1 KB"
    TWO_MB = "2 MB"
    THREE_MB = "3 MB"
    UNDER = "4 MiB - 1 B"
    EXACT = "4 MiB"
    OVER = "4 MiB + 1 B"
    SIX = "6 MB"
    TWELVE = "12 MB"


class End(StrEnum):
    """What the caller is told: which of the three kinds of outcome, whatever its fields."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a case came to, expected or observed.

    Attributes:
        mode: The way the records took; None where they are held nowhere.
        reason: Of a deferral, or the code of a refusal.
        attempts: Streaming attempts that the outcome tells of.
        stream: Streaming requests that the service saw.
        dm: Requests that the ingestion endpoint saw.
        times: How many times the records are in the table in the end; 1 is once.
        unsure: Whether the outcome says that they may be there twice, or be there although refused.
    """

    end: End
    mode: Mode | None
    reason: str = ""
    attempts: int = 0
    stream: int = 0
    dm: int = 0
    times: float = 0
    unsure: bool = False


#: Seconds that a caller gives where the case does not say otherwise.
_PATIENT = 60.0
#: Requests to the ingestion endpoint that the first queued payload costs: the resources, and the token.
_LENT = 2


def delivered(*, attempts: int = 1, times: int = 1, unsure: bool = False) -> Seen:
    """Streamed."""
    return Seen(end=End.DELIVERED, mode=Mode.STREAMING, attempts=attempts, stream=attempts, times=times, unsure=unsure)


def queued(reason: str, *, attempts: int = 0, times: float = 1, dm: int = _LENT, unsure: bool = False) -> Seen:
    """Taken by queued ingestion."""
    return Seen(
        end=End.DEFERRED,
        mode=Mode.QUEUED,
        reason=reason,
        attempts=attempts,
        stream=attempts,
        dm=dm,
        times=times,
        unsure=unsure,
    )


def spooled(reason: str, *, attempts: int = 0, times: int = 0, dm: int = 0, unsure: bool = False) -> Seen:
    """Held by ourselves."""
    return Seen(
        end=End.DEFERRED,
        mode=Mode.SPOOLED,
        reason=reason,
        attempts=attempts,
        stream=attempts,
        dm=dm,
        times=times,
        unsure=unsure,
    )


def rejected(code: str, *, attempts: int = 1, times: int = 0, dm: int = 0, unsure: bool = False) -> Seen:
    """Held nowhere."""
    return Seen(
        end=End.REJECTED,
        mode=None,
        reason=code,
        attempts=attempts,
        stream=attempts,
        dm=dm,
        times=times,
        unsure=unsure,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """Payloads of one row that went before, under a condition that has ended since.

    Attributes:
        payloads: How many, one after the other.
        wait: Seconds between the last of them and the case's own payload.
    """

    condition: Condition
    payloads: int
    wait: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of the table.

    Attributes:
        random: Whether the text is hard to compress.
        gzipped: Whether the sender had compressed the records: we take them out of it before, as every body.
        deadline: Seconds that the caller gives.
    """

    data_format: DataFormat
    size: Size
    condition: Condition
    expect: Seen
    before: Before | None = None
    streaming: Streaming = Streaming.AUTO
    random: bool = False
    gzipped: bool = False
    deadline: float = _PATIENT

    @property
    def name(self) -> str:
        """Unique, and what the page shows."""
        parts = [self.data_format.value, self.size.value]
        parts += [f"within {self.deadline:g} s"] if self.deadline < _PATIENT else []
        parts += ["incompressible"] if self.random else []
        parts += ["sent as gzip"] if self.gzipped else []
        parts += ["route `streaming = never`"] if self.streaming is Streaming.NEVER else []
        if self.before:
            parts.append(f"after {self.before.payloads} of: {self.before.condition.name}")
            parts += [f"{self.before.wait:g} s later"] if self.before.wait else []
        return " · ".join([*parts, self.condition.name])


def differences(expect: Seen, seen: Seen) -> list[str]:
    """What is not as expected, in words."""
    return [
        f"{field.name}: {getattr(seen, field.name)!r}, expected {getattr(expect, field.name)!r}"
        for field in fields(Seen)
        if getattr(seen, field.name) != getattr(expect, field.name)
    ]
