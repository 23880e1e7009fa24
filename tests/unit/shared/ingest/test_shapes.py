"""Payloads share a source of queued ingestion only when none can take the others down."""

import csv
import io
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.deadline import Deadline
from shared.framing.formats import DataFormat
from shared.ingest.managed import ManagedIngestion
from shared.ingest.shapes import sources
from shared.outcome import Deferred
from shared.payload import Payload
from tests.fakes import TARGET, FakeClock, FakeQueues, FakeStreams, payload
from tests.strategies import rows


def _of(number: int, content: bytes, data_format: DataFormat) -> Payload:
    return payload(content, number=number, target=replace(TARGET, data_format=data_format))


def _csv(number: int, content: bytes) -> Payload:
    return _of(number, content, DataFormat.CSV)


def _contents(groups: list[list[Payload]]) -> list[list[bytes]]:
    return [[part.records.content for part in group] for group in groups]


def test_one_shape_is_one_source() -> None:
    assert _contents(sources([_csv(1, b"a,b\n"), _csv(2, b'c,"d,e"\nf,g\n')])) == [[b"a,b\n", b'c,"d,e"\nf,g\n']]


def test_another_number_of_fields_is_another_source() -> None:
    parts = [_csv(1, b"a,b\n"), _csv(2, b"a\n"), _csv(3, b"c,d\n")]
    assert _contents(sources(parts)) == [[b"a,b\n", b"c,d\n"], [b"a\n"]]


def test_what_is_malformed_or_ragged_travels_alone() -> None:
    parts = [_csv(1, b'a,"b"c"\n'), _csv(2, b"a,b\nc\n"), _csv(3, b'd,"e"f"\n'), _csv(4, b"g,h\n")]
    assert _contents(sources(parts)) == [[b'a,"b"c"\n'], [b"a,b\nc\n"], [b'd,"e"f"\n'], [b"g,h\n"]]


def test_json_and_text_lines_share() -> None:
    for data_format in (DataFormat.JSON, DataFormat.TXT):
        parts = [_of(n, b'{"a":"b"}\n', data_format) for n in (1, 2)]
        assert len(sources(parts)) == 1


@given(st.lists(rows, min_size=1, max_size=4))
def test_no_part_is_lost_and_a_source_has_one_shape(tables: list[list[list[str]]]) -> None:
    parts = []
    for number, table in enumerate(tables):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(table)
        parts.append(_csv(number, text.getvalue().encode()))

    groups = sources(parts)

    assert sorted(part.source_id for group in groups for part in group) == sorted(part.source_id for part in parts)
    for group in (group for group in groups if len(group) > 1):
        joined = b"".join(part.records.content for part in group).decode()
        assert len({len(row) for row in csv.reader(io.StringIO(joined, newline=""), strict=True) if row}) == 1


async def test_each_caller_learns_its_source() -> None:
    streams, queues, clock = FakeStreams(OSError("gone")), FakeQueues(), FakeClock()
    managed = ManagedIngestion(streams, queues, clock)
    good, other, bad = _csv(1, b"a,b\n"), _csv(2, b"c,d\n"), _csv(3, b'e,"f"g"\n')

    outcome = await managed.ingest(Payload.gathered([good, other, bad]), Deadline.after(clock, 60))

    assert isinstance(outcome, Deferred)
    assert outcome.sources[good.source_id] == outcome.sources[other.source_id] != outcome.sources[bad.source_id]
    assert len(queues.held) == 2
