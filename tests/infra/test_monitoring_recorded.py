"""Every query of the Workbook, the dashboard and the alerts runs on recorded telemetry, and says what happened."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from local.monitoring.board import PAGES, Visual
from shared.telemetry.metrics import Metric
from tests.kusto_fixture import running_kusto
from tests.telemetry import app
from tests.telemetry.host import record_host
from tests.telemetry.rows import Row, add_rows, create_tables, rows_of
from tests.telemetry.workspace import ALERTS, QUERIES, Workspace, comparable, probe, ranged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.checks.alerts import LogAlert

PANELS = {panel.query: panel for page in PAGES for panel in page.panels}
_NUMBERS = {"long", "int", "real", "decimal"}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Row]]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        host = record_host(monkeypatch)
    return [*rows_of(app.record(tmp_path_factory.mktemp("recorded"))), *rows_of(host), probe(minutes=0)]


@pytest.fixture(scope="module")
def workspace(recorded: list[tuple[str, Row]]) -> Iterator[Workspace]:
    with running_kusto(None) as kusto:
        create_tables(kusto)
        add_rows(kusto, recorded)
        yield Workspace(kusto)


def test_every_metric_was_recorded(recorded: list[tuple[str, Row]]) -> None:
    assert {row["Name"] for table, row in recorded if table == "AppMetrics"} >= set(Metric)


def test_no_record_and_no_secret_is_in_the_telemetry(recorded: list[tuple[str, Row]]) -> None:
    everything = str(recorded)
    assert "RECORDED" not in everything  # a value in every body that was sent
    assert not re.search(r"[?&]sig=|AccountKey|sha256=|x-functions-key", everything)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_runs_and_finds_something(workspace: Workspace, name: str) -> None:
    kinds, rows = workspace.table(QUERIES[name].text)

    assert rows
    panel = PANELS[name]
    assert {panel.series, *panel.values} - {""} <= set(kinds)
    assert {kinds[value] for value in panel.values} <= _NUMBERS
    if panel.visual in {Visual.LINES, Visual.COLUMNS}:
        assert kinds["TimeGenerated"] == "datetime"
        assert set(kinds) == {"TimeGenerated", panel.series, *panel.values} - {""}
    assert not any(row[panel.series] in {"", None} for row in rows if panel.series)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_the_workbook_gets_the_same(workspace: Workspace, name: str) -> None:
    text = QUERIES[name].workbook.replace("{TimeRange:grain}", "5m")
    grained = replace(QUERIES[name], text=re.sub(r"let grain = \w+;", "let grain = 5m;", QUERIES[name].text))

    assert not re.search(r"\{\w", text)
    assert comparable(workspace.table(text)) == comparable(workspace.table(grained.text))


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_the_dashboard_gets_the_same_and_nothing_outside_its_range(workspace: Workspace, name: str) -> None:
    now = datetime.now(UTC)
    inside = ranged(QUERIES[name], now - timedelta(hours=1), now + timedelta(hours=1))
    before = ranged(QUERIES[name], now - timedelta(days=3), now - timedelta(days=2))

    grained = re.sub(r"let grain = \w+;", "let grain = 5m;", QUERIES[name].text)
    assert comparable(workspace.table(inside)) == comparable(workspace.table(grained))
    values = PANELS[name].values
    assert all(not row[value] for row in workspace.table(before)[1] for value in values)
    assert values or not workspace.table(before)[1]


@pytest.mark.parametrize(("days", "minutes"), [(1 / 8, 5), (1, 30), (6, 120), (30, 720)])
def test_the_dashboard_has_wider_buckets_for_longer_ranges(workspace: Workspace, days: float, minutes: int) -> None:
    now = datetime.now(UTC)
    text = ranged(QUERIES["received"], now - timedelta(days=days) + timedelta(minutes=5), now + timedelta(minutes=5))

    begins = [row["TimeGenerated"] for row in workspace.table(text)[1]]

    assert begins
    assert all(int(begin.replace(tzinfo=UTC).timestamp()) % (minutes * 60) == 0 for begin in begins)


def test_work(workspace: Workspace) -> None:
    assert {row["Fate"]: row["Requests"] for row in workspace.rows("work")} == {
        "received": app.RECEIVED,
        "delivered": app.DELIVERED,
        "deferred": app.QUEUED + app.SPOOLED,
        "rejected": app.REFUSED_BODIES + app.BROKEN_BLOBS,
        "duplicate": app.DUPLICATES,
    }
    assert next(row["Fate"] for row in workspace.rows("work")) == "received"


def test_routes(workspace: Workspace) -> None:
    shown = {row["Route"]: row for row in workspace.rows("routes")}
    assert set(shown) == {"storm-lines", "queued", "nowhere", "events", "storms"}
    assert shown["storm-lines"] == {
        "Route": "storm-lines",
        "Received": app.DELIVERED + app.DUPLICATES,
        "Delivered": app.DELIVERED,
        "Deferred": 0,
        "Rejected": 0,
        "Duplicate": app.DUPLICATES,
        "Rows": app.ROWS,
    }
    assert (shown["nowhere"]["Received"], shown["nowhere"]["Deferred"]) == (app.SPOOLED, app.SPOOLED)
    assert (shown["storms"]["Received"], shown["storms"]["Rejected"]) == (app.BROKEN_BLOBS, app.BROKEN_BLOBS)


@pytest.mark.parametrize(
    ("name", "value", "series", "wanted"),
    [
        ("received", "Requests", "Route", {"storm-lines": app.DELIVERED + app.DUPLICATES, "queued": app.QUEUED}),
        ("outcomes", "Requests", "Fate", {"delivered": app.DELIVERED, "duplicate": app.DUPLICATES}),
        ("modes", "Requests", "Mode", {"queued": app.QUEUED, "spooled": app.SPOOLED}),
        ("rows", "Rows", "Route", {"storm-lines": app.ROWS, "queued": app.QUEUED}),
        ("attempts", "Attempts", "Result", {"throttled": app.THROTTLED, "table-not-found": app.SPOOLED}),
    ],
)
def test_charts_hold_every_count(
    workspace: Workspace, name: str, value: str, series: str, wanted: dict[str, int]
) -> None:
    sums: dict[str, float] = {}
    for row in workspace.rows(name):
        sums[row[series]] = sums.get(row[series], 0) + row[value]
    assert {each: sums[each] for each in wanted} == wanted


def test_deferrals(workspace: Workspace) -> None:
    assert [tuple(row.values()) for row in workspace.rows("deferrals")] == [
        ("destination-not-configured", "spooled", "nowhere", app.SPOOLED),
        ("route-is-queued", "queued", "queued", app.QUEUED),
    ]


def test_throttling(workspace: Workspace) -> None:
    first = workspace.rows("throttling")[0]
    attempts = app.DELIVERED + app.THROTTLED
    assert first == {
        "Route": "storm-lines",
        "Attempts": attempts,
        "Throttled": app.THROTTLED,
        "Failed": app.THROTTLED,
        "ThrottledPercent": round(100 * app.THROTTLED / attempts, 1),
    }
    for row in workspace.rows("streaming-limit"):
        assert 0 < row["Lowest"] <= row["Highest"]


def test_calls_to_kusto(workspace: Workspace) -> None:
    found = {(row["Call"], row["Table"]): row for row in workspace.rows("call-percentiles")}
    streamed = found["stream", "Events.MyStormEvents"]
    assert (streamed["Calls"], streamed["Failed"]) == (app.DELIVERED + app.THROTTLED, app.THROTTLED)
    assert found["stream", "Events.NoSuchTable"]["Failed"] == app.SPOOLED
    assert found["queue", "Events.MyStormEvents"]["Calls"] == app.QUEUED
    assert set(found) == {
        ("stream", "Events.MyStormEvents"),
        ("stream", "Events.NoSuchTable"),
        ("queue", "Events.MyStormEvents"),
    }


def test_latencies(workspace: Workspace) -> None:
    found = {row["Route"]: row for row in workspace.rows("latency-percentiles")}
    assert {route: row["Requests"] for route, row in found.items()} == {
        "storm-lines": app.DELIVERED + app.DUPLICATES,
        "queued": app.QUEUED,
        "nowhere": app.SPOOLED,
        "events": app.REFUSED_BODIES,
        "storms": app.BROKEN_BLOBS,
    }
    for row in found.values():
        assert 0 <= row["P50"] <= row["P95"] <= row["P99"] <= row["Longest"]
    for row in workspace.rows("durations"):
        assert 0 <= row["Mean"] <= row["Longest"]
    assert sum(row["Requests"] for row in workspace.rows("durations")) == app.RECEIVED


def test_what_is_kept(workspace: Workspace) -> None:
    first, second, third, fourth = (row["Amount"] for row in workspace.rows("kept"))
    assert (first, third, fourth) == (app.SPOOLED, app.DEAD_LETTERS, app.POISONED)
    assert second > 0
    assert max(row["Payloads"] for row in workspace.rows("spool-payloads")) == app.SPOOLED
    assert sum(row["Events"] for row in workspace.rows("poisoned")) == app.POISONED
    assert [tuple(row.values()) for row in workspace.rows("dead-letters")] == [
        ("internal", "storms", app.POISONED),
        ("malformed-body", "storms", app.BROKEN_BLOBS),
    ]


def test_failing_routes(workspace: Workspace) -> None:
    found = {
        (row["Route"], row["Reason"]): (row["Rejected"], row["DeadLetters"]) for row in workspace.rows("failing-routes")
    }
    assert found == {
        ("storms", "malformed-body"): (app.BROKEN_BLOBS, app.BROKEN_BLOBS),
        ("storms", "internal"): (0, app.POISONED),
        ("events", "malformed-body"): (app.REFUSED_BODIES, 0),
    }


def test_functions(workspace: Workspace) -> None:
    found = {row["Function"]: (row["Calls"], row["Refused"], row["Failed"]) for row in workspace.rows("functions")}
    assert found == {"POST ingest": (8, 2, 1), "sweep": (1, 0, 0), "blob_created": (7, 0, 7)}


@pytest.mark.parametrize("alert", ALERTS.values(), ids=lambda alert: alert.name)
def test_an_alert_has_the_columns_that_its_rule_names(workspace: Workspace, alert: LogAlert) -> None:
    kinds, rows = workspace.table(alert.query.read_text(encoding="utf-8"))

    assert rows
    assert kinds[alert.column] in _NUMBERS
    assert {kinds[name] for name in alert.dimensions} <= {"string"}
    assert set(kinds) == {alert.column, *alert.dimensions}


def test_alerts_measure_what_happened(workspace: Workspace) -> None:
    deferral = {row["Route"]: row["Percent"] for row in workspace.alert("deferral-rate")}
    letters = {(row["Route"], row["Reason"]): row["DeadLetters"] for row in workspace.alert("dead-letters")}
    failures = {row["Function"]: row["Failures"] for row in workspace.alert("function-failures")}

    assert deferral == {"storm-lines": 0, "nowhere": 100}  # a route that never streams is left out
    assert letters == {("storms", "malformed-body"): app.BROKEN_BLOBS, ("storms", "internal"): app.POISONED}
    assert failures == {"POST ingest": 1, "blob_created": 7}
    assert workspace.alert("poisoned-blobs") == [{"Events": app.POISONED}]
    assert workspace.alert("sweep-missing")[0]["Readings"] >= 1
    assert 0 <= workspace.alert("spool-age")[0]["Minutes"] < 5
    assert workspace.alert("cluster-stopped")[0]["Minutes"] < 30


def test_alerts_on_a_silent_workspace() -> None:
    with running_kusto(None) as kusto:
        create_tables(kusto)
        silent = Workspace(kusto)

        assert silent.alert("sweep-missing") == [{"Readings": 0}]
        assert silent.alert("spool-age") == [{"Minutes": None}]
        assert silent.alert("cluster-stopped") == [{"Minutes": None}]
        assert (silent.alert("dead-letters"), silent.alert("deferral-rate")) == ([], [])

        add_rows(kusto, [probe(minutes=90), probe(minutes=45)])
        assert silent.alert("cluster-stopped")[0]["Minutes"] in {45, 46}


def test_old_payloads_in_the_spool_are_told_by_the_latest_reading(recorded: list[tuple[str, Row]]) -> None:
    table, reading = next((table, row) for table, row in recorded if row.get("Name") == Metric.SPOOL_AGE)
    with running_kusto(None) as kusto:
        create_tables(kusto)
        add_rows(kusto, [(table, reading | {"TimeGenerated": "2026-01-01T10:00:00Z", "Sum": 5400.0})])
        assert Workspace(kusto).alert("spool-age") == [{"Minutes": 90}]
        add_rows(kusto, [(table, reading | {"TimeGenerated": "2026-01-01T10:10:00Z", "Sum": 60.0})])
        assert Workspace(kusto).alert("spool-age") == [{"Minutes": 1}]
