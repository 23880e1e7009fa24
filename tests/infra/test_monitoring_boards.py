"""The generated Workbook and dashboard are up to date, and what their readers expect."""

from __future__ import annotations

import json
import re
import shutil
from itertools import combinations
from typing import TYPE_CHECKING, Any
from uuid import UUID

from local.monitoring.__main__ import main
from local.monitoring.board import PAGES, TITLE
from local.monitoring.dashboard import dashboard
from local.monitoring.queries import MONITORING, read
from local.monitoring.workbook import WORKSPACE
from tests.infra.bicep.syntax import read_bicep
from tests.infra.checks.alerts import MODULES

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

QUERIES = read()
_WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/log-1"


def test_the_generated_files_are_up_to_date() -> None:
    assert main(["--check"]) == 0, "run `python -m local.monitoring`"


def test_a_change_of_a_query_is_noticed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "monitoring"
    shutil.copytree(MONITORING, folder)
    changed = folder / "queries" / "received.kql"
    changed.write_text(changed.read_text(encoding="utf-8").replace("Requests received", "Received"), encoding="utf-8")

    assert main(["--check", "--folder", str(folder)]) == 1
    assert "workbook.json is not up to date" in capsys.readouterr().err
    assert main(["--folder", str(folder)]) == 0
    assert main(["--check", "--folder", str(folder)]) == 0


def test_a_query_that_no_page_shows_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "monitoring"
    shutil.copytree(MONITORING, folder)
    shutil.copy(folder / "queries" / "rows.kql", folder / "queries" / "more.kql")
    assert main(["--folder", str(folder)]) == 1
    assert "no page shows more" in capsys.readouterr().err

    (folder / "queries" / "more.kql").unlink()
    (folder / "queries" / "rows.kql").unlink()
    assert main(["--folder", str(folder)]) == 1
    assert "no file for rows" in capsys.readouterr().err


def test_the_workbook_has_what_the_portal_needs() -> None:
    text = (MONITORING / "workbook.json").read_text(encoding="utf-8")
    found = json.loads(text)
    _title, parameters, tabs, *groups = found["items"]

    assert found["version"] == "Notebook/1.0"
    assert found["fallbackResourceIds"] == [WORKSPACE]
    assert [row["name"] for row in parameters["content"]["parameters"]] == ["TimeRange"]
    links = [(link["cellValue"], link["subTarget"]) for link in tabs["content"]["links"]]
    shown = [(row["conditionalVisibility"]["parameterName"], row["conditionalVisibility"]["value"]) for row in groups]
    assert links == shown == [("page", page.name) for page in PAGES]
    names = [item["name"] for item in _all_items(found)]
    assert len(set(names)) == len(names)


def test_every_query_of_the_workbook_has_workspace_and_time_range() -> None:
    found = json.loads((MONITORING / "workbook.json").read_text(encoding="utf-8"))
    panels = {item["name"]: item["content"] for item in _all_items(found) if item["type"] == 3}

    assert set(panels) == set(QUERIES)
    for name, content in panels.items():
        assert (content["query"], content["title"]) == (QUERIES[name].workbook, QUERIES[name].title)
        assert content["crossComponentResources"] == [WORKSPACE]
        assert content["timeContextFromParameter"] == "TimeRange"
        assert set(re.findall(r"\{(\w+)", content["query"])) <= {"TimeRange"}
        assert content["visualization"] in {"tiles", "timechart", "barchart", "table"}


def _all_items(node: dict[str, Any]) -> list[dict[str, Any]]:
    items = node.get("items", [])
    return [*items, *(inner for item in items if item["type"] == 12 for inner in _all_items(item["content"]))]


def test_the_dashboard_hangs_together() -> None:
    found = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    ids = {
        kind: {row["id"] for row in found[kind]} for kind in ("dataSources", "pages", "parameters", "queries", "tiles")
    }
    every = [row["id"] for kind in ids for row in found[kind]]

    assert len({UUID(each) for each in [*every, found["id"], found["eTag"]]}) == len(every) + 2
    assert all(query["dataSource"]["dataSourceId"] in ids["dataSources"] for query in found["queries"])
    assert {tile["pageId"] for tile in found["tiles"]} == ids["pages"]
    asked = [tile["queryRef"]["queryId"] for tile in found["tiles"] if "queryRef" in tile]
    assert sorted(asked) == sorted(ids["queries"])
    assert len(asked) == len(QUERIES)
    for query in found["queries"]:
        assert query["usedVariables"] == ["_startTime", "_endTime"]
        assert all(f"['{name}']" in query["text"] for name in query["usedVariables"])
        assert "grain" not in query["text"]


def test_tiles_of_a_page_do_not_overlap() -> None:
    found = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    for page in found["pages"]:
        places = [tile["layout"] for tile in found["tiles"] if tile["pageId"] == page["id"]]
        for place in places:
            assert place["x"] + place["width"] <= 22
        for one, other in combinations(places, 2):
            beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
            assert beside or above


def test_the_dashboard_of_a_workspace_is_ready_to_import(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--workspace", _WORKSPACE]) == 0
    (source,) = json.loads(capsys.readouterr().out)["dataSources"]

    assert source["clusterUri"] == f"https://ade.loganalytics.io{_WORKSPACE}"
    assert source["database"] == "log-1"
    (committed,) = dashboard(PAGES, QUERIES)["dataSources"]
    assert committed["clusterUri"].count("<") == 3
    assert main(["--workspace", "log-1"]) == 1
    assert "/subscriptions/<subscription id>/" in capsys.readouterr().err


def test_the_module_puts_the_workspace_in() -> None:
    file = read_bicep(MODULES / "workbook.bicep")
    (resource,) = file.resources
    properties = resource.body["properties"]
    assert isinstance(properties, dict)
    wanted = f"replace(loadTextContent('../monitoring/workbook.json'), '{WORKSPACE}', workspaceId)"
    assert str(properties["serializedData"]) == wanted
    assert properties["displayName"] == TITLE
