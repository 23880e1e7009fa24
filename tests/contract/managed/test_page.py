"""The page shows the table: every case once, our columns as the tests assert them, the official ones as recorded."""

import re

import pytest

from local.managed_table.__main__ import main
from local.managed_table.case import Case, End
from local.managed_table.cases import CASES
from local.managed_table.facts import Fact, read
from local.managed_table.page import page
from local.paths import ROOT

_PAGE = ROOT / "docs" / "managed-ingestion.md"
_MODES = {End.DELIVERED: "streamed", End.REJECTED: "refused"}


def written() -> str:
    """The table as it stands on the page; tests/unit/docs/test_generated.py says what may be written there."""
    text = _PAGE.read_text(encoding="utf-8")
    return text.partition("<!-- generated: managed-table -->\n")[2].partition("<!-- end -->")[0].strip()


def rows() -> dict[str, list[str]]:
    """The cells of each case on the page, by its name."""
    lines = written().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| Case |"))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start + 2 :]]
    return {name: rest for name, *rest in cells}


def test_the_page_is_up_to_date() -> None:
    assert written() == page(CASES, read()), "run: python -m local.managed_table --write"


def test_the_page_and_the_record_have_exactly_the_cases_of_the_table() -> None:
    names = [case.name for case in CASES]

    assert list(rows()) == names
    assert list(read().cases) == names


def test_our_columns_are_what_is_asserted() -> None:
    shown = rows()
    for case in CASES:
        outcome, attempts, requests, times = shown[case.name][:4]
        seen = case.expect
        assert outcome.startswith(_MODES.get(seen.end, str(seen.mode)))
        assert seen.reason in outcome
        assert (attempts, requests) == (str(seen.attempts), f"{seen.stream} + {seen.dm}")
        assert times == f"{seen.times:g}" + ("?" if seen.unsure else "")


def test_the_official_columns_are_what_was_recorded() -> None:
    shown, facts = rows(), read().cases
    for case in CASES:
        outcome, attempts, requests, times, _ = shown[case.name][4:]
        fact = facts[case.name]
        assert fact.answer in outcome
        assert (attempts, requests, times) == (str(fact.stream), f"{fact.stream} + {fact.dm}", f"{fact.times:g}")


def test_the_record_has_a_version_and_a_day() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", read().version)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", read().day)


def named(text: str) -> Case:
    return next(case for case in CASES if case.name == text)


@pytest.mark.parametrize(
    ("name", "fact", "told"),
    [
        ("csv · 1 KB · 429", Fact(answer="QUEUED", stream=3, dm=2, times=1, seconds=1), ""),
        ("csv · 1 KB · 429", Fact(answer="QUEUED", stream=3, dm=2, times=0, seconds=1), "loses the records"),
        ("csv · 1 KB · 429", Fact(answer="E", stream=3, dm=0, times=0, seconds=1), "gives up, never queues"),
        ("csv · 1 KB · 429", Fact(answer="E", stream=3, dm=2, times=0, seconds=1), "gives up"),
        ("csv · 1 KB · 400 permanent", Fact(answer="E", stream=1, dm=0, times=0, seconds=1), ""),
        (
            "csv · 1 KB · 400 permanent",
            Fact(answer="E", stream=3, dm=0, times=0, seconds=1),
            "retries what is permanent",
        ),
        (
            "csv · 12 MB · no fault",
            Fact(answer="SUCCESS", stream=1, dm=0, times=1, seconds=20),
            "streams what is too large, slow, another way †",
        ),
        (
            "csv · 1 KB · connection dropped after the commit, once",
            Fact(answer="SUCCESS", stream=2, dm=0, times=2, seconds=1),
            "says nothing",
        ),
        (
            "csv · 1 KB · connection dropped after the commit",
            Fact(answer="QUEUED", stream=1, dm=2, times=2, seconds=1),
            "says nothing, fewer copies",
        ),
    ],
)
def test_a_difference_is_named(name: str, fact: Fact, told: str) -> None:
    record = read()
    line = page([named(name)], type(record)(version="1.0.0", day="2026-01-01", cases={name: fact})).splitlines()[-1]

    assert line.strip("|").split("|")[-1].strip() == told


def test_the_command_prints_what_stands_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.strip() == written()
