"""What counts as a difference."""

import pytest

from local.conformance.case import Expect, Observed, differences
from local.conformance.cluster import primary_rows


@pytest.mark.parametrize(
    ("expect", "seen", "said"),
    [
        (Expect(status=400), Observed(status=200), "status 200"),
        (Expect(status=400, codes=("A", "B")), Observed(status=400, code="C"), "code C"),
        (Expect(permanent=True), Observed(status=200, permanent=None), "@permanent None"),
        (Expect(rows=1), Observed(status=200, rows=2), "2 rows"),
        (Expect(shows=((1,),)), Observed(status=200, shows=()), "shows ()"),
        (Expect(failure="A"), Observed(status=200), "failure None"),
    ],
)
def test_each_part_is_compared(expect: Expect, seen: Observed, said: str) -> None:
    found = differences(expect, seen)

    assert len(found) == 1
    assert said in found[0]


def test_what_is_not_expected_is_not_compared() -> None:
    assert differences(Expect(), Observed(status=200, code="X", rows=7, failure="Y")) == []
    assert differences(Expect(status=400, codes=("A", "B")), Observed(status=400, code="B")) == []


def test_the_primary_result_is_found_among_frames() -> None:
    frames = [
        {"FrameType": "DataSetHeader"},
        {"FrameType": "DataTable", "TableKind": "QueryProperties", "Rows": [[0]]},
        {"FrameType": "DataTable", "TableKind": "PrimaryResult", "Rows": [[1, "a"]]},
    ]

    assert primary_rows(frames) == ((1, "a"),)
