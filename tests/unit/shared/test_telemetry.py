"""The counters say what the books say, and carry nothing of a record."""

from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from shared import telemetry
from shared.accounting import Accounting
from shared.outcome import Code, Deferred, Delivered, Mode, Problem, Rejected


def test_every_fate_is_counted_with_its_few_attributes() -> None:
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
    telemetry._counter.cache_clear()
    telemetry._histogram.cache_clear()
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

    read = reader.get_metrics_data()
    assert read is not None
    found = {
        metric.name: {
            tuple(sorted((point.attributes or {}).items())): getattr(point, "value", None)
            for point in metric.data.data_points
        }
        for resource in read.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    route = ("route", "storms")
    assert found[telemetry.RECEIVED] == {(route,): 4}
    assert found[telemetry.SETTLED] == {
        (("fate", "delivered"), ("mode", "streaming"), route): 1,
        (("fate", "duplicate"), ("mode", "streaming"), route): 1,
        (("fate", "deferred"), ("mode", "spooled"), ("reason", "unavailable"), route): 1,
        (("fate", "rejected"), ("reason", "malformed-body"), route): 1,
    }
    assert sum(found[telemetry.ROWS].values()) == 5
    assert "secret" not in str(found)
    assert accounting.unbalanced() == {}
