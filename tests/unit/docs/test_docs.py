"""The pages are complete, and their links lead somewhere."""

import re
from pathlib import Path

import pytest

from local.paths import ROOT
from shared.framing.formats import DataFormat
from shared.http.call import _PARAMETERS
from shared.outcome import CATALOGUE, Code
from shared.routing.route_file import _KEYS
from shared.settings import SETTINGS
from shared.storage.ledger import State
from shared.storage.names import (
    DEAD_LETTER_CONTAINER,
    LANDING_CONNECTION,
    LANDING_CONTAINER,
    LEDGER_CONTAINER,
    RETRY_QUEUE,
    SPOOL_CONTAINER,
)
from shared.webhooks.schemes import Scheme
from tests.unit.docs.pages import DOCS, blocks, page_text, without_blocks

PAGES = sorted(
    path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:)([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = without_blocks(page)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in _HEADING.findall(text))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def test_there_are_pages() -> None:
    assert {page.name for page in DOCS} >= {
        "README.md",
        "http-api.md",
        "managed-ingestion.md",
        "routes.md",
        "settings.md",
        "webhooks.md",
    }


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(without_blocks(page)):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_the_index_names_every_page() -> None:
    linked = set(_LINK.findall(page_text("README.md")))

    missing = [page.name for page in DOCS if page.name != "README.md" and page.name not in linked]
    assert missing == [], "add them to docs/README.md"


@pytest.mark.parametrize("key", _KEYS)
def test_every_route_key_has_a_row_and_an_example(key: str) -> None:
    examples = "".join(text for _, text in blocks(ROOT / "docs" / "routes.md", "toml"))

    assert f"| `{key}` |" in page_text("routes.md")
    assert key in {"deadline", "database"} or re.search(rf"^{key} = ", examples, re.MULTILINE)


@pytest.mark.parametrize("setting", [row.name for row in SETTINGS] + [LANDING_CONNECTION])
def test_every_setting_is_described(setting: str) -> None:
    assert f"| `{setting}` |" in page_text("settings.md")


@pytest.mark.parametrize("code", Code)
def test_every_problem_says_what_to_do(code: Code) -> None:
    catalogue, advice = page_text("http-api.md").partition("### Catalogue")[2].split("### What to do")

    assert f"| `{code}` | {CATALOGUE[code].status} |" in catalogue
    assert f"| `{code}` |" in advice.partition("\n## ")[0]


@pytest.mark.parametrize("parameter", _PARAMETERS)
def test_every_query_parameter_is_described(parameter: str) -> None:
    assert f"| `{parameter}` |" in page_text("http-api.md")


@pytest.mark.parametrize("scheme", Scheme)
def test_every_webhook_scheme_has_an_example(scheme: Scheme) -> None:
    examples = "".join(text for _, text in blocks(ROOT / "docs" / "webhooks.md", "toml"))

    assert f'scheme = "{scheme}"' in examples


@pytest.mark.parametrize("data_format", DataFormat)
def test_every_format_is_listed(data_format: DataFormat) -> None:
    assert f"| `{data_format}` |" in page_text("routes.md")


@pytest.mark.parametrize("state", State)
def test_every_state_of_an_operation_is_described(state: State) -> None:
    assert f"| `{state}` |" in page_text("http-api.md")


@pytest.mark.parametrize(
    "name", [LANDING_CONTAINER, SPOOL_CONTAINER, RETRY_QUEUE, DEAD_LETTER_CONTAINER, LEDGER_CONTAINER]
)
def test_every_container_and_queue_is_named(name: str) -> None:
    assert f"`{name}`" in page_text("settings.md")


@pytest.mark.parametrize(
    "path", re.findall(r'app\.route\(\s*route="([a-z]+)', (ROOT / "function_app.py").read_text(encoding="utf-8"))
)
def test_every_endpoint_is_described(path: str) -> None:
    assert f"/api/{path}" in page_text("http-api.md")


def test_the_changelog_begins_with_what_is_not_released() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert headings[0] == "[Unreleased]"
