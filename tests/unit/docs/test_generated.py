"""The generated parts of the pages say what the code says, and the generator refuses what it cannot fill."""

from pathlib import Path

import pytest

from local.docs.__main__ import main
from local.docs.classification import classification
from local.docs.pages import PageError, filled, names_of, stale
from local.docs.parts import PARTS
from local.paths import ROOT
from shared.ingest import errors
from shared.outcome import CATALOGUE, Code
from shared.settings import SETTINGS

DOCS = ROOT / "docs"
_PARTS = {"one": lambda: "| 1 |", "two": lambda: "| 2 |"}
_PAGE = "# T\n\n<!-- generated: one -->\n{}<!-- end -->\n\nkept\n\n<!-- generated: two -->\n{}<!-- end -->\nend\n"


def test_the_pages_are_up_to_date() -> None:
    assert [page.name for page in stale(DOCS, PARTS)] == [], "run: .dev/venv/bin/python -m local.docs"


def test_every_part_stands_on_exactly_one_page() -> None:
    found = [name for page in DOCS.glob("*.md") for name in names_of(page.read_text(encoding="utf-8"))]

    assert sorted(found) == sorted(PARTS)


def test_only_what_lies_between_markers_changes() -> None:
    assert filled(_PAGE.format("", "old\n"), _PARTS) == _PAGE.format("| 1 |\n", "| 2 |\n")


def test_filling_twice_is_filling_once() -> None:
    once = filled(_PAGE.format("", ""), _PARTS)

    assert filled(once, _PARTS) == once


def test_a_page_without_markers_stays() -> None:
    assert filled("# T\n<!-- a comment -->\n", _PARTS) == "# T\n<!-- a comment -->\n"


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("\n<!-- generated: three -->\n<!-- end -->\n", "line 2: unknown part three; known are one, two"),
        ("<!-- generated: one -->\n", "part one has no <!-- end -->"),
        ("a\n<!-- end -->\n", "line 2: <!-- end --> stands where it cannot"),
        ("<!-- generated: one -->\n<!-- generated: two -->\n<!-- end -->\n", "line 2: <!-- generated: two --> stands"),
    ],
)
def test_wrong_markers_are_told_with_their_line(page: str, told: str) -> None:
    with pytest.raises(PageError, match=told.replace("(", r"\(")):
        filled(page, _PARTS)


def test_check_tells_and_writes_nothing_then_writing_mends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "a.md"
    old = "<!-- generated: settings -->\nold\n<!-- end -->\n"
    page.write_text(old, encoding="utf-8")

    assert main(["--check", "--folder", str(tmp_path)]) == 1
    assert page.read_text(encoding="utf-8") == old
    assert "a.md is not up to date" in capsys.readouterr().err
    assert main(["--folder", str(tmp_path)]) == 0
    assert "KUSTO_CLUSTER_URI" in page.read_text(encoding="utf-8")
    assert main(["--check", "--folder", str(tmp_path)]) == 0


def test_a_broken_page_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.md").write_text("<!-- generated: nope -->\n<!-- end -->\n", encoding="utf-8")

    assert main(["--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("b.md: line 1: unknown part nope")


def test_a_folder_that_is_not_there_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", "--folder", str(tmp_path / "nowhere")]) == 1
    assert "nowhere holds no page" in capsys.readouterr().err


@pytest.mark.parametrize("name", PARTS)
def test_the_rows_of_a_table_are_equally_wide(name: str) -> None:
    tables = [block.splitlines() for block in PARTS[name]().split("\n\n") if block.startswith("|")]

    assert tables
    for lines in tables:
        assert len(lines) > 3
        assert {line.replace(r"\|", "").count("|") for line in lines} == {lines[0].count("|")}


def test_the_catalogue_is_complete() -> None:
    assert set(CATALOGUE) == set(Code)
    assert all(f"| `{code}` | {kind.status} |" in PARTS["problems"]() for code, kind in CATALOGUE.items())


def test_settings_say_which_are_required() -> None:
    required = [row.name for row in SETTINGS if row.default is None]

    assert required
    assert all(f"| `{name}` | required |" in PARTS["settings"]() for name in required)


def test_the_classification_shows_every_row_with_its_own_verdict() -> None:
    """Each mark, looked up as a failure, comes to the reason and verdict that stand in its row of the page."""
    rows = classification().splitlines()
    for row in errors._BY_MARK:
        for mark in row.marks:
            verdict = errors.classify(errors.Failure(status=400, text=mark))
            (shown,) = [line for line in rows if f"`{mark}`" in line.split(" | ")[0]]
            assert f"| `{verdict.reason}` | `{verdict.action}` |" in shown
    for status in errors._BY_STATUS:
        verdict = errors.classify(errors.Failure(status=status))
        (shown,) = [line for line in rows if line.startswith(f"| status {status} |")]
        assert f"| `{verdict.reason}` | `{verdict.action}` |" in shown


def test_every_action_is_explained() -> None:
    assert all(f"`{action}`" in classification() for action in errors.Action)
