"""The records of architecture decisions are complete, numbered, indexed, and their links lead somewhere."""

import re
from pathlib import Path

import pytest

ADR = Path(__file__).parents[3] / "docs" / "adr"
RECORDS = sorted(path for path in ADR.glob("*.md") if path.name != "README.md")
SECTIONS = ["Context", "Decision", "Evidence", "Consequences", "Alternatives considered"]

_ROW = re.compile(r"^\| (\d{4}) \| \[(.+)\]\((.+\.md)\) \|$", re.MULTILINE)
_TITLE = re.compile(r"# (\d{4}): (.+)")
_STATUS = re.compile(r"Status: (proposed|accepted|rejected|superseded by \d{4}) \(\d{4}-\d{2}-\d{2}\)")
_STATE = re.compile(r"State: (built|partly built|planned)\b")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")

each_record = pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)


def sections_of(text: str) -> dict[str, str]:
    """The body of each second-level heading, in the file's order."""
    _, *parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], (body.strip() for body in parts[1::2]), strict=True))


def index_rows() -> list[tuple[str, str, str]]:
    return [(row[1], row[2], row[3]) for row in _ROW.finditer((ADR / "README.md").read_text(encoding="utf-8"))]


def test_there_are_records() -> None:
    assert RECORDS, f"no records below {ADR}"


def test_numbers_have_no_gap_and_no_double() -> None:
    assert [path.name[:5] for path in RECORDS] == [f"{number:04}-" for number in range(1, len(RECORDS) + 1)]


def test_the_index_lists_each_record_once_in_order() -> None:
    assert [name for _, _, name in index_rows()] == [path.name for path in RECORDS]


@each_record
def test_number_and_title_are_those_of_the_index(record: Path) -> None:
    title = _TITLE.fullmatch(record.read_text(encoding="utf-8").splitlines()[0])

    assert title is not None
    assert record.name.startswith(f"{title[1]}-")
    assert (title[1], title[2], record.name) in index_rows()


@each_record
def test_status_and_state_are_known(record: Path) -> None:
    _, _, status, state, *_ = record.read_text(encoding="utf-8").splitlines()

    assert _STATUS.fullmatch(status)
    assert _STATE.match(state)


@each_record
def test_sections_are_complete_and_in_order(record: Path) -> None:
    sections = sections_of(record.read_text(encoding="utf-8"))

    assert list(sections) == SECTIONS
    assert [name for name, body in sections.items() if not body] == []


@each_record
def test_a_record_is_short_enough_to_be_read(record: Path) -> None:
    assert 30 <= len(record.read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("page", [*RECORDS, ADR / "README.md"], ids=lambda path: path.stem)
def test_links_inside_the_repository_lead_somewhere(page: Path) -> None:
    links = _LINK.findall(page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_template_has_the_sections_that_records_must_have() -> None:
    template = re.search(r"```markdown\n(.+?)```", (ADR / "README.md").read_text(encoding="utf-8"), re.DOTALL)

    assert template is not None
    assert list(sections_of(template[1])) == SECTIONS
