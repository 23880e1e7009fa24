"""The timer trigger: waits for the schedule, then calls the function; never two calls of one timer at once.

Payload as the host sends it (Microsoft docs, functions-bindings-timer: "Usage").
"""

import asyncio
import contextlib
import json
from datetime import UTC, datetime

from local.functions import protos
from local.functions.bindings import Function, TimerTrigger
from local.functions.invocations import Ended, Invocations
from local.functions.worker import Call

_LATE_SECONDS = 1.0


class Timer:
    """One timer function."""

    def __init__(self, function: Function, trigger: TimerTrigger, invocations: Invocations) -> None:
        self._function = function
        self._trigger = trigger
        self._invocations = invocations
        self._ending = asyncio.Event()
        self._last: datetime | None = None

    def stop(self) -> None:
        """Start no further call."""
        self._ending.set()

    async def run(self) -> None:
        """Follow the schedule until ``stop``."""
        if self._trigger.run_on_startup:
            await self.fire(past_due=False)
        due = self._trigger.schedule.after(_now())
        while not await self._wait_until(due):
            past_due = (_now() - due).total_seconds() > _LATE_SECONDS
            await self.fire(past_due=past_due)
            due = self._trigger.schedule.after(max(due, _now()))

    async def fire(self, *, past_due: bool) -> Ended:
        """Call the function now."""
        now = _now()
        following = self._trigger.schedule.after(now)
        payload = timer_payload(last=self._last, following=following, past_due=past_due)
        self._last = now
        call = Call(
            function_id=self._function.function_id,
            inputs={self._trigger.parameter: protos.TypedData(json=payload)},
        )
        return await self._invocations.run(self._function, call, f"Timer fired at {now.isoformat()}")

    async def _wait_until(self, due: datetime) -> bool:
        """Wait; True when the host is ending."""
        while (left := (due - _now()).total_seconds()) > 0 and not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                # In steps, so that a clock that was set while a laptop slept is noticed.
                await asyncio.wait_for(self._ending.wait(), min(left, 60.0))
        return self._ending.is_set()


def timer_payload(*, last: datetime | None, following: datetime, past_due: bool) -> str:
    """The JSON that a timer function gets; ``0001-01-01T00:00:00`` stands for never."""
    never = "0001-01-01T00:00:00"
    before = never if last is None else last.isoformat()
    return json.dumps(
        {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": {"Last": before, "Next": following.isoformat(), "LastUpdated": before},
            "IsPastDue": past_due,
        }
    )


def _now() -> datetime:
    return datetime.now(UTC)
