"""App settings: what the template sets is what the code and the platform read, both ways; the page says the same."""

from local.docs.pages import stale
from local.docs.parts import PARTS
from local.docs.platform_settings import PLATFORM_SETTINGS
from local.paths import ROOT
from tests.infra.checks.code import code_of
from tests.infra.checks.settings import (
    default_coverage_problems,
    default_problems,
    identity_problems,
    kusto_endpoint_problems,
    missing_problems,
    refused_problems,
    secret_name_problems,
    secret_problems,
    unknown_problems,
    value_problems,
)


def test_every_setting_that_is_read_is_set() -> None:
    assert missing_problems(ROOT) == []


def test_every_setting_that_is_set_is_read() -> None:
    assert unknown_problems(ROOT) == []


def test_refused_settings_are_not_set() -> None:
    assert refused_problems(ROOT) == []


def test_platform_settings_have_the_documented_values() -> None:
    assert value_problems(ROOT) == []


def test_defaults_of_the_template_are_those_of_the_code() -> None:
    assert default_problems(ROOT) == []


def test_every_default_is_seen() -> None:
    assert default_coverage_problems(ROOT) == []


def test_secrets_are_references_to_the_vault() -> None:
    assert secret_problems(ROOT) == []


def test_the_secrets_are_those_of_the_routes() -> None:
    assert secret_name_problems(ROOT) == []


def test_all_settings_name_one_identity() -> None:
    assert identity_problems(ROOT) == []


def test_endpoints_come_from_the_cluster_or_are_given() -> None:
    assert kusto_endpoint_problems(ROOT) == []


def test_the_page_shows_the_platform_settings() -> None:
    assert [page.name for page in stale(ROOT / "docs", PARTS)] == [], "run: .dev/venv/bin/python -m local.docs"
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert [row.name for row in PLATFORM_SETTINGS if f"| `{row.name}` |" not in page] == []


def test_platform_settings_are_not_settings_of_the_code() -> None:
    names = [row.name for row in PLATFORM_SETTINGS]

    assert len(set(names)) == len(names)
    assert not set(names) & code_of(ROOT).settings.keys()
    assert all(bool(row.value) is not bool(row.meaning) for row in PLATFORM_SETTINGS)
