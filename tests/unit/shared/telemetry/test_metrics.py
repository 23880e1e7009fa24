"""The metrics say what the books and the stores say, and carry nothing of a record."""

from collections.abc import Iterator
from typing import Any

import pytest
from azure.kusto.data.exceptions import KustoApiError
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from shared.accounting import Accounting
from shared.ingest.observed import ObservedStreams
from shared.outcome import Code, Deferred, Delivered, Mode, Problem, Rejected
from shared.pipelines.retries import Delays, RetryPipeline
from shared.storage.deadletters import DeadLetters
from shared.storage.held import Held
from shared.storage.ledger import Ledger
from shared.storage.spool import Spool
from shared.telemetry import metrics as telemetry
from shared.telemetry.metrics import Key, Metric
from tests.fakes import FakeClock, FakeContainer, FakeIngestion, FakeQueue, FakeStreams, api_error, payload

type Points = dict[str, dict[tuple[tuple[str, str], ...], Any]]

_reader = InMemoryMetricReader()


@pytest.fixture(autouse=True, scope="module")
def _meters() -> Iterator[None]:
    """The real SDK behind the meters. A process keeps the first provider that it is given."""
    made = (telemetry._counter, telemetry._histogram, telemetry._gauge)
    metrics.set_meter_provider(MeterProvider(metric_readers=[_reader]))
    for cached in made:
        cached.cache_clear()
    yield
    for cached in made:
        cached.cache_clear()


def measured(route: str) -> Points:
    """Every metric's points of one route, and those without a route."""
    read = _reader.get_metrics_data()
    assert read is not None
    return {
        metric.name: {
            tuple(sorted((point.attributes or {}).items())): getattr(point, "value", None)
            for point in metric.data.data_points
            if (point.attributes or {}).get(Key.ROUTE, route) == route
        }
        for resource in read.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_every_fate_is_counted_with_its_few_attributes() -> None:
    accounting = Accounting()
    ends = [
        (Delivered(rows=3, raw_size=30, attempts=1), False),
        (Delivered(rows=3, raw_size=30, attempts=1), True),
        (Deferred(mode=Mode.SPOOLED, reason="unavailable", rows=2, raw_size=9, attempts=3), False),
        (Rejected(problem=Problem(code=Code.MALFORMED_BODY, detail="the secret text"), attempts=0), False),
    ]
    for outcome, duplicate in ends:
        with accounting.work("storms") as entry:
            entry.settle(outcome, duplicate=duplicate)

    found, route = measured("storms"), ("route", "storms")
    assert found[Metric.RECEIVED] == {(route,): 4}
    assert found[Metric.SETTLED] == {
        (("fate", "delivered"), ("mode", "streaming"), route): 1,
        (("fate", "duplicate"), ("mode", "streaming"), route): 1,
        (("fate", "deferred"), ("mode", "spooled"), ("reason", "unavailable"), route): 1,
        (("fate", "rejected"), ("reason", "malformed-body"), route): 1,
    }
    assert sum(found[Metric.ROWS].values()) == 5
    assert len(found[Metric.DURATION]) == 4
    assert "secret" not in str(found)
    assert accounting.unbalanced() == {}


async def test_every_streaming_request_is_counted_by_its_result() -> None:
    streams = ObservedStreams(FakeStreams(api_error(429, "TooManyRequests"), None))
    with pytest.raises(KustoApiError):
        await streams.send(payload(), attempt=0, timeout=5)
    for attempt in (1, 2):
        await streams.send(payload(), attempt=attempt, timeout=5)
    assert measured("r")[Metric.ATTEMPTS] == {
        (("result", "throttled"), ("route", "r")): 1,
        (("result", "accepted"), ("route", "r")): 2,
    }


async def test_every_dead_letter_is_counted_when_it_is_written() -> None:
    container = FakeContainer()
    letters = DeadLetters(container)  # type: ignore[arg-type]
    held = Held.of(payload(), reason="records-refused", detail="d", attempts=1, now=1.0)
    await letters.keep(held)
    container.broken = OSError("gone")
    with pytest.raises(OSError, match="gone"):
        await letters.keep(held)
    assert measured("r")[Metric.DEAD_LETTERS] == {(("reason", "records-refused"), ("route", "r")): 1}


async def test_the_sweep_measures_the_spool() -> None:
    clock, container = FakeClock(), FakeContainer()
    spool = Spool(container, FakeQueue())  # type: ignore[arg-type]
    retries = RetryPipeline(
        FakeIngestion(),
        spool,
        DeadLetters(FakeContainer()),  # type: ignore[arg-type]
        Ledger(FakeContainer()),  # type: ignore[arg-type]
        clock,
        Delays(first=10, jitter=lambda: 1.0),
        FakeIngestion().ingest_reference,  # type: ignore[arg-type]
    )
    seen = []
    for number, wait in ((1, 300.0), (2, 4000.0)):
        held = Held.of(payload(number=number), reason="r", detail="d", attempts=3, now=clock.now())
        await spool.hold(held, now=clock.now(), delay=10)
        clock.at += wait
        seen.append((await retries.sweep(), measured("r")))
    assert [(found[Metric.SPOOL_PAYLOADS], found[Metric.SPOOL_AGE]) for _, found in seen] == [
        ({(): 1}, {(): 300.0}),
        ({(): 2}, {(): 4300.0}),
    ]
    assert [lost for lost, _ in seen] == [0, 2]
    container.entries.clear()
    assert (await retries.sweep(), measured("r")[Metric.SPOOL_AGE]) == (0, {(): 0.0})


def test_every_metric_has_its_function_and_no_other_name_is_used() -> None:
    telemetry.count_received("all")
    delivered = Delivered(rows=3, raw_size=30, attempts=1)
    telemetry.count_settled(telemetry.facts_of("all", "delivered", delivered), delivered, 0.1)
    telemetry.count_attempt("all", telemetry.ACCEPTED)
    telemetry.count_dead_letter("all", "records-refused")
    telemetry.set_spool(0, 0.0)
    telemetry.count_poisoned()
    telemetry.set_streaming_limit(6.5)
    found = measured("all")
    assert (found[Metric.POISONED], found[Metric.STREAMING_LIMIT]) == ({(): 1}, {(): 6.5})
    assert set(found) == set(Metric)
