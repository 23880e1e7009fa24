"""The queries speak of what the code emits, and of all of it; every alert has a rule and a runbook."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from local.monitoring.board import PAGES
from local.monitoring.queries import MONITORING, MonitoringError, parse, read
from local.paths import ROOT
from shared.accounting import Fate
from shared.outcome import Mode
from shared.telemetry.metrics import ACCEPTED, Key, Metric
from shared.telemetry.spans import Work
from tests.infra.bicep.syntax import read_bicep
from tests.infra.checks.alerts import MODULES, log_alerts, metric_alerts
from tests.kql.language import LanguageService, language
from tests.kql.scripts import Schema
from tests.telemetry.rows import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["language"]

QUERIES = read()
ALERTS = read(MONITORING / "alerts")
EVERYTHING = {f"queries/{name}": query for name, query in QUERIES.items()} | {
    f"alerts/{name}": query for name, query in ALERTS.items()
}
_LITERAL = re.compile(r'"([^"]*)"')

#: What the queries say beside the names of the code: parts of other people's names, and labels of their own.
_OTHERS = {
    "",
    " ",  # between the words of a span's name
    "4",  # the status codes of callers' mistakes
    "minute",
    "received",
    "Microsoft.Kusto",
    "KeepAlive",
    "payloads in the spool",
    "seconds that the oldest waits",
    "dead letters written",
    "blobs that the host gave up on",
}


def reasons(module: str) -> set[str]:
    """The reasons that a module gives as literals, and those that it compares with."""
    tree = ast.parse((ROOT / "shared" / module).read_text(encoding="utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    given = (word.value for call in calls for word in call.keywords if word.arg == "reason")
    return {value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str)}


def literals(text: str) -> set[str]:
    return set(_LITERAL.findall(text))


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_query_says_only_what_the_code_emits(name: str) -> None:
    words = {f"{Work.INGEST} ", Work.STREAM, Work.QUEUE}
    known = {*Metric, *Fate, *Mode, *words, ACCEPTED, *_OTHERS}
    known |= reasons("ingest/errors.py") | reasons("ingest/policy.py") | reasons("ingest/durable.py")
    text = EVERYTHING[name].text

    assert literals(text) - known == set()
    assert set(re.findall(r"\bProperties\b\.?(\w*)", text)) <= set(Key)


def test_every_metric_attribute_and_span_is_shown() -> None:
    shown = "\n".join(query.text for query in QUERIES.values())

    assert literals(shown) >= set(Metric)
    assert set(re.findall(r"\bProperties\.(\w+)", shown)) == set(Key)
    assert literals(shown) >= {f"{Work.INGEST} ", Work.STREAM, Work.QUEUE}
    assert set(Work) == {Work.INGEST, Work.STREAM, Work.QUEUE}


def test_only_deferrals_by_choice_are_left_out_of_the_deferral_rate() -> None:
    (left_out,) = re.findall(r"reason\) !in \(([^)]*)\)", ALERTS["deferral-rate"].text)

    assert literals(left_out) == reasons("ingest/policy.py") | reasons("ingest/durable.py")
    assert reasons("ingest/durable.py") == {"asked-for"}


@pytest.mark.parametrize("spelling", ["text", "workbook", "dashboard"])
@pytest.mark.parametrize("name", EVERYTHING)
def test_the_language_service_has_no_objection(language: LanguageService, name: str, spelling: str) -> None:
    text = str(getattr(EVERYTHING[name], spelling)).replace("{TimeRange:grain}", "5m")
    variables = "let _startTime = datetime(2026-01-01);\nlet _endTime = datetime(2026-01-02);\n"
    found = language.check((variables if spelling == "dashboard" else "") + text, Schema(tables=SCHEMA), file=name)

    assert [str(each) for each in found if each.severity != "Suggestion"] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("AppMetrics\n| count\n", "title"),
        ("// A title\nunion AppMetrics, AppTraces\n| count\n", "line of its own"),
        ("// A title\nStormEvents\n| count\n", "line of its own"),
        ("// A title\nlet grain = 5m;\nAppMetrics\n| count\n", "need each other"),
        ("// A title\nAppMetrics\n| summarize count() by bin(TimeGenerated, grain)\n", "need each other"),
    ],
)
def test_a_file_that_breaks_a_convention_is_named(text: str, wrong: str) -> None:
    with pytest.raises(MonitoringError, match=rf"^some\.kql: .*{wrong}"):
        parse("some", text)


def test_every_alert_query_has_a_rule_and_the_other_way_round() -> None:
    rules = log_alerts()

    assert [alert.name for alert in rules] == [alert.query.stem for alert in rules]
    assert sorted(alert.query.stem for alert in rules) == sorted(ALERTS)
    assert all(alert.query.parent == MONITORING / "alerts" for alert in rules)


def test_what_must_alert_does() -> None:
    assert {alert.metric for alert in metric_alerts()} >= {
        "StreamingIngestResults",
        "KeepAlive",
        "DeadLetteredCount",
        "DroppedEventCount",
    }
    assert {alert.name for alert in log_alerts()} >= {"deferral-rate", "dead-letters", "spool-age", "poisoned-blobs"}


@pytest.mark.parametrize("module", ["alerts.bicep", "metric-alerts.bicep"])
def test_descriptions_and_messages_name_the_runbook(module: str) -> None:
    text = (MODULES / module).read_text(encoding="utf-8")

    assert "Runbook: ${runbook}${alert.name}'" in text
    assert str(read_bicep(MODULES / "alerts.bicep").vars["runbook"].value) == "docs/operations.md#"


@pytest.mark.parametrize("name", [alert.name for alert in (*log_alerts(), *metric_alerts())])
def test_an_alert_has_a_runbook(name: str) -> None:
    assert name in anchors(ROOT / "docs" / "operations.md")


def test_what_the_boards_link_to_exists() -> None:
    linked = {anchor for page in PAGES for anchor in re.findall(r"docs/operations\.md#([\w-]+)", page.text)}

    assert linked
    assert linked <= anchors(ROOT / "docs" / "operations.md")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}
