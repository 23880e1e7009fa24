"""What the shipped application sends to Application Insights while it works: on the real worker, with real Azurite and
the local Kusto, through the real exporter.

Every count that follows from the requests below is exact, and written down beside them.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local.kusto.faults.client import Faults
from local.kusto.faults.effects import Endpoint
from local.paths import ROOT
from local.stack import Options, Stack
from shared.storage.names import LANDING_CONTAINER, POISON_QUEUE
from shared.telemetry.metrics import Metric
from shared.telemetry.spans import Work
from tests.kusto_fixture import until
from tests.loop_thread import LoopThread
from tests.telemetry.endpoint import PROMPT, Envelope, Recorder, recording

if TYPE_CHECKING:
    from pathlib import Path

    from local.endpoints import Endpoints

_ROUTES = """
[routes.nowhere]
table = "NoSuchTable"
format = "csv"

[routes.queued]
table = "MyStormEvents"
format = "csv"
mapping = "MyStormEvents_csv"
streaming = "never"
"""
_LINE = b"2018-01-26,2018-01-27,RECORDED,0,0,Unknown,{}\n"
_HEADER = b"StartTime,EndTime,State,DamageProperty,DamageCrops,Source,StormSummary\n"

#: Requests by route, fate and reason: what `work` below does.
DELIVERED = 13  # storm-lines: 12 at once, 1 with a key
THROTTLED = 2  # streaming attempts of those that were answered with 429
ROWS = 2 * 12 + 1  # of the delivered ones
DUPLICATES = 1  # storm-lines: the same key again
QUEUED = 3  # queued: its route never streams
SPOOLED = 10  # nowhere: its table does not exist
REFUSED_BODIES = 2  # events: not JSON
BROKEN_BLOBS = 1  # storms: gzip without its end
POISONED = 1  # a blob of storms that the host gave up on
RECEIVED = DELIVERED + DUPLICATES + QUEUED + SPOOLED + REFUSED_BODIES + BROKEN_BLOBS
DEAD_LETTERS = BROKEN_BLOBS + POISONED


def record(folder: Path) -> list[Envelope]:
    """Start everything, work, end everything; the telemetry of it."""
    routes = folder / "routes.toml"
    routes.write_text((ROOT / "routes.toml").read_text(encoding="utf-8") + _ROUTES, encoding="utf-8")
    with recording() as recorder, LoopThread() as loop:
        settings = {
            "APPLICATIONINSIGHTS_CONNECTION_STRING": recorder.connection_string,
            "DEADLINE_SECONDS": "12",
            "RETRY_DELAY_SECONDS": "300",  # what is spooled stays there
        }
        stack = Stack(Options(logs=folder, routes=routes, env=PROMPT | settings))
        loop.run(stack.__aenter__(), within=120)
        try:
            _work(stack.endpoints)
            until(lambda: _complete(recorder), 60, lambda: _totals(recorder))
        finally:
            loop.run(stack.__aexit__(None, None, None))
        return recorder.envelopes


def _work(endpoints: Endpoints) -> None:
    for _ in range(12 - THROTTLED):
        assert post(endpoints, "ingest/storm-lines", 2 * _LINE) == 200
    for _ in range(THROTTLED):
        Faults(endpoints.kusto).answer(Endpoint.STREAM, status=429)
        assert post(endpoints, "ingest/storm-lines", 2 * _LINE) == 200
    for _ in range(1 + DUPLICATES):
        assert post(endpoints, "ingest/storm-lines", _LINE, idempotency_key="recorded") == 200
    for _ in range(QUEUED):
        assert post(endpoints, "ingest/queued", _LINE) == 202
    for _ in range(SPOOLED):
        assert post(endpoints, "ingest/nowhere", b"1,x\n") == 202
    for _ in range(REFUSED_BODIES):
        assert post(endpoints, "ingest/events", b"{not json", content_type="application/json") == 400
    _blobs(endpoints)
    assert post(endpoints, "../admin/functions/sweep", b"{}", x_functions_key=endpoints.admin_key) == 202


def _blobs(endpoints: Endpoints) -> None:
    with BlobServiceClient.from_connection_string(endpoints.storage_connection_string) as blobs:
        broken = gzip.compress(_HEADER + _LINE)[:-8]
        blobs.get_blob_client(LANDING_CONTAINER, "storms/broken.csv.gz").upload_blob(broken)
    given_up = {"Type": "BlobTrigger", "ContainerName": LANDING_CONTAINER, "BlobName": "storms/gone.csv", "ETag": '"x"'}
    with QueueServiceClient.from_connection_string(endpoints.storage_connection_string) as queues:
        queue = queues.get_queue_client(POISON_QUEUE)
        with contextlib.suppress(ResourceExistsError):
            queue.create_queue()
        queue.send_message(base64.b64encode(json.dumps(given_up).encode()).decode())


def post(endpoints: Endpoints, path: str, body: bytes, **headers: str) -> int:
    """The status that a request to the application is answered with; `../` in front leaves `/api`."""
    named = {"x-functions-key": endpoints.function_key} | {k.replace("_", "-"): v for k, v in headers.items()}
    root = endpoints.functions if path.startswith("../") else f"{endpoints.functions}/api"
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{root}/{path.removeprefix('../')}", data=body, headers=named
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code


def _complete(recorder: Recorder) -> bool:
    """Whether all of it has arrived: metrics and spans come in batches of their own."""
    totals = _totals(recorder)
    wanted = {
        Metric.RECEIVED: RECEIVED,
        Metric.SETTLED: RECEIVED,
        Metric.ATTEMPTS: DELIVERED + THROTTLED + SPOOLED,
        Metric.DEAD_LETTERS: DEAD_LETTERS,
        Metric.POISONED: POISONED,
        Metric.SPOOL_PAYLOADS: SPOOLED,
        Work.INGEST: RECEIVED,
        Work.STREAM: DELIVERED + THROTTLED + SPOOLED,
        Work.QUEUE: QUEUED,
    }
    return all(totals.get(name, 0) >= least for name, least in wanted.items())


def _totals(recorder: Recorder) -> dict[str, Any]:
    """The sum of each metric, and the number of spans by their first word."""
    totals: dict[str, Any] = {}
    for envelope in recorder.envelopes:
        data = envelope["data"]["baseData"]
        spans = [(data["name"].split(" ")[0], 1)] if envelope["data"]["baseType"] == "RemoteDependencyData" else []
        for name, value in [*spans, *((point["name"], point["value"]) for point in data.get("metrics", ()))]:
            totals[name] = totals.get(name, 0) + value
    return totals
