"""Isolation: which records of a refused payload are the bad ones. Halving finds them; their neighbours are delivered.

The number of requests is bounded: a payload that is bad throughout must not become thousands of requests. What is left
when the bound is reached is set aside together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid5

from shared.deadline import Deadline
from shared.framing.records import Records, cut
from shared.ingest.coalescer import Ingests
from shared.outcome import Code, Deferred, Delivered, Problem, RecordError, Rejected
from shared.payload import Payload

#: Requests that isolation may cost a payload.
MOST_REQUESTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of records of the payload: `first` counts from 0."""

    payload: Payload
    records: list[bytes]
    first: int


@dataclass(slots=True)
class Isolated:
    """What isolation came to."""

    delivered: list[tuple[Part, Delivered | Deferred]] = field(default_factory=list)
    refused: list[tuple[Part, Problem]] = field(default_factory=list)
    stopped: list[tuple[Part, Rejected]] = field(default_factory=list)  # not refused as data, and not held


async def isolate(behind: Ingests, payload: Payload, deadline: Deadline) -> Isolated:
    """Deliver what can be delivered of a payload that was refused as a whole."""
    found = Isolated()
    pending = _halves(Part(payload=payload, records=cut(payload.records), first=0))
    requests = 0
    while pending:
        part = pending.pop()
        if requests >= MOST_REQUESTS:
            found.refused.append((part, _TOO_MANY))
            continue
        requests += 1
        outcome = await behind.ingest(part.payload, deadline)
        match outcome:
            case Delivered() | Deferred():
                found.delivered.append((part, outcome))
            case Rejected(problem=problem) if problem.code is Code.RECORDS_REFUSED and len(part.records) > 1:
                pending.extend(_halves(part))
            case Rejected(problem=problem) if problem.code is Code.RECORDS_REFUSED:
                found.refused.append((part, problem))
            case Rejected():
                found.stopped.append((part, outcome))
    found.refused.sort(key=lambda item: item[0].first)
    return found


def record_errors(refused: Sequence[tuple[Part, Problem]], payload: Payload) -> tuple[RecordError, ...]:
    """Where in the payload the refused records stand; a run that was set aside together is one entry."""
    records = cut(payload.records)
    starts = [0]
    for record in records:
        starts.append(starts[-1] + len(record))
    return tuple(
        RecordError(
            index=part.first,
            line=payload.records.content.count(b"\n", 0, starts[part.first]) + 1,
            offset=starts[part.first],
            code=problem.code.value,
            detail=problem.detail,
        )
        for part, problem in refused
    )


_TOO_MANY = Problem(
    code=Code.RECORDS_REFUSED,
    detail=f"Kusto refused too many parts of the request: after {MOST_REQUESTS} requests the rest was set aside.",
)


def _halves(part: Part) -> list[Part]:
    if len(part.records) < 2:  # noqa: PLR2004 - one record has no halves
        return [part]
    middle = len(part.records) // 2
    # The later half first: the caller takes parts from the end, so records keep their order.
    return [_run(part, middle, len(part.records)), _run(part, 0, middle)]


def _run(part: Part, start: int, end: int) -> Part:
    """The part's records from `start` to `end`."""
    records, first, payload = part.records[start:end], part.first + start, part.payload
    framed = Records(content=b"".join(records), data_format=payload.records.data_format, count=len(records))
    name = uuid5(payload.source_id, f"{first}+{len(records)}")
    return Part(payload=replace(payload, source_id=name, records=framed), records=records, first=first)
