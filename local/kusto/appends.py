"""Appending parsed rows: the work that shares transactions."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from local.kusto import store
from local.kusto.arrow import ArrowTable, pa
from local.kusto.errors import too_large
from local.kusto.model import IngestKind, IngestResult
from local.kusto.store import Connection, Extent

if TYPE_CHECKING:
    from collections.abc import Sequence


class Follow(Protocol):
    """What happens to fresh extents: update policies."""

    def within(self, con: Connection, database: str, extents: Sequence[Extent], appender: Appender) -> int:
        """Run in the transaction of the append; raise to have all of it undone. Gives the bytes it added."""
        ...

    def after(self, con: Connection, database: str, extents: Sequence[Extent], appender: Appender) -> None:
        """Run after the commit, outside any transaction; must not raise."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Append:
    """Rows for one table, with the properties of their extent; ``size`` in raw bytes."""

    database: str
    table: str
    rows: ArrowTable
    size: int
    tags: tuple[str, ...]
    ingest_if_not_exists: tuple[str, ...]
    created: datetime | None
    kind: IngestKind
    done: Future[IngestResult] = field(default_factory=Future)

    @property
    def joins(self) -> tuple[object, ...]:
        """Appends that are equal here may become one extent: streaming ones into the same columns."""
        if self.kind is IngestKind.STREAMING:
            return (self.table, *self.rows.column_names, *self.rows.schema.types)
        return (id(self),)


class Appender:
    """Runs groups of appends on the writer's connection; ``follow`` runs update policies on what was written.

    ``limit`` bounds a streaming request together with what transactional update policies make of it, in bytes.
    """

    def __init__(self, follow: Follow, *, limit: int) -> None:
        self._follow = follow
        self._limit = limit
        self._last: dict[str, int] = {}
        self._unsettled: list[tuple[str, tuple[Extent, ...]]] = []

    def __call__(self, con: Connection, work: Sequence[Append]) -> Sequence[IngestResult]:
        """Append in order; consecutive or not, streaming appends of one shape become one extent."""
        results: dict[int, IngestResult] = {}
        written: list[Extent] = []
        groups: dict[tuple[object, ...], list[Append]] = {}
        for member in work:
            groups.setdefault(member.joins, []).append(member)
        for joined in groups.values():
            extent = self._append(con, joined)
            if extent is not None:
                written.append(extent)
            for member in joined:
                results[id(member)] = IngestResult(
                    rows=member.rows.num_rows if extent else 0,
                    extent_id=extent.id if extent else None,
                    skipped=extent is None,
                )
        if written:
            added = self.follow(con, work[0].database, written)
            self._check_size(work, added)
        return [results[id(member)] for member in work]

    def _check_size(self, work: Sequence[Append], added: int) -> None:
        """Source of the rule: Microsoft docs, ``ingest-data-streaming`` (4 MB, what update policies create included).

        A group that is over the limit together is undone, and its members are tried one by one.
        """
        streamed = [member.size for member in work if member.kind is IngestKind.STREAMING]
        if added and streamed and sum(streamed) + added > self._limit:
            raise too_large(self._limit)

    def begin(self) -> None:
        """A transaction begins: nothing is left to settle."""
        self._unsettled.clear()

    def follow(self, con: Connection, database: str, written: Sequence[Extent]) -> int:
        """Run the transactional update policies on fresh extents now, and note the others for after the commit.

        Gives the bytes that the transactional ones added.
        """
        added = self._follow.within(con, database, written, self)
        self._unsettled.append((database, tuple(written)))
        return added

    def settle(self, con: Connection) -> None:
        """After the commit: the update policies whose failure leaves the source rows in place."""
        for database, written in self._unsettled:
            self._follow.after(con, database, written, self)
        self._unsettled.clear()

    def next_extent(
        self,
        con: Connection,
        *,
        database: str,
        table: str,
        kind: str,
        rows: int = 0,
        size: int = 0,
        tags: tuple[str, ...] = (),
        created: datetime | None = None,
    ) -> Extent:
        """An extent that nobody has used yet, ingested now."""
        now = datetime.now(UTC).replace(tzinfo=None)
        return Extent(
            id=store.new_extent_id(),
            ordinal=self._ordinal(con, database),
            table=table,
            created=created.astimezone(UTC).replace(tzinfo=None) if created else now,
            ingested=now,
            rows=rows,
            size=size,
            tags=tags,
            kind=kind,
        )

    def _append(self, con: Connection, joined: Sequence[Append]) -> Extent | None:
        first = joined[0]
        if first.ingest_if_not_exists and store.has_ingest_by(
            con, first.database, first.table, first.ingest_if_not_exists
        ):
            return None
        rows = first.rows if len(joined) == 1 else pa.concat_tables([w.rows for w in joined])
        extent = self.next_extent(
            con,
            database=first.database,
            table=first.table,
            kind=first.kind.value,
            rows=rows.num_rows,
            size=sum(w.size for w in joined),
            tags=first.tags,
            created=first.created,
        )
        store.append(con, first.database, extent, rows)
        return extent

    def forget(self, database: str) -> None:
        """A database of that name is gone; the next one starts anew."""
        self._last.pop(database, None)

    def _ordinal(self, con: Connection, database: str) -> int:
        if database not in self._last:
            self._last[database] = store.last_ordinal(con, database)
        self._last[database] += 1
        return self._last[database]
