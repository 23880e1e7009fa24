"""One event a request, many at once: what the application does with them, against one managed-client call per event.

Both send to the same local Kusto in the same run: 2 cores (12 streaming requests at once, 429 above) and the documented
latency of a streaming request (37 to 564 ms, mean 322 ms). The application runs on the real Python worker behind the
local Functions host; the baseline is azure-kusto-ingest's `ManagedStreamingIngestClient`, one call for each event, from
a pool of threads.

Run: ``python benchmarks/ingest_load.py [--events 2000] [--baseline 200] [--json]``
"""

import argparse
import asyncio
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

_ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT))

from local.kusto.faults.client import Faults  # noqa: E402 - the repository is no installed package
from local.kusto.faults.effects import Endpoint  # noqa: E402 - as above
from local.stack import Options, Stack  # noqa: E402 - as above

_PADDING = "x" * 560  # an event of about 700 bytes, as webhooks are at the small end
_TOO_MANY = 429
_SECONDS = 120.0
_BASELINE_THREADS = 64


@dataclass(slots=True, kw_only=True)
class Load:
    """What a load came to. Latencies are seconds from the first try to the final answer."""

    statuses: Counter[int] = field(default_factory=Counter)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0


def event(name: str) -> bytes:
    """One CloudEvent of about 700 bytes."""
    body = {"id": name, "source": "/load", "type": "load", "time": "2026-01-01T00:00:00Z", "data": {"text": _PADDING}}
    return json.dumps(body).encode()


async def post_all(functions: str, key: str, names: list[str]) -> Load:
    """Post one event a request, all of them at once. A 429 is sent again after a while, as a sender does."""
    load = Load()
    url = f"{functions}/api/ingest/events"
    headers = {"x-functions-key": key, "content-type": "application/json"}

    async def one(session: aiohttp.ClientSession, name: str) -> None:
        started = time.perf_counter()
        while True:
            async with session.post(url, data=event(name), headers=headers) as answer:
                body = await answer.text()
            load.statuses[answer.status] += 1
            if answer.status != _TOO_MANY:
                break
            await asyncio.sleep(0.25)
        load.answers[name] = {"status": answer.status} | (json.loads(body) if body.startswith("{") else {})
        load.latencies.append(time.perf_counter() - started)

    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        began = time.perf_counter()
        await asyncio.gather(*(one(session, name) for name in names))
        load.seconds = time.perf_counter() - began
    return load


def ingest_each(kusto: str, names: list[str]) -> Load:
    """The baseline: one call of the managed client for each event, from many threads."""
    from azure.kusto.data import DataFormat, KustoConnectionStringBuilder  # noqa: PLC0415 - the baseline only
    from azure.kusto.ingest import IngestionProperties, ManagedStreamingIngestClient  # noqa: PLC0415

    connection = KustoConnectionStringBuilder.with_no_authentication(kusto)
    properties = IngestionProperties(
        database="Events",
        table="WebhookEvents",
        data_format=DataFormat.JSON,
        ingestion_mapping_reference="WebhookEvents_json",
    )
    load = Load()
    with ManagedStreamingIngestClient(connection, connection) as client:

        def one(name: str) -> None:
            started = time.perf_counter()
            try:
                client.ingest_from_stream(io.BytesIO(event(name)), properties)
                load.statuses[200] += 1
            except Exception as error:  # noqa: BLE001 - whatever it raises, the event was not taken
                load.statuses[500] += 1
                load.answers[name] = {"error": type(error).__name__}
            load.latencies.append(time.perf_counter() - started)

        began = time.perf_counter()
        with ThreadPoolExecutor(_BASELINE_THREADS) as pool:
            list(pool.map(one, names))
        load.seconds = time.perf_counter() - began
    return load


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One way, measured. `per_event`: streaming requests that Kusto saw for each event, refused ones included."""

    name: str
    events: int
    failed: int
    events_per_second: float
    p50_ms: float
    p99_ms: float
    streaming_requests: int
    throttled: int
    per_event: float


def figures(name: str, load: Load, faults: Faults) -> Figures:
    """What a load and the record of requests say."""
    seen = faults.requests(Endpoint.STREAM)
    events = len(load.latencies)
    failed = sum(count for status, count in load.statuses.items() if status >= 400 and status != _TOO_MANY)  # noqa: PLR2004 - HTTP errors
    return Figures(
        name=name,
        events=events,
        failed=failed,
        events_per_second=(events - failed) / load.seconds,
        p50_ms=statistics.median(load.latencies) * 1000,
        p99_ms=sorted(load.latencies)[int(events * 0.99)] * 1000,
        streaming_requests=seen.count(Endpoint.STREAM),
        throttled=seen.count(Endpoint.STREAM, _TOO_MANY),
        per_event=seen.count(Endpoint.STREAM) / events,
    )


async def run(events: int, baseline: int) -> list[Figures]:
    """Both ways, one after the other, on one stack."""
    with tempfile.TemporaryDirectory(prefix="ingest-load-") as folder:
        env = {"AzureFunctionsJobHost__logging__logLevel__default": "Warning"}
        options = Options(logs=Path(folder), cores=2, latency="documented", env=env)
        async with Stack(options) as stack:
            endpoints = stack.endpoints
            faults = Faults(endpoints.kusto)
            await post_all(endpoints.functions, endpoints.function_key, ["warm-up"])
            faults.forget()
            names = [str(uuid4()) for _ in range(events)]
            ours = figures(
                "this application", await post_all(endpoints.functions, endpoints.function_key, names), faults
            )
            faults.forget()
            names = [str(uuid4()) for _ in range(baseline)]
            theirs = await asyncio.to_thread(ingest_each, endpoints.kusto, names)
            return [ours, figures("one managed-client call per event", theirs, faults)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=2000, help="events for the application (default: %(default)s)")
    parser.add_argument("--baseline", type=int, default=200, help="events for the baseline (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    os.environ["PYTHONPATH"] = str(_ROOT)  # for the stack's processes
    measured = asyncio.run(run(given.events, given.baseline))
    if given.json:
        print(json.dumps([asdict(one) for one in measured]))
        return
    for one in measured:
        print(
            f"{one.name:34} {one.events:6} events  {one.events_per_second:8.1f} events/s  p50 {one.p50_ms:8.0f} ms"
            f"  p99 {one.p99_ms:8.0f} ms  failed {one.failed:4}  streaming requests {one.streaming_requests:5}"
            f" ({one.throttled} throttled, {one.per_event:.3f} per event)"
        )


if __name__ == "__main__":
    main()
