"""The Azure Monitor Workbook: `serializedData` of `Microsoft.Insights/workbooks`, format Notebook/1.0.

Item types and settings as the portal writes them (Microsoft docs: "Azure Workbooks"; the gallery templates of
microsoft/Application-Insights-Workbooks).
"""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never
from uuid import UUID, uuid5

from local.monitoring.board import TITLE, Page, Panel, Visual
from local.monitoring.queries import Query

#: Stands for the workspace's resource id; infra/modules/workbook.bicep puts the real one in.
WORKSPACE = "__WORKSPACE_ID__"
_SPACE = UUID("7b4a58f4-6a4c-5c0e-9a53-0f5b1d6e8c11")
_TEXT, _QUERY, _PARAMETERS, _TABS, _GROUP = 1, 3, 9, 11, 12
_TIME_RANGE = 4
_WORKSPACES = "microsoft.operationalinsights/workspaces"
_HOUR = 3_600_000  # milliseconds
_RANGES = tuple(hours * _HOUR for hours in (1, 4, 12, 24, 3 * 24, 7 * 24, 30 * 24))
_TAB = "page"
_TEXT_FORMAT, _BIG_NUMBER = 1, 12
_COUNT = 17  # number format: a count, abbreviated


def workbook(pages: Sequence[Page], queries: Mapping[str, Query]) -> dict[str, Any]:
    """The Workbook of these pages, as JSON values."""
    return {
        "version": "Notebook/1.0",
        "items": [
            _text("title", f"# {TITLE}"),
            _parameters(),
            _tabs(pages),
            *(_page(page, queries) for page in pages),
        ],
        "fallbackResourceIds": [WORKSPACE],
        "$schema": "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
    }


def _text(name: str, markdown: str) -> dict[str, Any]:
    return {"type": _TEXT, "content": {"json": markdown}, "name": name}


def _parameters() -> dict[str, Any]:
    time_range = {
        "id": str(uuid5(_SPACE, "TimeRange")),
        "version": "KqlParameterItem/1.0",
        "name": "TimeRange",
        "label": "Time range",
        "type": _TIME_RANGE,
        "isRequired": True,
        "value": {"durationMs": 4 * _HOUR},
        "typeSettings": {"selectableValues": [{"durationMs": each} for each in _RANGES], "allowCustom": True},
    }
    content = {"version": "KqlParameterItem/1.0", "parameters": [time_range], "style": "pills"}
    return {"type": _PARAMETERS, "content": content | _SOURCE, "name": "parameters"}


_SOURCE = {"queryType": 0, "resourceType": _WORKSPACES}


def _tabs(pages: Sequence[Page]) -> dict[str, Any]:
    links = [
        {
            "id": str(uuid5(_SPACE, page.name)),
            "cellValue": _TAB,
            "linkTarget": "parameter",
            "linkLabel": page.title,
            "subTarget": page.name,
            "style": "link",
        }
        for page in pages
    ]
    return {"type": _TABS, "content": {"version": "LinkItem/1.0", "style": "tabs", "links": links}, "name": "pages"}


def _page(page: Page, queries: Mapping[str, Query]) -> dict[str, Any]:
    items = [_text(f"{page.name}-text", page.text), *(_panel(panel, queries[panel.query]) for panel in page.panels)]
    return {
        "type": _GROUP,
        "content": {"version": "NotebookGroup/1.0", "groupType": "editable", "items": items},
        "conditionalVisibility": {"parameterName": _TAB, "comparison": "isEqualTo", "value": page.name},
        "name": f"{page.name}-page",
    }


def _panel(panel: Panel, query: Query) -> dict[str, Any]:
    content = {
        "version": "KqlItem/1.0",
        "query": query.workbook,
        "size": 1 if panel.visual is Visual.TABLE else 0,
        "title": query.title,
        "timeContextFromParameter": "TimeRange",
        "showExportToExcel": panel.visual is Visual.TABLE,
        "crossComponentResources": [WORKSPACE],
    }
    return {
        "type": _QUERY,
        "content": content | _SOURCE | _shown(panel),
        "customWidth": "100" if panel.wide else "50",
        "name": query.name,
    }


def _shown(panel: Panel) -> dict[str, Any]:
    match panel.visual:
        case Visual.NUMBERS:
            return {"visualization": "tiles", "tileSettings": _tiles(panel)}
        case Visual.LINES:
            return {"visualization": "timechart", "chartSettings": _chart(panel)}
        case Visual.COLUMNS:
            return {"visualization": "barchart", "chartSettings": _chart(panel)}
        case Visual.TABLE:
            return {"visualization": "table", "gridSettings": {"rowLimit": 250, "filter": True}}
        case never:
            assert_never(never)


def _tiles(panel: Panel) -> dict[str, Any]:
    number = {"unit": _COUNT, "options": {"style": "decimal", "maximumFractionDigits": 0}}
    left = {"columnMatch": panel.values[0], "formatter": _BIG_NUMBER, "numberFormat": number}
    return {
        "titleContent": {"columnMatch": panel.series, "formatter": _TEXT_FORMAT},
        "leftContent": left,
        "showBorder": True,
    }


def _chart(panel: Panel) -> dict[str, Any]:
    chart: dict[str, Any] = {"xAxis": "TimeGenerated", "yAxis": list(panel.values), "showLegend": True}
    return chart | ({"group": panel.series, "createOtherGroup": 20} if panel.series else {})
