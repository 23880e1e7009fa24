"""What is known against a table: how long it cools down, when it is looked at again, and what ends it."""

import pytest

from shared.framing.formats import DataFormat
from shared.ingest.destinations import (
    BREAKS_AFTER,
    OPEN_AT_MOST,
    OPEN_FOR,
    PROBE_EVERY,
    STREAMING_OFF,
    THROTTLED,
    Destinations,
)
from shared.ingest.errors import Action, Verdict
from shared.routing.routes import Target
from tests.fakes import TARGET, FakeClock

OTHER = Target(database="Events", table="Other", data_format=DataFormat.CSV, mapping=None)
SAME_TABLE = Target(database="Events", table="T", data_format=DataFormat.JSON, mapping="m")


def verdict(action: Action, retry_after: float | None = None) -> Verdict:
    return Verdict(action=action, reason=action.value, retry_after=retry_after)


def known(*actions: Action, retry_after: float | None = None) -> tuple[Destinations, FakeClock]:
    clock = FakeClock()
    destinations = Destinations(clock.monotonic)
    for action in actions:
        destinations.failed(TARGET, verdict(action, retry_after))
    return destinations, clock


def test_nothing_is_known_against_a_new_table() -> None:
    assert known()[0].closed_because(TARGET) == ""


@pytest.mark.parametrize(
    ("action", "seconds"), [(Action.RETRY_SLOWER, THROTTLED), (Action.QUEUE_COOL_DOWN, STREAMING_OFF)]
)
def test_a_table_cools_down(action: Action, seconds: float) -> None:
    destinations, clock = known(action)
    assert destinations.closed_because(TARGET) == action.value
    assert destinations.closed_because(SAME_TABLE) == action.value  # the policy is the table's, whatever the format
    assert destinations.closed_because(OTHER) == ""
    clock.at += seconds
    assert destinations.closed_because(TARGET) == ""


def test_the_service_may_ask_for_more() -> None:
    destinations, clock = known(Action.RETRY_SLOWER, retry_after=THROTTLED + 15)
    clock.at += THROTTLED + 14
    assert destinations.closed_because(TARGET)


def test_one_payload_at_a_time_looks_whether_it_is_over() -> None:
    destinations, clock = known(Action.QUEUE_COOL_DOWN)
    for _ in range(3):
        clock.at += PROBE_EVERY
        assert destinations.closed_because(TARGET) == ""
        assert destinations.closed_because(TARGET) != ""
    destinations.succeeded(TARGET)
    assert destinations.closed_because(TARGET) == ""


@pytest.mark.parametrize("action", [Action.QUEUE, Action.REJECT, Action.CONFIGURATION])
def test_a_fault_of_records_or_configuration_says_nothing_against_streaming(action: Action) -> None:
    assert known(*[action] * 20)[0].closed_because(TARGET) == ""


@pytest.mark.parametrize("action", [Action.RETRY, Action.UNKNOWN])
def test_the_breaker_opens_after_some_failures_in_a_row(action: Action) -> None:
    assert known(*[action] * (BREAKS_AFTER - 1))[0].closed_because(TARGET) == ""
    destinations, clock = known(*[action] * BREAKS_AFTER)
    assert destinations.closed_because(TARGET) == action.value
    clock.at += OPEN_FOR
    assert destinations.closed_because(TARGET) == ""


def test_an_answer_in_between_starts_the_count_again() -> None:
    some = [Action.RETRY] * (BREAKS_AFTER - 1)
    assert known(*some, Action.REJECT, *some)[0].closed_because(TARGET) == ""


def test_a_breaker_that_opens_again_stays_open_longer_but_not_for_ever() -> None:
    destinations, clock = known(*[Action.RETRY] * BREAKS_AFTER)
    times = []
    for _ in range(8):
        start = clock.at
        # Asking twice: the first question may be let through as a probe, the second one is not.
        while destinations.closed_because(TARGET) or destinations.closed_because(TARGET):
            clock.at += 1
        times.append(clock.at - start)
        destinations.failed(TARGET, verdict(Action.RETRY))
    assert times[0] == OPEN_FOR
    assert times == sorted(times)
    assert max(times) == OPEN_AT_MOST
