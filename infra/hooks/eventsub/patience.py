"""How long to wait, how often to ask again, and what to say meanwhile."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

#: Seconds before the second question; each further wait is twice the one before.
FIRST_PAUSE = 2.0
#: Seconds that no wait exceeds, unless the service itself asks for more.
LONGEST_PAUSE = 15.0
#: Seconds after which an unchanged reason is told again.
REMIND_AFTER = 60.0


class Clock(Protocol):
    """Time, as the hook needs it."""

    def monotonic(self) -> float:
        """Seconds since some moment, never going back."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        ...


class SystemClock:
    """The machine's time."""

    def monotonic(self) -> float:
        """Seconds since some moment, never going back."""
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        time.sleep(seconds)


class OutOfTimeError(Exception):
    """The time allowed for the whole run is over; says what was still missing."""

    def __init__(self, *, allowed: float, missing: str) -> None:
        super().__init__(f"not ready after {spoken(allowed)}: {missing}")
        self.missing = missing


@dataclass(slots=True, kw_only=True)
class Patience:
    """One budget of seconds for all waiting of a run."""

    seconds: float
    clock: Clock
    say: Callable[[str], None]
    _began: float = field(init=False)
    _told: str = field(init=False, default="")
    _told_at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._began = self.clock.monotonic()

    def pause(self, missing: str, *, tries: int, at_least: float = 0.0) -> None:
        """Wait before the next try; `tries` (from 0) sets how long, `at_least` is what the service asked for.

        Raises:
            OutOfTimeError: the budget is spent, or the service asks for more than is left.
        """
        left = self._began + self.seconds - self.clock.monotonic()
        if left <= 0 or at_least > left:
            raise OutOfTimeError(allowed=self.seconds, missing=missing)
        length = max(at_least, min(FIRST_PAUSE * 2.0 ** min(tries, 10), LONGEST_PAUSE, left))
        self._tell(missing, left)
        self.clock.sleep(length)

    def _tell(self, missing: str, left: float) -> None:
        now = self.clock.monotonic()
        if missing == self._told and now - self._told_at < REMIND_AFTER:
            return
        self._told, self._told_at = missing, now
        self.say(f"waiting: {missing} ({spoken(left)} left)")


def spoken(seconds: float) -> str:
    """A length of time for a person: `90 s` is `1 min 30 s`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
