"""The faults in force."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import assert_never
from weakref import WeakKeyDictionary

from local.kusto.errors import KustoError
from local.kusto.faults.effects import (
    Answer,
    BreakStorage,
    Delay,
    Drop,
    Effect,
    Endpoint,
    Fault,
    Garble,
    SlowBody,
    Target,
)


@dataclass(slots=True, kw_only=True)
class Armed:
    """A fault in force with its counts: requests that fitted, and those that were struck."""

    fault_id: str
    fault: Fault
    seen: int = 0
    struck: int = 0
    draws: random.Random = field(default_factory=random.Random)

    @property
    def spent(self) -> bool:
        """Whether it will strike no more."""
        return self.fault.times is not None and self.struck >= self.fault.times

    def strikes(self) -> bool:
        """Count a request that fits; whether it is struck."""
        self.seen += 1
        if self.seen <= self.fault.skip or self.spent or self.draws.random() >= self.fault.probability:
            return False
        self.struck += 1
        return True


class FaultPlan:
    """The faults in force, oldest first; safe to use from any thread."""

    def __init__(self) -> None:
        self._armed: list[Armed] = []
        self._ids = count(1)
        self._lock = Lock()

    def arm(self, fault: Fault) -> str:
        """Put a fault in force; its id."""
        with self._lock:
            fault_id = f"f{next(self._ids)}"
            draws = random.Random(fault.seed)  # noqa: S311 - repeatable faults, nothing secret
            self._armed.append(Armed(fault_id=fault_id, fault=fault, draws=draws))
            return fault_id

    def disarm(self, fault_id: str | None = None) -> int:
        """Lift one fault, or all; how many there were."""
        with self._lock:
            kept = [] if fault_id is None else [a for a in self._armed if a.fault_id != fault_id]
            lifted = len(self._armed) - len(kept)
            self._armed = kept
            return lifted

    def armed(self) -> list[Armed]:
        """All faults, spent ones included."""
        with self._lock:
            return list(self._armed)

    def strike(self, target: Target) -> list[tuple[str, Effect]]:
        """The effects on one request, with their faults' ids: any delays, then at most one other."""
        if not self._armed:
            return []
        effects: list[tuple[str, Effect]] = []
        with self._lock:
            for armed in self._armed:
                if armed.fault.aim.fits(target) and armed.strikes():
                    effects.append((armed.fault_id, armed.fault.effect))
                    if not isinstance(armed.fault.effect, Delay):
                        break
        return effects

    async def probe_batch(self, database: str, table: str) -> None:
        """Let faults on ``batch`` strike; raises the ``KustoError`` the aggregator is to take for the engine's."""
        target = Target(endpoint=Endpoint.BATCH, database=database, table=table)
        for _, effect in self.strike(target):
            match effect:
                case Delay(seconds=seconds):
                    await asyncio.sleep(seconds)
                case Answer():
                    raise refused(effect)
                case Drop() | Garble() | SlowBody() | BreakStorage():
                    raise refused(Answer(status=503, code="ServiceUnavailable"))
                case _:
                    assert_never(effect)


def refused(answer: Answer) -> KustoError:
    """The error an ``Answer`` without a body stands for; ``@permanent`` follows the status unless it is given."""
    transient = answer.status in {408, 429} or answer.status >= 500  # noqa: PLR2004 - HTTP's server errors
    return KustoError(
        status=answer.status,
        code=answer.code or f"Fault_{answer.status}",
        message=answer.message or "A fault was asked for.",
        type_=answer.type_ or "Kusto.DataNode.Exceptions.LocalFaultException",
        description=answer.message or "The local Kusto was told to answer like this (POST /admin/faults).",
        permanent=not transient if answer.permanent is None else answer.permanent,
    )


_plans: WeakKeyDictionary[object, FaultPlan] = WeakKeyDictionary()


def plan_of(engine: object) -> FaultPlan:
    """The one plan of an engine, so that its endpoints and its aggregator meet the same faults."""
    return _plans.setdefault(engine, FaultPlan())
