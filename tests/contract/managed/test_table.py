"""Managed ingestion does what the conformance table says, and keeps the promises that hold for every row."""

from collections import Counter

import pytest

from local.managed_table.body import body_of
from local.managed_table.case import Case, End, Size, differences
from local.managed_table.cases import CASES
from local.managed_table.ours import Run, run
from local.managed_table.stage import Stage
from shared.ingest.managed import ATTEMPTS
from shared.ingest.policy import STREAMING_LIMIT
from shared.outcome import Mode

from .conftest import Stages

_TEN_MB = 10 * 1000 * 1000

pytestmark = [
    # azure-kusto-ingest 6.0.4 calls datetime.utcnow(), which Python 3.12 deprecates.
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),
    # aiohttp warns of bodies over 1 MiB that are bytes: they are written in one piece.
]


async def test_a_case_comes_to_what_the_table_says(stages: Stages, case: Case) -> None:
    stage = stages.next(case)

    played = await run(stage)

    stages.played.append((stage, played.seen.times))
    assert differences(case.expect, played.seen) == []
    assert broken_promises(case, stage, played) == []


def broken_promises(case: Case, stage: Stage, played: Run) -> list[str]:
    """What must hold for every row, whatever the table expects of it."""
    seen = played.seen
    sent = Counter(request_id.rsplit(";", 1)[0] for request_id in played.request_ids)
    promises = {
        "delivered means that the rows are there": seen.end is not End.DELIVERED or seen.times >= 1,
        "queued means that the rows arrive": seen.mode is not Mode.QUEUED or seen.times >= 1,
        "spooled means that the spool has exactly the records": (
            seen.mode is not Mode.SPOOLED or played.spooled == stage.body.content
        ),
        "refused means that no row is there, unless it is said": (
            seen.end is not End.REJECTED or seen.unsure or seen.times == 0
        ),
        "spooled means that no row is there yet, unless it is said": (
            seen.mode is not Mode.SPOOLED or seen.unsure or seen.times == 0
        ),
        "rows are there twice only where it is said": seen.times <= 1 or seen.unsure,
        "all rows of a payload or none": float(seen.times).is_integer(),
        "nothing over 4 MiB is streamed": all(size <= STREAMING_LIMIT for size in played.bodies),
        "nothing over 10 MB is streamed": all(size <= _TEN_MB for size in played.bodies),
        "three streaming attempts at most": max(sent.values(), default=0) <= ATTEMPTS,
        "the service sees the attempts that the outcome tells of": len(played.bodies) == seen.attempts,
        "every attempt has its own request id": len(set(played.request_ids)) == len(played.request_ids),
        "Retry-After is waited for": all(wait >= case.condition.throttled_for for wait in played.waits),
    }
    return [promise for promise, kept in promises.items() if not kept]


def test_the_table_is_large_and_its_rows_are_different() -> None:
    assert len(CASES) >= 120
    assert len({case.name for case in CASES}) == len(CASES)
    assert {case.size for case in CASES} == set(Size)
    assert {case.expect.end for case in CASES} == set(End)
    assert {case.expect.mode for case in CASES} == {*Mode, None}


@pytest.mark.parametrize(("size", "raw"), [(Size.UNDER, 4194303), (Size.EXACT, 4194304), (Size.OVER, 4194305)])
def test_bodies_have_their_size_to_the_byte(size: Size, raw: int) -> None:
    for data_format in {case.data_format for case in CASES if case.size is Size.EXACT}:
        assert len(body_of(data_format, size).content) == raw
        assert len(body_of(data_format, size, hard=True).content) == raw
