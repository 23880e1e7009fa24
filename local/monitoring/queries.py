"""The query files of infra/monitoring, and what the Workbook and the dashboard make of each.

A file's first line is a comment with its title; the rest is KQL that runs as it is in a Log Analytics workspace. Two
conventions let the readers put in what is theirs:

* `let grain = 5m;` on a line of its own sets the width of the time buckets, used as `bin(TimeGenerated, grain)`.
* A table's name stands on a line of its own, so that a time filter can follow it. Files have no time filter: the
  Workbook and alert rules apply their own range; the dashboard's data source has none (Microsoft docs: "Query data in
  Azure Monitor using Azure Data Explorer").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.paths import ROOT

MONITORING = ROOT / "infra" / "monitoring"
#: Tables of a workspace that the queries read (Microsoft docs: "Azure Monitor Logs reference").
TABLES = ("AppMetrics", "AppDependencies", "AppRequests", "AppTraces", "AzureMetrics")

_TITLE = re.compile(r"// (?P<title>\S.*)\n")
_GRAIN = re.compile(r"^let grain = \S+;\n", re.MULTILINE)
_TABLE = re.compile(rf"^(?P<indent> *)(?P<table>{'|'.join(TABLES)})$", re.MULTILINE)
_BIN = "bin(TimeGenerated, grain)"
#: Buckets by the length of the range: about a hundred points at most.
_BINS = (
    "case(span <= 4h, bin(TimeGenerated, 5m), span <= 1d, bin(TimeGenerated, 30m), "
    "span <= 7d, bin(TimeGenerated, 2h), bin(TimeGenerated, 12h))"
)
_SPAN = "let span = ['_endTime'] - ['_startTime'];\n"
_FILTER = "| where TimeGenerated between (['_startTime'] .. ['_endTime'])"


class MonitoringError(ValueError):
    """A file of infra/monitoring, or the description of the boards, is wrong; the text says which and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query file: its name (without the ending), the title, and the KQL below it."""

    name: str
    title: str
    text: str

    @property
    def workbook(self) -> str:
        """The KQL with the Workbook's time grain (Microsoft docs: "Workbook time parameters")."""
        return _GRAIN.sub("let grain = {TimeRange:grain};\n", self.text)

    @property
    def dashboard(self) -> str:
        """The KQL with the dashboard's time range and a grain that follows from it."""
        text, buckets = _GRAIN.subn(_SPAN, self.text)
        filtered = _TABLE.sub(rf"\g<0>\n\g<indent>{_FILTER}", text)
        return filtered.replace(_BIN, _BINS) if buckets else filtered


def parse(name: str, text: str) -> Query:
    """A query of a file's text.

    Raises:
        MonitoringError: when the title is missing, or a convention of this module is not kept.
    """
    title = _TITLE.match(text)
    if title is None:
        raise MonitoringError(f"{name}.kql: the first line is not a comment with the title (`// ...`)")
    body = text[title.end() :]
    mentioned = sum(len(re.findall(rf"\b{table}\b", body)) for table in TABLES)
    if not mentioned or mentioned != len(_TABLE.findall(body)):
        raise MonitoringError(f"{name}.kql: each table must stand on a line of its own")
    if (_BIN in body) is not bool(_GRAIN.search(body)):
        raise MonitoringError(f"{name}.kql: `let grain = ...;` and `{_BIN}` need each other")
    return Query(name=name, title=title["title"], text=body)


def read(folder: Path = MONITORING / "queries") -> Mapping[str, Query]:
    """The queries of a folder by name, in the order of their names; raises `MonitoringError`."""
    return {path.stem: parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.kql"))}
