"""The generated files of infra/monitoring, as text."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.monitoring.board import PAGES
from local.monitoring.dashboard import WORKSPACE, dashboard
from local.monitoring.queries import MonitoringError, Query, read
from local.monitoring.workbook import workbook


def files(folder: Path) -> dict[Path, str]:
    """What the generated files below a folder must be; raises `MonitoringError`."""
    queries = _queries(folder)
    return {
        folder / "workbook.json": _text(workbook(PAGES, queries)),
        folder / "dashboard.json": _text(dashboard(PAGES, queries)),
    }


def dashboard_for(folder: Path, workspace: str = WORKSPACE) -> str:
    """The dashboard that reads one workspace; raises `MonitoringError`."""
    return _text(dashboard(PAGES, _queries(folder), workspace))


def _queries(folder: Path) -> Mapping[str, Query]:
    queries = read(folder / "queries")
    shown = {panel.query for page in PAGES for panel in page.panels}
    if missing := sorted(shown - set(queries)):
        raise MonitoringError(f"there is no file for {', '.join(missing)} in {folder.name}/queries")
    if unused := sorted(set(queries) - shown):
        raise MonitoringError(f"no page shows {', '.join(unused)} (local/monitoring/board.py)")
    return queries


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
