"""The rows of the table. Expectations are ours; what the official client does is recorded, not expected."""

from dataclasses import replace

from local.managed_table import conditions as c
from local.managed_table.case import Before, Case, Seen, Size, delivered, queued, rejected, spooled
from local.managed_table.condition import Condition
from shared.framing.formats import DataFormat
from shared.routing.routes import Streaming

CSV, JSON, TSV, TXT = DataFormat.CSV, DataFormat.JSON, DataFormat.TSV, DataFormat.TXT
PARQUET, AVRO = DataFormat.PARQUET, DataFormat.AVRO

_LARGE = queued("over-streaming-size")


_SMALL, _STREAMED = (Size.ROW, Size.KB), delivered()
_TEXT = {Size.UNDER: _STREAMED, Size.EXACT: _STREAMED, Size.OVER: _LARGE, Size.TWELVE: _LARGE}
_BINARY = {Size.TWO_MB: _STREAMED, Size.THREE_MB: _LARGE, Size.OVER: _LARGE}
_HARD = {Size.EXACT: _STREAMED, Size.OVER: _LARGE, Size.SIX: _LARGE, Size.TWELVE: _LARGE}
_GZIPPED = {Size.KB: _STREAMED, Size.EXACT: _STREAMED, Size.OVER: _LARGE, Size.TWELVE: _LARGE}


def _sizes() -> list[Case]:
    """No fault: the size alone decides, and the raw size at that."""
    rows = [
        (data_format, size, expect)
        for formats, limits in (((CSV, JSON, TSV, TXT), _TEXT), ((PARQUET, AVRO), _BINARY))
        for data_format in formats
        for size, expect in (dict.fromkeys(_SMALL, _STREAMED) | limits).items()
    ]
    found = [_plain(data_format, size, expect) for data_format, size, expect in rows]
    found += [
        replace(_plain(data_format, size, expect), gzipped=True)
        for data_format in (CSV, JSON)
        for size, expect in _GZIPPED.items()
    ]
    found += [replace(_plain(CSV, size, expect), random=True) for size, expect in _HARD.items()]
    queued_only = queued("route-is-queued")
    found += [
        replace(_plain(data_format, Size.KB, queued_only), streaming=Streaming.NEVER)
        for data_format in (CSV, JSON, PARQUET)
    ]
    return found


def _plain(data_format: DataFormat, size: Size, expect: Seen) -> Case:
    return Case(data_format=data_format, size=size, condition=c.NONE, expect=expect)


