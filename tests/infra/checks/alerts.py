"""The alert rules of infra/modules, as their files list them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.paths import ROOT
from tests.infra.bicep.syntax import BicepFile, read_bicep
from tests.infra.bicep.values import Call, Choice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.infra.bicep.values import Value

MODULES = ROOT / "infra" / "modules"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAlert:
    """A rule that runs a query: the number in `column` is compared, for each value of the dimensions by itself."""

    name: str
    query: Path
    column: str
    dimensions: tuple[str, ...]
    operator: str
    severity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricAlert:
    """A rule over a platform metric."""

    name: str
    metric: str
    severity: int


def log_alerts() -> list[LogAlert]:
    return [
        LogAlert(
            name=str(row["name"]),
            query=_loaded(row["query"]),
            column=str(row["column"]),
            dimensions=tuple(str(name) for name in _list(row.get("dimensions"))),
            operator=str(row["operator"]),
            severity=int(str(row["severity"])),
        )
        for row in _rows(read_bicep(MODULES / "alerts.bicep"))
    ]


def metric_alerts() -> list[MetricAlert]:
    rows = _rows(read_bicep(MODULES / "metric-alerts.bicep"))
    return [
        MetricAlert(name=str(row["name"]), metric=str(row["metric"]), severity=int(str(row["severity"])))
        for row in rows
    ]


def _rows(file: BicepFile) -> Iterator[dict[str, Value]]:
    """The objects of every list of rules, those included that stand under a condition."""
    for var in file.vars.values():
        for side in (var.value.then, var.value.otherwise) if isinstance(var.value, Choice) else (var.value,):
            yield from (row for row in _list(side) if isinstance(row, dict))


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def _loaded(value: Value) -> Path:
    assert isinstance(value, Call), value
    assert value.name == "loadTextContent", value
    return (MODULES / str(value.arguments[0])).resolve()
