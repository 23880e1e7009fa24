"""What the application measures, in OpenTelemetry's words. Without an SDK every call is a no-op.

Attributes are few and bounded: the route's name (a closed list), the fate, the mode, the reason and the result (closed
lists too). Nothing of a record is ever an attribute. Counts are metrics, because metrics are never sampled; how long
things take is read from the spans (spans.py), because Azure Monitor keeps no buckets of a histogram.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.outcome import Deferred, Delivered, Outcome, Rejected

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram

#: The meter's name; dashboards and alerts are written against it and the names below (infra/monitoring).
METER = "kusto.ingest"


class Metric(StrEnum):
    """Every metric; the comments give its attributes."""

    RECEIVED = "kusto.ingest.received"  # pieces of work that came in: route
    SETTLED = "kusto.ingest.settled"  # pieces of work that came out: route, fate, mode, reason
    ROWS = "kusto.ingest.rows"  # rows accepted by Kusto, its queue or the spool: as SETTLED
    DURATION = "kusto.ingest.duration"  # seconds from receipt to answer: as SETTLED
    ATTEMPTS = "kusto.ingest.attempts"  # streaming requests to Kusto: route, result
    DEAD_LETTERS = "kusto.ingest.deadletters"  # dead letters written: route, reason
    POISONED = "kusto.ingest.poisoned"  # blob events that the host gave up on
    SPOOL_PAYLOADS = "kusto.ingest.spool.payloads"  # payloads that wait in the spool, every ten minutes
    SPOOL_AGE = "kusto.ingest.spool.age"  # seconds that the oldest of them has waited
    STREAMING_LIMIT = "kusto.ingest.streaming.limit"  # streaming requests at once that this process allows itself


class Key(StrEnum):
    """Every attribute of the metrics; the spans have them too."""

    ROUTE = "route"
    FATE = "fate"
    MODE = "mode"
    REASON = "reason"
    RESULT = "result"


#: `result` of a streaming request whose rows were accepted; of the others it is the reason of the classification table.
ACCEPTED = "accepted"


def count_received(route: str) -> None:
    """A piece of work came in."""
    _counter(Metric.RECEIVED, "{request}").add(1, {Key.ROUTE: route})


def count_settled(facts: Mapping[str, str], outcome: Outcome | None, seconds: float) -> None:
    """A piece of work came out; `facts` as of `facts_of`."""
    _counter(Metric.SETTLED, "{request}").add(1, facts)
    _histogram(Metric.DURATION, "s").record(seconds, facts)
    rows = outcome.rows if isinstance(outcome, Delivered | Deferred) else None
    if rows and facts[Key.FATE] != "duplicate":
        _counter(Metric.ROWS, "{row}").add(rows, facts)


def count_attempt(route: str, result: str) -> None:
    """A streaming request to Kusto ended."""
    _counter(Metric.ATTEMPTS, "{request}").add(1, {Key.ROUTE: route, Key.RESULT: result})


def count_dead_letter(route: str, reason: str) -> None:
    """A dead letter was written."""
    _counter(Metric.DEAD_LETTERS, "{letter}").add(1, {Key.ROUTE: route, Key.REASON: reason})


def count_poisoned() -> None:
    """The host gave up on a blob event."""
    _counter(Metric.POISONED, "{event}").add(1)


def set_spool(payloads: int, age: float) -> None:
    """What waits in the spool; `age` is that of the oldest payload, in seconds."""
    _gauge(Metric.SPOOL_PAYLOADS, "{payload}").set(payloads)
    _gauge(Metric.SPOOL_AGE, "s").set(age)


def set_streaming_limit(limit: float) -> None:
    """How many streaming requests this process allows itself at once."""
    _gauge(Metric.STREAMING_LIMIT, "{request}").set(limit)


def facts_of(route: str, fate: str, outcome: Outcome | None) -> dict[str, str]:
    """The attributes of a piece of work that came out."""
    facts: dict[str, str] = {Key.ROUTE: route, Key.FATE: fate}
    match outcome:
        case None:
            return facts
        case Delivered():
            return facts | {Key.MODE: outcome.mode.value}
        case Deferred():
            return facts | {Key.MODE: outcome.mode.value, Key.REASON: outcome.reason}
        case Rejected():
            return facts | {Key.REASON: outcome.problem.code.value}


@cache
def _counter(name: Metric, unit: str) -> "Counter":
    from opentelemetry import metrics  # noqa: PLC0415 - imported with the first piece of work, not at cold start

    return metrics.get_meter(METER).create_counter(name, unit=unit)


@cache
def _histogram(name: Metric, unit: str) -> "Histogram":
    from opentelemetry import metrics  # noqa: PLC0415 - as above

    return metrics.get_meter(METER).create_histogram(name, unit=unit)


@cache
def _gauge(name: Metric, unit: str) -> Any:  # the API's type of a synchronous gauge is private
    from opentelemetry import metrics  # noqa: PLC0415 - as above

    return metrics.get_meter(METER).create_gauge(name, unit=unit)
