"""Timer schedules."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.functions.schedule import Schedule, ScheduleError

NOON = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("*/5 * * * * *", NOON + timedelta(seconds=5)),
        ("0 */5 * * * *", NOON + timedelta(minutes=5)),
        ("0 30 9-17/4 * * *", NOON.replace(hour=13, minute=30)),
        ("0 0 0 1,15 * *", datetime(2026, 3, 15, tzinfo=UTC)),
        ("0 0 9 * * Mon-Fri", datetime(2026, 3, 5, 9, tzinfo=UTC)),
        ("0 0 9 * Jan 0", datetime(2027, 1, 3, 9, tzinfo=UTC)),
        # both days restricted: both must match, so the next 13th that is a Friday
        ("0 0 0 13 * 5", datetime(2026, 3, 13, tzinfo=UTC)),
        ("0 0 0 14 * 5", datetime(2026, 8, 14, tzinfo=UTC)),
        ("*/10 * * * *", NOON + timedelta(minutes=10)),
        ("00:00:30", NOON + timedelta(seconds=30)),
        ("1.00:00:00", NOON + timedelta(days=1)),
    ],
)
def test_the_next_occurrence(text: str, following: datetime) -> None:
    assert Schedule.parse(text).after(NOON) == following


@pytest.mark.parametrize("text", ["", "every day", "* * *", "61 * * * * *", "* * * * * * *", "00:00:00", "a b c d e f"])
def test_what_is_no_schedule_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ScheduleError, match="schedule"):
        Schedule.parse(text)


field = st.integers(0, 59).map(str) | st.integers(1, 30).map(lambda step: f"*/{step}") | st.just("*")


@given(field, field, st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - made aware below
def test_occurrences_are_later_whole_seconds_and_consecutive(second: str, minute: str, start: datetime) -> None:
    schedule = Schedule.parse(f"{second} {minute} * * * *")
    moment = start.replace(tzinfo=UTC)
    first = schedule.after(moment)

    assert first > moment
    assert first.microsecond == 0
    assert schedule.after(first - timedelta(microseconds=1)) == first
    assert schedule.after(first) > first
