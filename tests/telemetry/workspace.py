"""A Log Analytics workspace for tests: the local Kusto with the workspace's tables, and the project's queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.monitoring.queries import Query, read
from tests.infra.checks.alerts import log_alerts

if TYPE_CHECKING:
    from tests.kusto_fixture import LocalKusto
    from tests.telemetry.rows import Row

QUERIES = read()
ALERTS = {alert.name: alert for alert in log_alerts()}


class Workspace:
    """A workspace with recorded telemetry in it."""

    def __init__(self, kusto: LocalKusto) -> None:
        self.kusto = kusto

    def table(self, text: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
        """Columns with their types, and rows."""
        result = self.kusto.engine.query("Events", text)
        kinds = {column.name: str(column.kql) for column in result.columns}
        return kinds, [dict(zip(kinds, row, strict=True)) for row in result.rows]

    def rows(self, name: str) -> list[dict[str, Any]]:
        return self.table(QUERIES[name].text)[1]

    def alert(self, name: str) -> list[dict[str, Any]]:
        return self.table(ALERTS[name].query.read_text(encoding="utf-8"))[1]


def probe(*, minutes: int) -> tuple[str, Row]:
    """A reading of the cluster's own probe, as diagnostic settings deliver it."""
    when = datetime.now(UTC) - timedelta(minutes=minutes)
    return "AzureMetrics", {
        "TimeGenerated": when.isoformat(),
        "ResourceProvider": "MICROSOFT.KUSTO",
        "MetricName": "KeepAlive",
        "Maximum": 1.0,
    }


def ranged(query: Query, begin: datetime, end: datetime) -> str:
    """The dashboard's text with the values of its variables."""
    lets = (("_startTime", begin), ("_endTime", end))
    return "".join(f"let {name} = datetime({when.isoformat()});\n" for name, when in lets) + query.dashboard


def comparable(table: tuple[dict[str, str], list[dict[str, Any]]]) -> tuple[dict[str, str], list[str]]:
    return table[0], sorted(str(row) for row in table[1])
