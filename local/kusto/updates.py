"""Update policies: a query over fresh rows of a source table that fills the table the policy stands on.

Source: Microsoft docs, ``update-policy``. A transactional policy fails the whole ingestion; any other one leaves
the source rows in place and is noted in ``failures``.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import duckdb

from local.kusto import store
from local.kusto.errors import KustoError, bad_request
from local.kusto.query import translate
from local.kusto.sql import EXTENT, ident, physical, public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from local.kusto.appends import Appender
    from local.kusto.catalog import Database, Table
    from local.kusto.store import Connection, Extent

_LOG: Final = logging.getLogger(__name__)
_REMEMBERED: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFailure:
    """A policy that failed without taking the source rows along."""

    at: datetime
    database: str
    table: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    target: Table
    source: str
    query: str
    transactional: bool


class UpdatePolicies:
    """Runs the update policies of a database on the writer's connection."""

    def __init__(self, database: Callable[[str], Database]) -> None:
        self._database = database
        self.failures: deque[UpdateFailure] = deque(maxlen=_REMEMBERED)

    def within(self, con: Connection, database: str, extents: Sequence[Extent], appender: Appender) -> int:
        """Run the transactional policies, and those on what they append; the bytes added. Raises ``KustoError``."""
        return self._run(con, self._database(database), extents, appender, transactional=True, above=())

    def after(self, con: Connection, database: str, extents: Sequence[Extent], appender: Appender) -> None:
        """Run the other policies, each in a transaction of its own."""
        definition = self._database(database)
        for policy in self._policies(definition, extents, transactional=False):
            con.execute("BEGIN")
            try:
                fresh = self._apply(con, definition, policy, extents, appender)
                self._run(con, definition, fresh, appender, transactional=True, above=(policy.target.name,))
                con.execute("COMMIT")
            except (KustoError, duckdb.Error) as error:
                con.execute("ROLLBACK")
                self._note(database, policy, error)
            else:
                if fresh:
                    self.after(con, database, fresh, appender)

    def _run(
        self,
        con: Connection,
        database: Database,
        extents: Sequence[Extent],
        appender: Appender,
        *,
        transactional: bool,
        above: tuple[str, ...],
    ) -> int:
        added = 0
        for policy in self._policies(database, extents, transactional=transactional):
            if policy.target.name in above:
                raise bad_request("UpdatePolicy_Cyclic_Update_Not_Allowed", "Cyclic update isn't allowed.")
            fresh = self._apply(con, database, policy, extents, appender)
            path = (*above, policy.target.name)
            added += sum(extent.size for extent in fresh)
            added += self._run(con, database, fresh, appender, transactional=transactional, above=path)
        return added

    def _policies(self, database: Database, extents: Sequence[Extent], *, transactional: bool) -> Iterator[_Policy]:
        sources = {extent.table for extent in extents}
        for table in database.tables.values():
            for entry in table.policies.get("update") or ():
                policy = _Policy(
                    target=table,
                    source=str(entry.get("Source", "")),
                    query=str(entry.get("Query", "")),
                    transactional=bool(entry.get("IsTransactional", False)),
                )
                enabled = entry.get("IsEnabled", True)
                if enabled and policy.source in sources and policy.transactional is transactional:
                    yield policy

    def _apply(
        self, con: Connection, database: Database, policy: _Policy, extents: Sequence[Extent], appender: Appender
    ) -> list[Extent]:
        ordinals = ", ".join(str(e.ordinal) for e in extents if e.table == policy.source)
        columns = ", ".join(ident(c.name) for c in database.table(policy.source).columns)
        fresh_rows = (
            f"(SELECT {columns} FROM {physical(database.name, policy.source)} WHERE {ident(EXTENT)} IN ({ordinals}))"
        )
        translation = translate(policy.query, database)
        select = translation.sql.replace(public(database.name, policy.source), fresh_rows)
        rows = con.sql(select, params=dict(translation.parameters) or None)
        _check_schema(rows, policy.target)
        extent = appender.next_extent(con, database=database.name, table=policy.target.name, kind="update")
        written = store.append_select(con, database.name, policy.target, extent, select, translation.parameters)
        return [] if written is None else [written]

    def _note(self, database: str, policy: _Policy, error: Exception) -> None:
        reason = error.code if isinstance(error, KustoError) else "UpdatePolicy_BadRequest"
        _LOG.warning("update policy of %s.%s failed: %s", database, policy.target.name, reason)
        self.failures.append(
            UpdateFailure(at=datetime.now(UTC), database=database, table=policy.target.name, reason=reason)
        )


def _check_schema(rows: duckdb.DuckDBPyRelation, target: Table) -> None:
    """The query gives the target's columns, in order; a surplus or missing one is refused."""
    if list(rows.columns) != [c.name for c in target.columns]:
        raise bad_request(
            "UpdatePolicy_QuerySchemaDoesNotMatchTableSchema",
            f"Query schema does not match the schema of table '{target.name}'.",
        )
