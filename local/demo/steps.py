"""The demo's steps. Each does one thing to the running stack, then looks into Kusto for what came of it."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from azure.storage.blob.aio import BlobServiceClient

from local.demo.report import MismatchError, Step
from local.demo.storms import StormFile
from local.endpoints import Endpoints
from local.http import get, post
from local.kql import Answer, Cluster
from local.signing import signed_headers
from local.stack import LANDING
from shared.ingest.policy import STREAMING_LIMIT
from shared.webhooks.schemes import Scheme

TABLE, EVENTS = "MyStormEvents", "WebhookEvents"
LINE = b'2018-01-26 00:00:00.0000000,2018-01-27 14:00:00.0000000,MEXICO,0,0,Unknown,"{}"'
TOP = f"{TABLE} | top 1 by EndTime"
STREAMING, QUEUED = "streaming", "queued"

_PATIENCE = 60.0  # seconds until rows that do not come count as lost
_SECONDS_PER_MEGABYTE = 2.0
_PAUSE = 0.01  # seconds between two looks


class Steps:
    """Runs steps one after another; yields each when it is done.

    Args:
        endpoints: The running stack.
        cluster: A client of its Kusto.
        secret: Of the webhook route `github`.

    Attributes:
        top: What the last step's query found.
    """

    def __init__(self, endpoints: Endpoints, cluster: Cluster, secret: str) -> None:
        self._endpoints = endpoints
        self._cluster = cluster
        self._secret = secret
        self._rows = 0
        self.top: Answer | None = None

    async def run(self, small: StormFile, large: StormFile) -> AsyncIterator[Step]:
        """All steps.

        Raises:
            MismatchError: A step saw something else than it had to; its `step` says what.
        """
        yield await self._schema()
        yield await self._empty()
        yield await self._file("file", "stormevents.csv", small)
        yield await self._line()
        yield await self._webhook()
        yield await self._forged_webhook()
        yield await self._event_rows()
        yield await self._file("large_file", "large.csv", large)
        yield await self._top()

    async def _schema(self) -> Step:
        began = time.perf_counter()
        await asyncio.to_thread(self._cluster.apply)
        tables = await asyncio.to_thread(self._cluster.run, ".show tables")
        names = {str(row["TableName"]) for row in tables.records()} & {TABLE, EVENTS}
        return _checked(
            Step(name="tables", does="Run infra/kql/*.kql", expected=2, seen=len(names), milliseconds=_since(began))
        )

    async def _empty(self) -> Step:
        began = time.perf_counter()
        seen = await self._count(TABLE)
        return _checked(Step(name="empty", does=f"Count {TABLE}", expected=0, seen=seen, milliseconds=_since(began)))

    async def _file(self, name: str, blob: str, file: StormFile) -> Step:
        size = len(file.content)
        self._rows += file.rows
        step = Step(
            name=name,
            does=f"Put a file of {size / 1e6:.1f} MB into {LANDING}/storms/",
            expected=self._rows,
            seen=0,
            milliseconds=0,
            expected_mode=STREAMING if size <= STREAMING_LIMIT else QUEUED,
        )
        streamed = await self._streamed(TABLE)
        began = time.perf_counter()
        async with BlobServiceClient.from_connection_string(self._endpoints.storage_connection_string) as service:
            await service.get_blob_client(LANDING, f"storms/{blob}").upload_blob(file.content)
        return await self._until_rows(step, TABLE, began, streamed, _PATIENCE + size / 1e6 * _SECONDS_PER_MEGABYTE)

    async def _line(self) -> Step:
        self._rows += 1
        step = Step(
            name="line",
            does="POST one CSV line to /api/ingest/storm-lines",
            expected=self._rows,
            seen=0,
            milliseconds=0,
            expected_mode=STREAMING,
        )
        streamed = await self._streamed(TABLE)
        headers = {"Content-Type": "text/csv", "x-functions-key": self._endpoints.function_key}
        began = time.perf_counter()
        reply = await post(f"{self._endpoints.functions}/api/ingest/storm-lines", LINE, headers)
        step = replace(step, answer_milliseconds=_since(began))
        if reply.status != 200:  # noqa: PLR2004 - HTTP's OK
            raise MismatchError(replace(step, expected=200, seen=reply.status, expected_mode=None))
        return await self._until_rows(step, TABLE, began, streamed, _PATIENCE)

    async def _webhook(self) -> Step:
        return await self._hook("webhook", "POST a signed GitHub webhook (status)", self._secret, expected=200)

    async def _forged_webhook(self) -> Step:
        does = "POST a wrongly signed one (status)"
        return await self._hook("forged_webhook", does, f"not {self._secret}", expected=401)

    async def _hook(self, name: str, does: str, secret: str, *, expected: int) -> Step:
        body = json.dumps({"zen": "Keep it logically awesome.", "repository": {"full_name": "octo/storms"}}).encode()
        delivery, now = str(uuid.uuid4()), datetime.now(UTC)
        headers = signed_headers(Scheme.GITHUB, secret, body, delivery=delivery, now=now, event="ping")
        began = time.perf_counter()
        reply = await post(
            f"{self._endpoints.functions}/api/hooks/github", body, headers | {"Content-Type": "application/json"}
        )
        took = _since(began)
        return _checked(
            Step(
                name=name,
                does=does,
                expected=expected,
                seen=reply.status,
                milliseconds=took,
                answer_milliseconds=took,
            )
        )

    async def _event_rows(self) -> Step:
        step = Step(
            name="event",
            does=f"Count {EVENTS}",
            expected=1,
            seen=0,
            milliseconds=0,
            expected_mode=STREAMING,
        )
        return await self._until_rows(step, EVENTS, time.perf_counter(), 0, _PATIENCE)

    async def _top(self) -> Step:
        began = time.perf_counter()
        self.top = await asyncio.to_thread(self._cluster.run, TOP)
        ours = [
            row
            for row in self.top.records()
            if row["State"] == "MEXICO" and str(row["EndTime"]).startswith("2018-01-27")
        ]
        return _checked(Step(name="top", does=TOP, expected=1, seen=len(ours), milliseconds=_since(began)))

    async def _until_rows(self, step: Step, table: str, began: float, streamed: int, patience: float) -> Step:
        """Look until the expected rows are there, or more, or patience ends."""
        seen = await self._count(table)
        while seen < step.expected and time.perf_counter() - began < patience:
            await asyncio.sleep(_PAUSE)
            seen = await self._count(table)
        took = _since(began)
        mode = await self._mode(table, streamed) if seen else None
        return _checked(replace(step, seen=seen, mode=mode, milliseconds=took))

    async def _mode(self, table: str, streamed: int) -> str:
        """How the last rows came: proved by the requests that the local Kusto took since `streamed` of them.

        Rows can be queried a moment before their request has ended.
        """
        while await self._streaming(table):  # noqa: ASYNC110 - the other process raises no event
            await asyncio.sleep(_PAUSE)
        if await self._streamed(table) > streamed:
            return STREAMING
        asked = await self._requests(endpoint="dm")
        queued = any(str(record["command"]).startswith(".get ingestion resources") for record in asked)
        return QUEUED if queued else "neither streaming nor queued"

    async def _count(self, table: str) -> int:
        return await asyncio.to_thread(self._cluster.count, table)

    async def _streamed(self, table: str) -> int:
        """How many streaming requests for a table the local Kusto has taken so far."""
        records = await self._requests(endpoint="stream", table=table)
        return sum(record["status"] == 200 for record in records)  # noqa: PLR2004 - HTTP's OK

    async def _streaming(self, table: str) -> bool:
        """Whether a streaming request for a table is running."""
        return any(record["ended"] is None for record in await self._requests(endpoint="stream", table=table))

    async def _requests(self, **asked: str) -> list[dict[str, Any]]:
        reply = await get(f"{self._endpoints.kusto}/admin/requests?{urlencode(asked)}")
        records: list[dict[str, Any]] = reply.body["requests"]
        return records


def _checked(step: Step) -> Step:
    if not step.ok:
        raise MismatchError(step)
    return step


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
