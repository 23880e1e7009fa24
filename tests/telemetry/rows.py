"""Recorded envelopes as rows of a Log Analytics workspace, and the tables they belong to.

Which envelope becomes a row of which table, and what each column is called: Microsoft docs, "Migrate to
workspace-based Application Insights" (table and column mapping) and "Azure Monitor Logs reference". Of the columns
there are those that queries can use; `ItemCount` of a sampled item is how many it stands for.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.kusto_fixture import LocalKusto
    from tests.telemetry.endpoint import Envelope

type Row = dict[str, Any]

_COMMON = {
    "TimeGenerated": "datetime",
    "ItemCount": "int",
    "OperationId": "string",
    "ParentId": "string",
    "OperationName": "string",
    "AppRoleName": "string",
    "AppRoleInstance": "string",
    "AppVersion": "string",
    "Properties": "dynamic",
}
_CALL = {"Id": "string", "Name": "string", "DurationMs": "real", "Success": "bool", "ResultCode": "string"}

#: Columns of each table with their types.
SCHEMA: Mapping[str, Mapping[str, str]] = {
    "AppMetrics": _COMMON | {"Name": "string", "Sum": "real", "Min": "real", "Max": "real"},
    "AppDependencies": _COMMON | _CALL | {"DependencyType": "string", "Target": "string", "Data": "string"},
    "AppRequests": _COMMON | _CALL | {"Url": "string", "Source": "string"},
    "AppTraces": _COMMON | {"Message": "string", "SeverityLevel": "int"},
    "AzureMetrics": {
        "TimeGenerated": "datetime",
        "ResourceId": "string",
        "ResourceProvider": "string",
        "MetricName": "string",
        "Total": "real",
        "Count": "real",
        "Maximum": "real",
        "Minimum": "real",
        "Average": "real",
        "TimeGrain": "string",
    },
}


def rows_of(envelopes: Iterable[Envelope]) -> Iterator[tuple[str, Row]]:
    """Table and row of each envelope; one of a kind that has no table here is an error."""
    for envelope in envelopes:
        data = envelope["data"]["baseData"]
        common = _common(envelope, data)
        match envelope["data"]["baseType"]:
            case "MetricData":
                for point in data["metrics"]:
                    yield "AppMetrics", common | _metric(point)
            case "RemoteDependencyData":
                more = {"DependencyType": data.get("type"), "Target": data.get("target"), "Data": data.get("data")}
                yield "AppDependencies", common | _call(data, data.get("resultCode")) | more
            case "RequestData":
                more = {"Url": data.get("url"), "Source": data.get("source")}
                yield "AppRequests", common | _call(data, data.get("responseCode")) | more
            case "MessageData":
                yield "AppTraces", common | {"Message": data["message"], "SeverityLevel": data.get("severityLevel")}
            case other:
                raise AssertionError(f"no table is known for {other}")


def create_tables(kusto: LocalKusto) -> None:
    """Make the workspace's tables, empty."""
    for table, columns in SCHEMA.items():
        kusto.run(f".create table {table} ({', '.join(f'{name}:{kind}' for name, kind in columns.items())})")


def add_rows(kusto: LocalKusto, rows: Iterable[tuple[str, Row]]) -> None:
    """Put rows into the tables."""
    by_table: dict[str, list[Row]] = {}
    for table, row in rows:
        assert set(row) <= set(SCHEMA[table]), f"{table} has no column {set(row) - set(SCHEMA[table])}"
        by_table.setdefault(table, []).append(row)
    for table, some in by_table.items():
        kusto.run(f".ingest inline into table {table} <|\n{_csv(table, some)}")


def _common(envelope: Envelope, data: Mapping[str, Any]) -> Row:
    tags = envelope.get("tags") or {}
    return {
        "TimeGenerated": envelope["time"],
        "ItemCount": round(100 / (envelope.get("sampleRate") or 100)),
        "OperationId": tags.get("ai.operation.id"),
        "ParentId": tags.get("ai.operation.parentId"),
        "OperationName": tags.get("ai.operation.name"),
        "AppRoleName": tags.get("ai.cloud.role"),
        "AppRoleInstance": tags.get("ai.cloud.roleInstance"),
        "AppVersion": tags.get("ai.application.ver"),
        "Properties": data.get("properties") or {},
    }


def _metric(point: Mapping[str, Any]) -> Row:
    return {
        "Name": point["name"],
        "Sum": point["value"],
        "Min": point.get("min"),
        "Max": point.get("max"),
        "ItemCount": point.get("count") or 1,
    }


def _call(data: Mapping[str, Any], code: str | None) -> Row:
    return {
        "Id": data["id"],
        "Name": data["name"],
        "DurationMs": milliseconds(data["duration"]),
        "Success": data["success"],
        "ResultCode": code,
    }


def milliseconds(duration: str) -> float:
    """A duration as envelopes spell it, `d.hh:mm:ss.fff`, in milliseconds."""
    days, _, clock = duration.partition(".")
    hours, minutes, seconds = clock.split(":")
    return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60_000 + float(seconds) * 1000


def _csv(table: str, rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_spelled(row.get(name)) for name in SCHEMA[table]] for row in rows)
    return text.getvalue()


def _spelled(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value
