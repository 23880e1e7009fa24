"""The log of management commands (Microsoft docs: ``show-operations``), kept in memory."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from local.kusto.errors import KustoError

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEPT: Final = 10_000


class State(StrEnum):
    """How far an operation is; the other documented states do not occur here."""

    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One command; times are aware, in UTC. ``status`` is the error of a failed one."""

    id: str
    name: str
    started: datetime
    updated: datetime
    state: State
    status: str = ""


class OperationLog:
    """The newest operations; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Operation] = {}

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Log what runs inside; an exception makes it a failed operation and goes on."""
        now = datetime.now(UTC)
        operation = Operation(id=str(uuid4()), name=name, started=now, updated=now, state=State.IN_PROGRESS)
        self._put(operation)
        try:
            yield
        except Exception as error:
            status = str(error) if isinstance(error, KustoError) else type(error).__name__
            self._put(replace(operation, updated=datetime.now(UTC), state=State.FAILED, status=status))
            raise
        self._put(replace(operation, updated=datetime.now(UTC), state=State.COMPLETED))

    def listed(self) -> list[Operation]:
        """All that are known, oldest first."""
        with self._lock:
            return list(self._known.values())

    def _put(self, operation: Operation) -> None:
        with self._lock:
            self._known[operation.id] = operation
            while len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