#: What each condition makes of records that are small enough to stream, in whatever format.
STREAMING: tuple[tuple[Condition, Seen], ...] = (
    (c.REFUSED, rejected("records-refused")),
    (c.REFUSED_ONCE, rejected("records-refused")),
    (c.TRANSIENT_400, queued("service-error", attempts=3)),
    (c.TRANSIENT_400_ONCE, delivered(attempts=2)),
    (c.UNAUTHENTICATED, spooled("destination-not-configured", attempts=1)),
    (c.DENIED, spooled("destination-not-configured", attempts=1)),
    (c.DENIED_EMPTY, spooled("destination-not-configured", attempts=1)),
    (c.NOT_FOUND, queued("streaming-disabled", attempts=1)),
    (c.POLICY_OFF, queued("streaming-disabled", attempts=1)),
    (c.NO_TABLE, spooled("destination-not-configured", attempts=1)),
    (c.NO_DATABASE, spooled("destination-not-configured", attempts=1)),
    (c.TOO_LARGE, queued("too-large-for-streaming", attempts=1)),
    (c.TOO_LARGE_EMPTY, queued("too-large-for-streaming", attempts=1)),
    (c.INPUT_TOO_LARGE, queued("too-large-for-streaming", attempts=1)),
    (c.THROTTLED_ONCE, delivered(attempts=2)),
    (c.THROTTLED_TWICE, delivered(attempts=3)),
    (c.THROTTLED, queued("throttled", attempts=3)),
    (c.THROTTLED_FOR_ONCE, delivered(attempts=2)),
    (c.THROTTLED_FOR, queued("throttled", attempts=3)),
    (c.ERROR_500_ONCE, delivered(attempts=2, unsure=True)),
    (c.ERROR_500_TWICE, delivered(attempts=3, unsure=True)),
    (c.ERROR_500, queued("service-error", attempts=3, unsure=True)),
    (c.ERROR_500_COMMITTED, delivered(attempts=2, times=2, unsure=True)),
    (c.HTML_503_ONCE, delivered(attempts=2)),
    (c.HTML_503, queued("service-error", attempts=3)),
    (c.NO_ERROR_503_ONCE, delivered(attempts=2, unsure=True)),
    (c.NO_ERROR_503, queued("answer-lost", attempts=3, unsure=True)),
    (c.NOT_READY_520_ONCE, delivered(attempts=2)),
    (c.NOT_READY_520, queued("service-error", attempts=3)),
    (c.GATEWAY_504, queued("timeout", attempts=3, unsure=True)),
    (c.GATEWAY_504_COMMITTED, delivered(attempts=2, times=2, unsure=True)),
    (c.EMPTY_200_ONCE, delivered(attempts=2, times=2, unsure=True)),
    (c.EMPTY_200, queued("answer-unreadable", attempts=3, times=4, unsure=True)),
    (c.OBJECT_200_ONCE, delivered(attempts=2, times=2, unsure=True)),
    (c.OBJECT_200, queued("answer-lost", attempts=3, times=4, unsure=True)),
    (c.HTML_200_ONCE, delivered(attempts=2, times=2, unsure=True)),
    (c.HTML_200, queued("answer-unreadable", attempts=3, times=4, unsure=True)),
    (c.CUT_200_ONCE, delivered(attempts=2, times=2, unsure=True)),
    (c.DROPPED_ONCE, delivered(attempts=2, unsure=True)),
    (c.DROPPED, queued("answer-lost", attempts=3, unsure=True)),
    (c.LOST_ONCE, delivered(attempts=2, times=2, unsure=True)),
    (c.LOST, queued("answer-lost", attempts=3, times=4, unsure=True)),
    (c.ENGINE_OUTAGE, queued("answer-lost", attempts=3, unsure=True)),
    (c.INGESTION_OUTAGE, delivered()),
    (c.OUTAGE, spooled("unavailable", attempts=3, dm=1, unsure=True)),
    (c.EVERYTHING_DOWN, rejected("unavailable", attempts=3, dm=1, unsure=True)),
    (c.CONTAINERS_403, delivered()),
    (c.THROTTLED_AND_FIRST_CONTAINER, queued("throttled", attempts=3)),
    (c.THROTTLED_AND_NO_INGESTION, spooled("unavailable", attempts=3, dm=1)),
    (c.THROTTLED_AND_QUEUES, spooled("unavailable", attempts=3, dm=2)),
    (c.LOST_AND_NO_INGESTION, spooled("unavailable", attempts=3, dm=1, times=3, unsure=True)),
)

#: Conditions of the streaming endpoint that the other formats meet as well.
_ALSO_JSON = frozenset(
    {
        c.REFUSED,
        c.UNAUTHENTICATED,
        c.NOT_FOUND,
        c.POLICY_OFF,
        c.NO_TABLE,
        c.TOO_LARGE,
        c.THROTTLED,
        c.ERROR_500,
        c.HTML_503,
        c.NO_ERROR_503,
        c.OBJECT_200_ONCE,
        c.DROPPED,
        c.LOST_ONCE,
        c.ENGINE_OUTAGE,
        c.OUTAGE,
        c.THROTTLED_AND_FIRST_CONTAINER,
    }
)
_ALSO_BINARY = frozenset(
    {c.POLICY_OFF, c.TOO_LARGE, c.THROTTLED, c.LOST_ONCE, c.OUTAGE, c.THROTTLED_AND_FIRST_CONTAINER}
)

#: What each condition of queued ingestion makes of records that are too large to stream.
QUEUED: tuple[tuple[Condition, Seen], ...] = (
    (c.ENGINE_OUTAGE, _LARGE),
    (c.THROTTLED, _LARGE),
    (c.INGESTION_OUTAGE, spooled("unavailable", dm=1)),
    (c.INGESTION_503, spooled("unavailable", dm=1)),
    (c.INGESTION_403, spooled("destination-not-configured", dm=1)),
    (c.FIRST_CONTAINER_403, _LARGE),
    (c.FIRST_CONTAINER_404, _LARGE),
    (c.FIRST_CONTAINER_503, _LARGE),
    (c.CONTAINERS_403, spooled("unavailable", dm=2)),
    (c.CONTAINERS_503, spooled("unavailable", dm=2)),
    (c.FIRST_QUEUE, _LARGE),
    (c.QUEUES, spooled("unavailable", dm=2)),
    (c.NO_QUEUES, spooled("unavailable", dm=2)),
    (c.NO_CONTAINERS, spooled("unavailable", dm=2)),
    (c.OUTAGE, spooled("unavailable", dm=1)),
)


