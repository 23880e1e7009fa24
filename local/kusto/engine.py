"""The engine: tables, mappings, policies and rows."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import duckdb

from local.kusto import store
from local.kusto.appends import Appender
from local.kusto.errors import bad_request, table_not_found
from local.kusto.history import History
from local.kusto.ingestion import admit_stream, prepare
from local.kusto.limits import Limits
from local.kusto.model import BatchingPolicy, IngestKind, IngestRequest, IngestResult
from local.kusto.operations import OperationLog
from local.kusto.policies import read_batching_policy
from local.kusto.query import run, translate
from local.kusto.updates import UpdatePolicies
from local.kusto.writer import Change, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from duckdb_kql.server import Result

    from local.kusto.catalog import Database
    from local.kusto.store import Connection

__all__ = ["BatchingPolicy", "Engine", "IngestKind", "IngestRequest", "IngestResult"]

_NAME: Final = re.compile(r"\w[\w .-]{0,259}")
_RESERVED: Final = {"memory", "system", "temp", "netdefaultdb"}  # names of DuckDB's own, and of the service's
_FILE: Final = "*.duckdb"


class Engine:
    """Tables, mappings, policies and rows; every method is synchronous and safe to call from any thread.

    ``folder`` keeps the databases (one file each) over a restart; ``None`` keeps them in memory.
    """

    def __init__(
        self,
        *,
        folder: Path | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self._folder = folder
        self.operations = OperationLog()
        self.history = History(delay=self.limits.propagation, clock=clock)
        self.updates = UpdatePolicies(self.history.current)
        self.appender = Appender(self.updates, limit=self.limits.request_bytes)
        self._con = duckdb.connect(":memory:")
        self._con.execute("SET GLOBAL TimeZone = 'UTC'")
        self._cursors = threading.Lock()
        self._writer = Writer(self._con.cursor(), self.appender)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for file in sorted(folder.glob(_FILE)):
                self.create_database(file.stem)

    def create_database(self, name: str) -> None:
        """Create or open a database; one that is open already stays as it is. Raises ``KustoError`` for a bad name."""
        taken = {known.lower(): known for known in self.history.names()}
        if taken.get(name.lower()) == name:
            return
        if not _NAME.fullmatch(name) or name.lower() in _RESERVED or name.lower() in taken:
            raise bad_request("BadRequest_EntityNameIsNotValid", f"'{name}' is not a name for a new database.")
        change: Change[None] = Change(run=lambda _: None, after=lambda _: self._open(name))
        self._submit(change)

    def drop_database(self, name: str) -> None:
        """Remove a database and its file; raises ``KustoError`` if it is not there."""
        self.history.current(name)
        change: Change[None] = Change(run=lambda _: None, after=lambda _: self._drop(name))
        self._submit(change)

    def databases(self) -> list[str]:
        """Names of the databases."""
        return self.history.names()

    def database(self, name: str) -> Database:
        """The current definition of a database; raises ``KustoError``."""
        return self.history.current(name)

    def admit_stream(self, database: str, table: str) -> None:
        """Whether streaming into the table can begin, before its content is looked at; raises ``KustoError``."""
        seen = self.history.propagated(database)
        admit_stream(seen, seen.table(table))

    def ingest(self, request: IngestRequest) -> IngestResult:
        """Append the content atomically: all rows or none; raises ``KustoError``."""
        streaming = request.kind is IngestKind.STREAMING
        see = self.history.propagated if streaming else self.history.current
        append = prepare(request, see(request.database), self.limits)
        self._writer.submit(append)
        try:
            return append.done.result()
        except duckdb.CatalogException as error:
            raise table_not_found(request.table) from error

    def batching_policy(self, database: str, table: str) -> BatchingPolicy:
        """The table's policy, else its database's, else the default; raises ``KustoError`` if either is missing."""
        found = self.history.current(database)
        body = found.table(table).policies.get("ingestionbatching") or found.policies.get("ingestionbatching")
        return read_batching_policy(body)

    def change(self, database: str, how: Callable[[Connection, Database], Database]) -> Database:
        """Change a database in one transaction: ``how`` changes DuckDB and gives the new definition."""
        self.history.current(database)

        def apply(con: Connection) -> Database:
            changed = how(con, self.history.current(database))
            store.save(con, changed)
            return changed

        return self._submit(Change(run=apply, after=self.history.put))

    def write[T](self, how: Callable[[Connection], T]) -> T:
        """Change rows, not definitions, in one transaction."""
        return self._submit(Change(run=how))

    def query(self, database: str, csl: str, parameters: Mapping[str, Any] | None = None) -> Result:
        """Run a KQL query; raises ``KustoError``."""
        translation = translate(csl, self.history.current(database), parameters)
        with self.reading() as con:
            return run(con, translation)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A cursor of one's own that sees what is committed."""
        with self._cursors:
            cursor = self._con.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        """Finish what is queued and close the databases."""
        self._writer.close()
        self._con.close()

    def _open(self, name: str) -> None:
        with self.reading() as con:
            store.attach(con, name, self._folder)
            self.history.put(store.load(con, name), propagated=True)

    def _drop(self, name: str) -> None:
        self.history.drop(name)
        self.appender.forget(name)
        with self.reading() as con:
            con.execute(f'DETACH "{name}"')
        if self._folder is not None:
            for file in self._folder.glob(f"{name}.duckdb*"):
                file.unlink()

    def _submit[T](self, change: Change[T]) -> T:
        self._writer.submit(change)
        try:
            return change.done.result()
        except duckdb.Error as error:
            raise bad_request("General_BadRequest", f"The change is not possible: {error}") from error
