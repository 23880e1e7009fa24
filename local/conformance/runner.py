"""Setting up tables, acting, looking, cleaning up."""

from __future__ import annotations

import gzip
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, assert_never
from uuid import uuid4

from local.conformance.case import Case, Command, Observed, Query, Queued, Raw, Stream
from local.conformance.clients import queue, stream
from local.conformance.cluster import Cluster, Reply, primary_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OK: Final = 200
_POLL: Final = 0.2


class Way(StrEnum):
    """How a case is run."""

    HTTP = "http"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A case with the table that was made for it."""

    case: Case
    way: Way
    table: str

    @property
    def title(self) -> str:
        """What it is called in reports."""
        return f"{self.case.name} [{self.way.value}]"


def plan(cases: Sequence[Case]) -> list[Prepared]:
    """Every case in every way it can be run, with a table name of its own."""
    run = uuid4().hex[:8]
    found = []
    for number, case in enumerate(cases):
        ways = [Way.CLIENT] if isinstance(case.action, Queued) else [Way.HTTP]
        if isinstance(case.action, Stream) and case.action.sdk:
            ways.append(Way.CLIENT)
        found += [Prepared(case=case, way=w, table=f"Conformance_{run}_{number}_{w.value}") for w in ways]
    return found


@contextmanager
def tables(cluster: Cluster, prepared: Sequence[Prepared], settle: float) -> Iterator[None]:
    """Make all tables, wait ``settle`` seconds for streaming nodes to see them, drop them at the end."""
    made: list[Prepared] = []
    try:
        for one in prepared:
            if one.case.schema:
                made.append(one)
                _make(cluster, one)
        if settle:
            cluster.command(".clear database cache streamingingestion schema")
            time.sleep(settle)
        yield
    finally:
        for one in made:
            for text in (*one.case.cleanup, ".drop table {table} ifexists"):
                cluster.command(text.replace("{table}", one.table))


def _make(cluster: Cluster, one: Prepared) -> None:
    cluster.must(f".create table {one.table} ({one.case.schema})")
    enabled = "enable" if one.case.streaming else "disable"
    cluster.must(f".alter table {one.table} policy streamingingestion {enabled}")
    for text in one.case.setup:
        cluster.must(text.replace("{table}", one.table))


def observe(cluster: Cluster, one: Prepared, patience: float) -> Observed:
    """Act and look; ``patience`` is the longest wait for queued ingestion, in seconds."""
    seen = _act(cluster, one, patience)
    case = one.case
    if case.expect.rows is not None and seen.rows is None:
        seen = replace(seen, rows=_count(cluster, one.table))
    if case.expect.shows is not None and seen.shows is None:
        seen = replace(seen, shows=cluster.look(case.look.replace("{table}", one.table)))
    return seen


def _count(cluster: Cluster, table: str) -> int:
    return int(str(cluster.look(f"{table} | count")[0][0]))


def _act(cluster: Cluster, one: Prepared, patience: float) -> Observed:
    action = one.case.action
    match action:
        case Stream() if one.way is Way.CLIENT:
            return stream(cluster, one.table, action)
        case Stream():
            return _told(_stream(cluster, one.table, action))
        case Command():
            text = action.text.replace("{table}", one.table)
            return _told(cluster.command(text, action.database, ingestion=action.database == "NetDefaultDB"))
        case Query():
            return _told_query(cluster.query(action.text.replace("{table}", one.table)))
        case Raw():
            path = action.path.replace("{db}", cluster.database).replace("{table}", one.table)
            return _told(cluster.send(action.method, path, action.body, action.headers))
        case Queued():
            return _queued(cluster, one, action, patience)
    assert_never(action)


def _stream(cluster: Cluster, table: str, action: Stream) -> Reply:
    query = action.query
    if query is None:
        query = f"streamFormat={action.data_format}" + (f"&mappingName={action.mapping}" if action.mapping else "")
    body = gzip.compress(action.content) if action.compressed else action.content
    headers = ({"Content-Encoding": "gzip"} if action.compressed else {}) | dict(action.headers)
    path = action.path or "{db}/{table}"
    path = path.replace("{db}", cluster.database).replace("{table}", table)
    return cluster.send("POST", f"/v1/rest/ingest/{path}?{query}", body, headers)


def _told(reply: Reply) -> Observed:
    permanent = reply.error.get("@permanent")
    return Observed(
        status=reply.status,
        code=str(reply.error.get("code", "")),
        permanent=permanent if isinstance(permanent, bool) else None,
    )


def _told_query(reply: Reply) -> Observed:
    seen = _told(reply)
    return replace(seen, shows=primary_rows(reply.body)) if reply.status == _OK else seen


def _queued(cluster: Cluster, one: Prepared, action: Queued, patience: float) -> Observed:
    """Queue, then wait until the rows or a failure are there; a repetition waits for its share of the rows.

    One that must add nothing is given a tenth of the patience to show that it does.
    """
    expected = one.case.expect.rows or 0
    for repetition in range(1, action.times + 1):
        complete = expected and _count(cluster, one.table) >= expected
        queue(cluster, one.table, action)
        if complete:
            time.sleep(patience / 10)
        else:
            _await(cluster, one.table, -(-expected * repetition // action.times), patience)
    return Observed(status=_OK, failure=_failure(cluster, one.table))


def _await(cluster: Cluster, table: str, rows: int, patience: float) -> None:
    """Until a failure is told, or so many rows are there (0: a failure only)."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if _failure(cluster, table) or (rows and _count(cluster, table) >= rows):
            return
        time.sleep(_POLL)


def _failure(cluster: Cluster, table: str) -> str | None:
    reply = cluster.command(".show ingestion failures")
    if reply.status != _OK:
        return None
    answer = reply.body["Tables"][0]
    names = [column["ColumnName"] for column in answer["Columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in answer["Rows"]]
    return next((str(row["ErrorCode"]) for row in reversed(rows) if row["Table"] == table), None)
