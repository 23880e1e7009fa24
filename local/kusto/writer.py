"""The one thread that changes databases.

All changes go through it, so none can conflict. Appends that wait together are committed together: while one
transaction runs, arrivals gather and share the next one. A group that fails is undone and its members are tried
one by one, so that a bad one does not take its neighbours down.
"""

from __future__ import annotations

import logging
import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyConnection

    from local.kusto.appends import Append, Appender

_LOG: Final = logging.getLogger(__name__)
_LARGEST_GROUP: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Change[T]:
    """A change that has a transaction of its own; ``after`` runs on the writer thread once it is committed."""

    run: Callable[[DuckDBPyConnection], T]
    after: Callable[[T], None] = lambda _: None
    done: Future[T] = field(default_factory=Future)


class Writer:
    """A thread with its own connection; ``appender`` does the appends that share transactions."""

    def __init__(self, con: DuckDBPyConnection, appender: Appender) -> None:
        self._con = con
        self._appender = appender
        self._waiting: queue.SimpleQueue[Append | Change[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="kusto-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Append | Change[Any]) -> None:
        """Queue the work; its ``done`` gets the outcome after the commit."""
        self._waiting.put(work)

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            batch, last = self._drain()
            for _, members in groupby(batch, key=_shared):
                appends: list[Append] = []
                for member in members:
                    if isinstance(member, Change):
                        self._alone(member)
                    else:
                        appends.append(member)
                if appends:
                    self._together(appends)
            if last:
                return

    def _drain(self) -> tuple[list[Append | Change[Any]], bool]:
        first = self._waiting.get()
        if first is None:
            return [], True
        batch = [first]
        while len(batch) < _LARGEST_GROUP:
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return batch, True
            batch.append(following)
        return batch, False

    def _alone(self, change: Change[Any]) -> None:
        try:
            outcome = self._transaction(change.run)
            self._settle()
            change.after(outcome)
        except BaseException as error:  # noqa: BLE001 - whoever waits in another thread gets it
            change.done.set_exception(error)
        else:
            change.done.set_result(outcome)

    def _together(self, members: list[Append]) -> None:
        try:
            outcomes = self._transaction(lambda con: self._appender(con, members))
        except BaseException as error:  # noqa: BLE001 - whoever waits in another thread gets it
            if len(members) == 1:
                members[0].done.set_exception(error)
                return
            _LOG.debug("group of %d undone, trying one by one", len(members))
            for member in members:
                self._together([member])
        else:
            self._settle()
            for member, outcome in zip(members, outcomes, strict=True):
                member.done.set_result(outcome)

    def _settle(self) -> None:
        """What follows a commit can fail, but the rows are there: nobody may hear of a failure and send again."""
        try:
            self._appender.settle(self._con)
        except Exception:  # noqa: BLE001 - the committed rows decide, whatever broke
            _LOG.exception("after a commit")

    def _transaction[R](self, run: Callable[[DuckDBPyConnection], R]) -> R:
        self._appender.begin()
        self._con.execute("BEGIN")
        try:
            outcome = run(self._con)
            self._con.execute("COMMIT")
        except BaseException:
            self._rollback()
            raise
        return outcome

    def _rollback(self) -> None:
        try:
            self._con.execute("ROLLBACK")
        except duckdb.Error as error:
            _LOG.debug("nothing to roll back: %s", error)


def _shared(work: Append | Change[Any]) -> str | None:
    """What may share a transaction: appends to one database, in the order they came; a change stands alone."""
    return None if isinstance(work, Change) else work.database
