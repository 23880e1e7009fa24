"""Timer schedules: NCRONTAB with five or six fields, or a plain interval.

Microsoft docs, functions-bindings-timer: ``{second} {minute} {hour} {day} {month} {day-of-week}``, UTC; where both
days are restricted, both must match (NCrontab), unlike Unix cron.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from croniter import CroniterError, croniter

_INTERVAL = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})")
_SIX, _FIVE = 6, 5


class ScheduleError(ValueError):
    """The text is no schedule; says what one looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a timer runs: a six-field ``cron`` expression, or every ``interval``."""

    text: str
    cron: str
    interval: timedelta | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a schedule.

        Raises:
            ScheduleError: Neither NCRONTAB nor ``hh:mm:ss``.
        """
        text = text.strip()
        if match := _INTERVAL.fullmatch(text):
            days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
            interval = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            if not interval:
                raise ScheduleError(f"its schedule '{text}' is an interval of zero.")
            return cls(text=text, cron="", interval=interval)
        fields = text.split()
        cron = " ".join(["0", *fields] if len(fields) == _FIVE else fields)
        if len(fields) not in {_FIVE, _SIX} or not croniter.is_valid(cron, second_at_beginning=True):
            raise ScheduleError(
                f"its schedule '{text}' is not NCRONTAB. Write six fields, second minute hour day month weekday, "
                "for example '0 */5 * * * *', or an interval hh:mm:ss."
            )
        return cls(text=text, cron=cron, interval=None)

    def after(self, moment: datetime) -> datetime:
        """The first occurrence later than ``moment`` (both aware)."""
        if self.interval is not None:
            return moment + self.interval
        try:
            found: datetime = croniter(
                self.cron, moment, second_at_beginning=True, day_or=False, ret_type=datetime
            ).get_next()
        except CroniterError as problem:
            raise ScheduleError(f"its schedule '{self.text}' has no next occurrence.") from problem
        return found
