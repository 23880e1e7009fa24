"""What is known of each table's streaming: cooling down, or broken, and when to look again. Pure but for the clock.

Cool-down times are those of the vendor's Java client (azure-kusto-java, ingest-v2, DefaultManagedStreamingPolicy):
10 s after throttling, 15 minutes after "streaming is off". While a table cools down its records are queued; now and
then one payload is let through as a probe, and its success ends the cool-down.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.ingest.errors import Action, Verdict
from shared.routing.routes import Target

#: Seconds of cool-down after throttling.
THROTTLED = 10.0
#: Seconds of cool-down after the service said that streaming is off for the table or the cluster.
STREAMING_OFF = 15 * 60.0
#: Seconds between two probes during a cool-down.
PROBE_EVERY = 30.0
#: Payloads in a row that found no way before the breaker opens, and the seconds it stays open at first and at most.
BREAKS_AFTER = 5
OPEN_FOR, OPEN_AT_MOST = 5.0, 60.0


@dataclass(slots=True)
class _State:
    """One table. Times are monotonic seconds; `until` is 0 while nothing is known against it."""

    until: float = 0.0
    reason: str = ""
    next_probe: float = 0.0
    failures: int = 0
    opened: int = 0


@dataclass(slots=True)
class Destinations:
    """All tables that payloads went to."""

    monotonic: Callable[[], float]
    _states: dict[tuple[str, str], _State] = field(default_factory=dict)

    def closed_because(self, target: Target) -> str:
        """Why a payload should not stream now; empty when it should. Asking may spend the next probe."""
        state = self._states.get((target.database, target.table))
        now = self.monotonic()
        if state is None or now >= state.until:
            return ""
        if now >= state.next_probe:
            state.next_probe = now + PROBE_EVERY
            return ""
        return state.reason

    def succeeded(self, target: Target) -> None:
        """The service took rows for this table: nothing stands against it any more."""
        self._states.pop((target.database, target.table), None)

    def failed(self, target: Target, verdict: Verdict) -> None:
        """All attempts of a payload came to this verdict."""
        state = self._states.setdefault((target.database, target.table), _State())
        match verdict.action:
            case Action.RETRY_SLOWER:
                self._cool(state, max(THROTTLED, verdict.retry_after or 0.0), verdict.reason)
            case Action.QUEUE_COOL_DOWN:
                self._cool(state, STREAMING_OFF, verdict.reason)
            case Action.RETRY | Action.UNKNOWN:
                self._count(state, verdict.reason)
            case Action.QUEUE | Action.REJECT | Action.CONFIGURATION:
                # The service answered, and about these records or its configuration: nothing against streaming.
                state.failures = 0

    def _cool(self, state: _State, seconds: float, reason: str) -> None:
        now = self.monotonic()
        state.until, state.reason = now + seconds, reason
        state.next_probe = now + PROBE_EVERY

    def _count(self, state: _State, reason: str) -> None:
        state.failures += 1
        if state.failures >= BREAKS_AFTER:
            self._cool(state, min(OPEN_FOR * 2**state.opened, OPEN_AT_MOST), reason)
            state.opened += 1
