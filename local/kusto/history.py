"""What streaming nodes see of a database: the definition as it was some time ago."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from local.kusto.catalog import Database
from local.kusto.errors import database_not_found

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    since: float
    database: Database


class History:
    """Current definitions and, for ``delay`` seconds, the ones before them; safe to use from any thread."""

    def __init__(self, *, delay: float, clock: Callable[[], float]) -> None:
        self._delay = delay
        self._clock = clock
        self._lock = threading.Lock()
        self._current: dict[str, Database] = {}
        self._older: dict[str, list[_Version]] = {}

    def put(self, database: Database, *, propagated: bool = False) -> None:
        """Make this the current definition; ``propagated`` makes streaming see it at once."""
        with self._lock:
            self._current[database.name] = database
            versions = [] if propagated else self._older.setdefault(database.name, [])
            now = self._clock()
            versions.append(_Version(since=-float("inf") if propagated else now, database=database))
            seen = [v for v in versions if v.since <= now - self._delay]
            self._older[database.name] = [*seen[-1:], *(v for v in versions if v not in seen)]

    def drop(self, name: str) -> None:
        """Forget the database."""
        with self._lock:
            self._current.pop(name, None)
            self._older.pop(name, None)

    def names(self) -> list[str]:
        """The databases, in name order."""
        return sorted(self._current)

    def current(self, name: str) -> Database:
        """The definition that queries and commands see; raises ``KustoError``."""
        found = self._current.get(name)
        if found is None:
            raise database_not_found(name)
        return found

    def propagated(self, name: str) -> Database:
        """The definition that streaming ingestion sees; raises ``KustoError``."""
        current = self.current(name)
        if not self._delay:
            return current
        with self._lock:
            horizon = self._clock() - self._delay
            seen = [v for v in self._older.get(name, []) if v.since <= horizon]
            return seen[-1].database if seen else Database(name=name)

    def clear_cache(self, name: str, table: str | None = None) -> None:
        """Let streaming see the current definition now, of one table or of the whole database."""
        current = self.current(name)
        if table is None:
            self.put(current, propagated=True)
            return
        seen = self.propagated(name)
        refreshed = replace(seen.with_table(current.table(table)), policies=current.policies)
        with self._lock:
            kept = [v for v in self._older.get(name, []) if v.since > self._clock() - self._delay]
            self._older[name] = [_Version(since=-float("inf"), database=refreshed), *kept]
