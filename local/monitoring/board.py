"""What the boards show: pages of panels. The Workbook and the dashboard are two spellings of this."""

from dataclasses import dataclass
from enum import StrEnum

TITLE = "Kusto ingestion"


class Visual(StrEnum):
    """How a panel shows its rows."""

    NUMBERS = "numbers"  # a label and a number for each row
    LINES = "lines"  # over time
    COLUMNS = "columns"  # stacked, over time
    TABLE = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One query, shown.

    Attributes:
        query: Name of its file in infra/monitoring/queries.
        wide: Whether it takes the whole width; else half of it.
        values: The columns with numbers; none for a table, which shows every column.
        series: The column that tells lines, columns or numbers apart; empty where there is but one.
    """

    query: str
    visual: Visual
    wide: bool = False
    values: tuple[str, ...] = ()
    series: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Panels that answer one question; `name` is its stable name, `text` (Markdown) says how to read them."""

    name: str
    title: str
    text: str
    panels: tuple[Panel, ...]


def _numbers(query: str, value: str, series: str) -> Panel:
    return Panel(query=query, visual=Visual.NUMBERS, wide=True, values=(value,), series=series)


def _lines(query: str, *values: str, series: str = "") -> Panel:
    return Panel(query=query, visual=Visual.LINES, values=values, series=series)


def _columns(query: str, value: str, series: str = "") -> Panel:
    return Panel(query=query, visual=Visual.COLUMNS, values=(value,), series=series)


def _table(query: str) -> Panel:
    return Panel(query=query, visual=Visual.TABLE, wide=True)


PAGES = (
    Page(
        name="work",
        title="Work",
        text="Every request and every blob that is received ends as one of four: **delivered** (can be queried), "
        "**deferred** (held durably, not queryable yet), **rejected** (the caller was told why) or **duplicate** (had "
        "come before). Counts are of every request: metrics are not sampled. Work in progress is received and not "
        "settled yet.",
        panels=(
            _numbers("work", "Requests", "Fate"),
            _lines("received", "Requests", series="Route"),
            _columns("outcomes", "Requests", "Fate"),
            _lines("rows", "Rows", series="Route"),
            _columns("modes", "Requests", "Mode"),
            _table("routes"),
        ),
    ),
    Page(
        name="latency",
        title="Latency",
        text="From receipt to answer, and of each request to Kusto (`stream`: streaming ingestion, `queue`: a source "
        "handed to queued ingestion). Percentiles are of the spans that sampling kept; means and longest times are of "
        "every request.",
        panels=(
            _lines("latency", "P95", series="Route"),
            _lines("calls", "P95", series="Call"),
            _table("latency-percentiles"),
            _table("call-percentiles"),
            _table("durations"),
            _table("functions"),
        ),
    ),
    Page(
        name="throttling",
        title="Throttling and deferral",
        text="A streaming request that Kusto does not take is tried again, then handed to queued ingestion, then kept "
        "in the spool. `throttled` lowers the streaming limit of an instance; it rises again by itself. What to do: "
        "`docs/operations.md#deferral-rate`.",
        panels=(
            _columns("attempts", "Attempts", "Result"),
            _lines("streaming-limit", "Lowest", "Highest"),
            _table("throttling"),
            _table("deferrals"),
        ),
    ),
    Page(
        name="kept",
        title="Spool and dead letters",
        text="Acknowledged data that is not in Kusto yet waits in the spool. What Kusto refuses for good becomes a "
        "dead letter, to be looked at, replayed or deleted. What to do: `docs/operations.md#spool-age`, "
        "`docs/operations.md#dead-letters`, `docs/operations.md#poisoned-blobs`.",
        panels=(
            _numbers("kept", "Amount", "Kept"),
            _lines("spool-payloads", "Payloads"),
            _lines("spool-age", "Minutes"),
            _table("dead-letters"),
            _table("failing-routes"),
            _columns("poisoned", "Events"),
        ),
    ),
)
