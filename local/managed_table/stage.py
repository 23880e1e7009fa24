"""A table for one case in a running local Kusto: made ready, put under its condition, counted afterwards."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, assert_never
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from local.conformance.cluster import Cluster
from local.kusto.faults.client import Faults, Requests
from local.kusto.faults.effects import Aim, Answer, Endpoint, Fault
from local.managed_table.body import Body, body_of, spoiled
from local.managed_table.case import Case, Size
from local.managed_table.condition import Condition, Lent, Missing
from shared.framing.formats import DataFormat, mapping_kind_of, needs_mapping
from shared.routing.routes import Target

_MAPPING = "By_name"
_QUEUE = "SecuredReadyForAggregationQueue"
_CONTAINER = "TempStorage"
_POLL = 0.05
_WITHOUT_TABLE = frozenset({Missing.TABLE, Missing.DATABASE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A local Kusto and the storage account beside it (connection string)."""

    url: str
    database: str
    storage: str

    @property
    def cluster(self) -> Cluster:
        """For commands and queries."""
        return Cluster(uri=self.url, ingest_uri=self.url, database=self.database)

    @property
    def faults(self) -> Faults:
        """Its faults and records."""
        return Faults(self.url)

    def prepare(self) -> None:
        """Streaming is on for the database."""
        self.cluster.must(f".alter database {self.database} policy streamingingestion enable")

    def times(self, stages: Sequence["Stage"]) -> dict[str, float]:
        """How many times the records of each stage are in its table; those that went before do not count."""
        found = {stage.table: 0.0 for stage in stages}
        tables = [stage.table for stage in stages if stage.case.condition.missing not in _WITHOUT_TABLE]
        if tables:
            union = f"union withsource=Stage {', '.join(tables)}"
            rows = self.cluster.look(f"{union} | where isnull(Id) or Id >= 0 | summarize Rows=count() by Stage")
            found |= {str(table): float(str(count)) for table, count in rows}
        return {stage.table: round(found[stage.table] / stage.body.rows, 3) for stage in stages}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One case's place."""

    scene: Scene
    case: Case
    table: str

    def prepare(self) -> None:
        """Make what the condition does not want to be missing."""
        missing = self.case.condition.missing
        if missing in _WITHOUT_TABLE:
            return
        # A line of txt goes into the first column.
        columns = ("Text:string", "Id:long") if self.case.data_format is DataFormat.TXT else ("Id:long", "Text:string")
        self.scene.cluster.must(f".create table {self.table} ({', '.join(columns)})")
        if missing is Missing.STREAMING_POLICY:
            self.scene.cluster.must(f".alter table {self.table} policy streamingingestion disable")
        if needs_mapping(self.case.data_format) and missing is not Missing.MAPPING:
            self.scene.cluster.must(self._mapping_command())

    def _mapping_command(self) -> str:
        kind = mapping_kind_of(self.case.data_format)
        columns = [{"column": name, "Properties": {"Path": f"$.{name}"}} for name in ("Id", "Text")]
        return f".create table {self.table} ingestion {kind} mapping '{_MAPPING}' '{json.dumps(columns)}'"

    @property
    def target(self) -> Target:
        """Where the records go."""
        case = self.case
        wanted = needs_mapping(case.data_format) or case.condition.missing is Missing.MAPPING
        return Target(
            database="Nowhere" if case.condition.missing is Missing.DATABASE else self.scene.database,
            table=self.table,
            data_format=case.data_format,
            mapping=_MAPPING if wanted else None,
        )

    @property
    def body(self) -> Body:
        """What the case sends."""
        case = self.case
        if case.condition.bad_records:
            return Body(content=spoiled(case.data_format), rows=1)
        return body_of(case.data_format, case.size, hard=case.random)

    @property
    def earlier(self) -> Body:
        """What went before: one row, which `times` does not count."""
        return body_of(self.case.data_format, Size.ROW, first=-1)

    @contextmanager
    def under(self, condition: Condition) -> Iterator[None]:
        """The condition is in force; nothing of it stays."""
        for fault in condition.faults:
            self.scene.faults.arm(fault)
        if condition.lent:
            self.scene.faults.arm(self._lent(condition.lent))
        try:
            yield
        finally:
            self.scene.faults.clear()

    def _lent(self, lent: Lent) -> Fault:
        """Another answer to `.get ingestion resources`: the real one, changed."""
        answer = self.scene.cluster.command(".get ingestion resources", ingestion=True).body
        rows = answer["Tables"][0]["Rows"]
        answer["Tables"][0]["Rows"] = _changed(rows, lent)
        aim = Aim(endpoints=frozenset({Endpoint.DM}), command=".get ingestion resources")
        return Fault(aim=aim, effect=Answer(status=200, body=json.dumps(answer)), times=None)

    def requests(self) -> Requests:
        """All requests since the last `forget`, those of this stage's own looking among them."""
        return self.scene.faults.requests()

    def streams(self) -> list[dict[str, Any]]:
        """The streaming requests for this table."""
        return self.scene.faults.requests(Endpoint.STREAM, table=self.table).records

    def times(self) -> float:
        """How many times the records are in the table."""
        return self.scene.times([self])[self.table]

    async def until(self, times: float, within: float) -> float:
        """Wait until the records are there so many times; what is there in the end."""
        end = time.monotonic() + within
        while True:
            found = await asyncio.to_thread(self.times)
            if found == times or time.monotonic() >= end:
                return found
            await asyncio.sleep(_POLL)


def _changed(rows: list[list[str]], lent: Lent) -> list[list[str]]:
    queues = [row for row in rows if row[0] == _QUEUE]
    match lent:
        case Lent.FIRST_QUEUE_REFUSES:
            return [_unsigned(row) if row is queues[0] else row for row in rows]
        case Lent.QUEUES_REFUSE:
            return [_unsigned(row) if row[0] == _QUEUE else row for row in rows]
        case Lent.NO_QUEUES:
            return [row for row in rows if row[0] != _QUEUE]
        case Lent.NO_CONTAINERS:
            return [row for row in rows if row[0] != _CONTAINER]
        case _:
            assert_never(lent)


def _unsigned(row: list[str]) -> list[str]:
    """The same resource with a signature that was made with another key."""
    parts = urlsplit(row[1])
    query = [(name, "A" * 43 + "=" if name == "sig" else value) for name, value in parse_qsl(parts.query)]
    return [row[0], urlunsplit(parts._replace(query=urlencode(query)))]
