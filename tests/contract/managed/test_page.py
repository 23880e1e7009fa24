"""The page shows the table: every case once, our columns as the tests assert them, the official ones as recorded."""

import re
from pathlib import Path

import pytest

from local.managed_table.__main__ import main
from local.managed_table.case import Case, End
from local.managed_table.cases import CASES
from local.managed_table.facts import Fact, read
from local.managed_table.page import page
from local.managed_table.part import BEGIN, END, PartError, replaced, written
from local.paths import ROOT

_PAGE = ROOT / "docs" / "managed-ingestion.md"
_MODES = {End.DELIVERED: "streamed", End.REJECTED: "refused"}


def rows() -> dict[str, list[str]]:
    """The cells of each case on the page, by its name."""
    lines = written(_PAGE.read_text(encoding="utf-8")).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| Case |"))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start + 2 :]]
    return {name: rest for name, *rest in cells}


def test_the_page_is_up_to_date() -> None:
    assert written(_PAGE.read_text(encoding="utf-8")) == page(CASES, read()), (
        "run: python -m local.managed_table --write"
    )


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


def test_only_the_part_between_the_markers_is_replaced() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    assert replaced(text, "new\n") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert replaced(replaced(text, "new"), "old") == text
    assert written(replaced(text, "new")) == "new"


@pytest.mark.parametrize("text", ["", f"{BEGIN}\n", f"{END}\n"])
def test_a_page_without_markers_is_told(text: str) -> None:
    with pytest.raises(PartError, match="needs the lines"):
        written(text)


def test_the_command_writes_a_page_and_twice_is_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "page.md"
    copy.write_text(f"a\n{BEGIN}\n{END}\nb\n", encoding="utf-8")

    assert main(["--write", "--page", str(copy)]) == 0
    once = copy.read_text(encoding="utf-8")
    assert main(["--write", "--page", str(copy)]) == 0

    assert copy.read_text(encoding="utf-8") == once
    assert written(once) == page(CASES, read())
    assert main([]) == 0
    assert capsys.readouterr().out.strip() == written(once)
    copy.write_text("nothing", encoding="utf-8")
    assert main(["--write", "--page", str(copy)]) == 1
    assert "needs the lines" in capsys.readouterr().err