def _streaming_faults() -> list[Case]:
    found = [Case(data_format=CSV, size=Size.KB, condition=condition, expect=expect) for condition, expect in STREAMING]
    for formats, conditions in (((JSON,), _ALSO_JSON), ((PARQUET, AVRO), _ALSO_BINARY)):
        found += [
            Case(data_format=data_format, size=Size.KB, condition=condition, expect=expect)
            for data_format in formats
            for condition, expect in STREAMING
            if condition in conditions
        ]
    found += [
        Case(data_format=data_format, size=Size.KB, condition=c.BAD_RECORDS, expect=rejected("records-refused"))
        for data_format in (CSV, JSON, PARQUET, AVRO)
    ]
    found += [
        Case(
            data_format=data_format,
            size=Size.KB,
            condition=c.NO_MAPPING,
            expect=spooled("destination-not-configured", attempts=1),
        )
        for data_format in (CSV, JSON, AVRO)
    ]
    return found


def _queued_faults() -> list[Case]:
    found = [
        # Too large for the official client's limit too, which it compares with the compressed size.
        Case(data_format=CSV, size=Size.SIX, condition=condition, expect=expect, random=True)
        for condition, expect in QUEUED
    ]
    found += [
        Case(data_format=data_format, size=size, condition=c.FIRST_CONTAINER_403, expect=_LARGE)
        for data_format, size in ((JSON, Size.TWELVE), (PARQUET, Size.OVER), (AVRO, Size.OVER))
    ]
    return found


def _deadlines() -> list[Case]:
    """A caller who gives six seconds, and an answer that comes later than an attempt may take; then one who waits."""
    return [
        Case(
            data_format=CSV,
            size=Size.KB,
            condition=c.LATE,
            expect=queued("answer-lost", attempts=1, unsure=True),
            deadline=6.0,
        ),
        Case(
            data_format=PARQUET,
            size=Size.KB,
            condition=c.SLOW,
            expect=queued("answer-lost", attempts=1, times=2, unsure=True),
            deadline=6.0,
        ),
        Case(data_format=CSV, size=Size.KB, condition=c.SLOW, expect=delivered()),
    ]


def _memory() -> list[Case]:
    """What went before decides: cool-downs, the breaker, and their ends."""
    throttled = Before(condition=c.THROTTLED, payloads=1)
    off = Before(condition=c.NOT_READY_520, payloads=5)
    outage = Before(condition=c.ENGINE_OUTAGE, payloads=5)
    four = Before(condition=c.ENGINE_OUTAGE, payloads=4)
    refused = Before(condition=c.REFUSED, payloads=5)
    switched_off = Before(condition=c.SWITCHED_OFF, payloads=1)
    asked = Before(condition=c.THROTTLED_FOR, payloads=1)
    rows: tuple[tuple[Before, Condition, Seen], ...] = (
        (throttled, c.NONE, queued("throttled", dm=0)),
        (throttled, c.THROTTLED, queued("throttled", dm=0)),
        (replace(throttled, wait=10.5), c.NONE, delivered()),
        (asked, c.NONE, queued("throttled", dm=0)),
        (switched_off, c.NONE, queued("streaming-disabled", dm=0)),
        (replace(switched_off, wait=31.0), c.NONE, delivered()),
        (replace(switched_off, wait=31.0), c.SWITCHED_OFF, queued("streaming-disabled", attempts=1, dm=0)),
        (off, c.NONE, queued("service-error", dm=0)),
        (replace(off, wait=5.5), c.NONE, delivered()),
        (outage, c.NONE, queued("answer-lost", dm=0)),
        (outage, c.ENGINE_OUTAGE, queued("answer-lost", dm=0)),
        (replace(outage, wait=5.5), c.NONE, delivered()),
        (four, c.NONE, delivered()),
        (refused, c.NONE, delivered()),
    )
    return [
        Case(data_format=CSV, size=Size.KB, condition=condition, expect=expect, before=before)
        for before, condition, expect in rows
    ]


CASES: tuple[Case, ...] = (*_sizes(), *_streaming_faults(), *_queued_faults(), *_deadlines(), *_memory())
