"""What the application counts, in OpenTelemetry's words. Without an SDK every call is a no-op.

Attributes are few and bounded: the route's name (a closed list), the fate, the mode, the reason (a closed list too).
Nothing of a record is ever an attribute.
"""

from functools import cache
from typing import TYPE_CHECKING

from shared.outcome import Deferred, Delivered, Outcome, Rejected

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram

#: The meter's name; dashboards and alerts are written against it.
METER = "kusto.ingest"

RECEIVED = "kusto.ingest.received"  # pieces of work that came in
SETTLED = "kusto.ingest.settled"  # pieces of work that came out, by fate
ROWS = "kusto.ingest.rows"  # rows accepted by Kusto, its queue or the spool
DURATION = "kusto.ingest.duration"  # seconds from receipt to answer


def count_received(route: str) -> None:
    """A piece of work came in."""
    _counter(RECEIVED, "{request}").add(1, {"route": route})


def count_settled(route: str, fate: str, outcome: Outcome | None, seconds: float) -> None:
    """A piece of work came out."""
    facts = {"route": route, "fate": fate} | _facts(outcome)
    _counter(SETTLED, "{request}").add(1, facts)
    _histogram(DURATION, "s").record(seconds, facts)
    rows = outcome.rows if isinstance(outcome, Delivered | Deferred) else None
    if rows and fate != "duplicate":
        _counter(ROWS, "{row}").add(rows, facts)


def _facts(outcome: Outcome | None) -> dict[str, str]:
    match outcome:
        case None:
            return {}
        case Delivered():
            return {"mode": outcome.mode.value}
        case Deferred():
            return {"mode": outcome.mode.value, "reason": outcome.reason}
        case Rejected():
            return {"reason": outcome.problem.code.value}


@cache
def _counter(name: str, unit: str) -> "Counter":
    from opentelemetry import metrics  # noqa: PLC0415 - imported with the first piece of work, not at cold start

    return metrics.get_meter(METER).create_counter(name, unit=unit)


@cache
def _histogram(name: str, unit: str) -> "Histogram":
    from opentelemetry import metrics  # noqa: PLC0415 - as above

    return metrics.get_meter(METER).create_histogram(name, unit=unit)
