"""Queued ingestion over REST (preview): submit blobs, ask for the operation.

Source of paths and shapes: ``openapi.yaml`` of Azure/azure-kusto-java, ingest-v2.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from aiohttp import web

from local.kusto.dm import token
from local.kusto.dm.bloburi import BlobUri
from local.kusto.dm.commands import SAS_LIFETIME, no_storage
from local.kusto.dm.properties import Properties
from local.kusto.dm.refusal import refusal
from local.kusto.dm.source import ReportLevel, encode_source, timestamp
from local.kusto.errors import KustoError, bad_request

if TYPE_CHECKING:
    from local.kusto.dm.operations import Operations
    from local.kusto.dm.storage import Storage
    from local.kusto.model import BatchingPolicy

MAX_BLOBS: Final = 20
"""Blobs in one request (azure-kusto-java ingest-v2: MAX_BLOBS_PER_BATCH)."""
MAX_RAW_SIZE: Final = 6 * 1024**3
PATH: Final = "/v1/rest/ingestion/queued/{database}/{table}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedRest:
    """The three routes; what they accept goes through the same queue as the clients' sources."""

    storage: Callable[[], Storage | None]
    operations: Operations
    policy: Callable[[str, str], BatchingPolicy]

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.post(PATH, self.submit),
            web.get(PATH + "/{operation}", self.status),
            web.get("/v1/rest/ingestion/configuration", self.configuration),
        ]

    async def submit(self, request: web.Request) -> web.Response:
        """Accept blobs: the answer comes after all of them are in the queue."""
        storage = self._storage()
        database, table = request.match_info["database"], request.match_info["table"]
        await asyncio.to_thread(self.policy, database, table)
        operation = str(uuid4())
        entries = _entries(_body(await request.read()), database, table, operation)
        tracked = [entry["Id"] for entry in entries]
        if entries[0]["Tracked"]:
            self.operations.open(operation, database, table, tracked)
        issued = token.issue(storage.account.key, time())
        for number, entry in enumerate(entries):
            entry["AdditionalProperties"]["authorizationContext"] = issued
            queue = storage.names.ready[number % len(storage.names.ready)]
            await storage.queue(queue).send_message(encode_source(entry))
        return web.json_response({"ingestionOperationId": operation})

    async def status(self, request: web.Request) -> web.Response:
        """The state of an operation; details of every blob with ``?details=true``."""
        asked = request.match_info
        found = self.operations.find(asked["operation"], asked["database"], asked["table"])
        if found is None:
            raise KustoError(
                status=404,
                code="NotFound",
                message="Request is invalid and cannot be executed.",
                type_="Kusto.DataManagement.Exceptions.IngestionOperationNotFoundException",
                description="The ingestion operation was not found; set properties.enableTracking when submitting.",
                permanent=True,
            )
        details = request.query.get("details", "").lower() == "true"
        return web.json_response(found.shown(details=details))

    async def configuration(self, _request: web.Request) -> web.Response:
        """Containers to put blobs into, and limits."""
        resources = self._storage().resources(datetime.now(UTC), SAS_LIFETIME)
        containers = [{"path": url} for kind, url in resources if kind == "TempStorage"]
        return web.json_response(
            {
                "containerSettings": {
                    "containers": containers,
                    "lakeFolders": [],
                    "refreshInterval": "01:00:00",
                    "preferredUploadMethod": "Storage",
                },
                "ingestionSettings": {
                    "maxBlobsPerBatch": MAX_BLOBS,
                    "maxDataSize": MAX_RAW_SIZE,
                    "preferredIngestionMethod": "Rest",
                },
            }
        )

    def _storage(self) -> Storage:
        storage = self.storage()
        if storage is None:
            raise no_storage()
        return storage


def _body(content: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_request("BadRequest", "The body is not a JSON object.")
    return body


def _entries(body: Mapping[str, Any], database: str, table: str, operation: str) -> list[dict[str, Any]]:
    """Queue entries of a request; raises ``KustoError`` before anything is queued."""
    blobs, properties = body.get("blobs"), body.get("properties")
    if not isinstance(properties, dict) or not properties.get("format"):
        raise bad_request("BadRequest", "properties.format is required.")
    if not isinstance(blobs, Sequence) or isinstance(blobs, str) or not blobs:
        raise bad_request("BadRequest", "blobs is empty.")
    if len(blobs) > MAX_BLOBS:
        raise bad_request("BadRequest", f"{len(blobs)} blobs are more than the {MAX_BLOBS} one request may carry.")
    additional = {name: value for name, value in properties.items() if value is not None}
    found = [_entry(blob, additional, database, table, operation) for blob in blobs]
    if len({entry["BlobPath"].partition("?")[0] for entry in found}) < len(found):
        raise refusal("BlobAlreadyReceived_BlobAlreadyFoundInBatch", "The request names the same blob twice.")
    return found


def _entry(blob: object, properties: Mapping[str, Any], database: str, table: str, operation: str) -> dict[str, Any]:
    if not isinstance(blob, dict):
        raise bad_request("BadRequest", "blobs holds something that is no object.")
    uri = BlobUri.parse(str(blob.get("url") or ""))
    Properties.parse(properties, uri.name)
    entry: dict[str, Any] = {
        "Id": str(blob.get("sourceId") or uuid4()),
        "BlobPath": str(blob["url"]),
        "DatabaseName": database,
        "TableName": table,
        "RetainBlobOnSuccess": not properties.get("deleteAfterDownload", False),
        "FlushImmediately": bool(properties.get("skipBatching", False)),
        "IgnoreSizeLimit": bool(properties.get("ignoreSizeLimit", False)),
        "ReportLevel": ReportLevel.FAILURES_ONLY.value,
        "ReportMethod": 0,
        "SourceMessageCreationTime": timestamp(datetime.now(UTC)),
        "IngestionOperationId": operation,
        "Tracked": bool(properties.get("enableTracking", False)),
        "AdditionalProperties": dict(properties),
    }
    if blob.get("rawSize"):
        entry["RawDataSize"] = blob["rawSize"]
    return entry
