"""Streaming ingestion: one request to the engine endpoint per call, nothing more.

Attempts, waits and fallback are the managed policy's business (managed.py). The client is the SDK's asynchronous one
(azure-kusto-data 6.0.4, aio/client.py): created once per process inside the loop, never closed per call.
"""

import gzip
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from shared.payload import Payload

#: Level 1 compresses JSON lines at over 100 MB/s; level 9, the SDK's choice, is five times slower for 15 % less.
_GZIP_LEVEL = 1


class StreamingEndpoint:
    """Sends payloads to the engine."""

    def __init__(self, client: Callable[[], Awaitable[Any]]) -> None:
        self._client = client

    async def send(self, payload: Payload, *, attempt: int, timeout: float) -> None:  # noqa: ASYNC109 - the SDK's own
        """One attempt. Returns when the service accepted the rows.

        Args:
            payload: at most 4 MiB raw.
            attempt: counts from 0, and stands in the client request id.
            timeout: seconds, at least 1 (the SDK truncates to whole seconds, and 0 would mean for ever).

        Raises:
            Exception: whatever the SDK raises; `errors.failure_of` takes it apart.
        """
        from azure.kusto.data import ClientRequestProperties  # noqa: PLC0415 - 200 ms that a cold start need not pay

        properties = ClientRequestProperties()  # type: ignore[no-untyped-call] # the SDK's constructor has no annotations
        properties.client_request_id = _request_id(payload, attempt)
        properties.set_option("servertimeout", timedelta(seconds=max(1, int(timeout))))
        client = await self._client()
        target = payload.target
        # A fresh stream per attempt: one that was read before would be sent empty, and accepted. Not bytes, which
        # aiohttp writes in one piece. The SDK labels every body `Content-Encoding: gzip` and puts names into the URL
        # as they are, so we compress and quote.
        await client.execute_streaming_ingest(
            quote(target.database, safe=""),
            quote(target.table, safe=""),
            io.BytesIO(gzip.compress(payload.records.content, _GZIP_LEVEL, mtime=0)),
            None,
            payload.records.data_format.value,
            properties,
            quote(target.mapping, safe="") if target.mapping else None,
        )


def _request_id(payload: Payload, attempt: int) -> str:
    """The client request id: what was sent, which attempt, and in which trace, as `.show queries` and logs show it.

    Its beginning is the form of managed streaming (azure-kusto-ingest 6.0.4, managed_streaming_ingest_client.py).
    """
    name = f"managed;{payload.source_id};{attempt}"
    _, *trace = payload.trace.split("-")
    return f"{name};{trace[0]}" if trace else name
