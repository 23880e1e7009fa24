"""The Azure Data Explorer dashboard, in the format of its web UI's "Export to file" (schema version 60).

It reads the Log Analytics workspace through the proxy that Azure Data Explorer's web UI has for it (Microsoft docs:
"Query data in Azure Monitor using Azure Data Explorer"). Field names follow exported dashboards and Microsoft's
"KQL dashboard definition".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_never
from uuid import UUID, uuid5

from local.monitoring.board import TITLE, Page, Panel, Visual
from local.monitoring.queries import MonitoringError, Query

#: Stands for the workspace's resource id and for its name, which is the database's; `--workspace` puts them in.
WORKSPACE = "/subscriptions/<subscription id>/resourcegroups/<resource group>/providers/microsoft.operationalinsights/workspaces/<workspace>"  # noqa: E501 - one URL
_PROXY = "https://ade.loganalytics.io"
_SPACE = UUID("0a9a3c1e-52f0-5a52-8f3e-6f8d0f1b7d42")
_SCHEMA = "60"
_WIDTH, _HEIGHT = 22, 8  # columns of the grid that are used, rows of a panel
_TEXT_HEIGHT = 4
_VARIABLES = ("_startTime", "_endTime")
_ID_PARTS = 8  # of a workspace's resource id


def dashboard(pages: Sequence[Page], queries: Mapping[str, Query], workspace: str = WORKSPACE) -> dict[str, Any]:
    """The dashboard of these pages, as JSON values.

    Args:
        pages: what it shows.
        queries: by name.
        workspace: resource id of the Log Analytics workspace.

    Raises:
        MonitoringError: when that is no workspace's resource id.
    """
    return {
        "$schema": f"https://dataexplorer.azure.com/static/d/schema/{_SCHEMA}/dashboard.json",
        "id": _id("dashboard"),
        "eTag": _id("etag"),
        "schema_version": _SCHEMA,
        "title": TITLE,
        "autoRefresh": {"enabled": True, "defaultInterval": "5m", "minInterval": "5m"},
        "baseQueries": [],
        "dataSources": [_source(workspace)],
        "pages": [{"id": _id("page", page.name), "name": page.title} for page in pages],
        "parameters": [_time_range()],
        "queries": [_query(queries[panel.query]) for page in pages for panel in page.panels],
        "tiles": [tile for page in pages for tile in _tiles(page, queries)],
    }


def _id(*names: str) -> str:
    return str(uuid5(_SPACE, "/".join(names)))


def _source(workspace: str) -> dict[str, Any]:
    parts = workspace.strip("/").split("/")
    if len(parts) != _ID_PARTS or [part.lower() for part in parts[4:7:2]] != ["providers", "workspaces"]:
        raise MonitoringError(
            f"no resource id of a Log Analytics workspace: {workspace!r}; it has the form {WORKSPACE}"
        )
    return {
        "id": _id("source"),
        "name": "Log Analytics workspace",
        "kind": "manual-kusto",
        "scopeId": "kusto",
        "clusterUri": f"{_PROXY}/{'/'.join(parts)}",
        "database": parts[-1],
    }


def _time_range() -> dict[str, Any]:
    return {
        "kind": "duration",
        "id": _id("parameter"),
        "displayName": "Time range",
        "description": "",
        "beginVariableName": _VARIABLES[0],
        "endVariableName": _VARIABLES[1],
        "defaultValue": {"kind": "dynamic", "count": 4, "unit": "hours"},
        "showOnPages": {"kind": "all"},
    }


def _query(query: Query) -> dict[str, Any]:
    return {
        "id": _id("query", query.name),
        "dataSource": {"kind": "inline", "dataSourceId": _id("source")},
        "text": query.dashboard,
        "usedVariables": list(_VARIABLES),
    }


def _tiles(page: Page, queries: Mapping[str, Query]) -> Iterator[dict[str, Any]]:
    base = {"pageId": _id("page", page.name)}
    text = {"title": page.title, "visualType": "markdownCard", "markdownText": page.text, "visualOptions": {}}
    yield base | {"id": _id("text", page.name), "layout": _place(0, 0, _WIDTH, _TEXT_HEIGHT)} | text
    x, y = 0, _TEXT_HEIGHT
    for panel in page.panels:
        width = _WIDTH if panel.wide else _WIDTH // 2
        if x + width > _WIDTH:
            x, y = 0, y + _HEIGHT
        yield base | _tile(panel, queries[panel.query]) | {"layout": _place(x, y, width, _HEIGHT)}
        x += width


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "width": width, "height": height}


def _tile(panel: Panel, query: Query) -> dict[str, Any]:
    visual, options = _shown(panel)
    return {
        "id": _id("tile", query.name),
        "title": query.title,
        "visualType": visual,
        "queryRef": {"kind": "query", "queryId": _id("query", query.name)},
        "visualOptions": options,
    }


def _shown(panel: Panel) -> tuple[str, dict[str, Any]]:
    match panel.visual:
        case Visual.NUMBERS:
            return "multistat", _numbers(panel)
        case Visual.LINES:
            return "timechart", _chart(panel)
        case Visual.COLUMNS:
            return "stackedcolumn", _chart(panel)
        case Visual.TABLE:
            return "table", _CROSS | {"table__enableRenderLinks": False, "table__renderLinks": [], "colorRules": []}
        case never:
            assert_never(never)


_CROSS: dict[str, Any] = {
    "crossFilterDisabled": False,
    "drillthroughDisabled": False,
    "crossFilter": [],
    "drillthrough": [],
}


def _numbers(panel: Panel) -> dict[str, Any]:
    return {
        "multiStat__textSize": "auto",
        "multiStat__labelColumn": panel.series,
        "multiStat__valueColumn": panel.values[0],
        "multiStat__displayOrientation": "horizontal",
        "multiStat__slot": {"width": 5, "height": 1},
        "colorRulesDisabled": True,
        "colorStyle": "light",
        "colorRules": [],
    }


def _chart(panel: Panel) -> dict[str, Any]:
    axis = {"id": "-1", "label": "", "columns": [], "yAxisScale": "linear", "horizontalLines": []}
    limits = {"yAxisMinimumValue": None, "yAxisMaximumValue": None}
    return _CROSS | {
        "xColumn": "TimeGenerated",
        "yColumns": list(panel.values),
        "seriesColumns": [panel.series] if panel.series else None,
        "xColumnTitle": "",
        "xAxisScale": "linear",
        "verticalLine": "",
        "hideLegend": False,
        "legendLocation": "bottom",
        "multipleYAxes": {"base": axis | limits, "additional": [], "showMultiplePanels": False},
    }
