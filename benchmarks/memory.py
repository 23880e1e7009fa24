"""How much memory the application needs beside what it needs when idle: for a large blob, and for requests that wait.

Each measurement runs in a process of its own, against Azurite and a local Kusto: idle is the resident set after one of
everything was done once, peak the highest resident set from then on (Linux: VmHWM in /proc/self/status).

- `blob`: one blob of 1 GiB is queued by reference. Baseline `blob-as-bytes`: it is read, as by a bytes binding.
- `gathered`: the records of 10 000 requests of one event wait in the coalescer while the engine does not answer.
- `waiting`: 10 000 such requests wait in the whole HTTP pipeline. Baseline of both, `bodies`: their bodies alone.

Run: ``python benchmarks/memory.py [--json]`` (all of them), or with the name of one.
"""

import argparse
import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

_ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT))

MIB = 1 << 20
BLOCK, BLOCKS = 16 * MIB, 64  # 1 GiB of which Azurite stores one block
REQUESTS = 10_000
_STUCK = 6.0  # seconds that the engine takes to answer
_ROUTES = """
[routes.big]
table = "Big"
format = "csv"
streaming = "never"
blobs = ["big/**"]

[routes.events]
table = "Docs"
format = "json"
mapping = "docs"
"""
SCHEMA = (
    ".create table Big (A:string, B:string)",
    # Batches of this table are never sealed: the blob is queued, and no gigabyte is ingested.
    '.alter table Big policy ingestionbatching \'{"MaximumBatchingTimeSpan":"00:30:00","MaximumRawDataSizeMB":4096}\'',
    ".create table Docs (Id:string, Data:dynamic)",
    """.create table Docs ingestion json mapping "docs"
    '[{"Column":"Id","Properties":{"Path":"$.id"}},{"Column":"Data","Properties":{"Path":"$.data"}}]'""",
    ".alter database Events policy streamingingestion enable",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident bytes of a process: idle, and at the most. `done`: what was done meanwhile."""

    name: str
    idle: int
    peak: int
    done: str

    @property
    def grown(self) -> int:
        """Bytes beyond idle."""
        return self.peak - self.idle


def resident(pid: int | str = "self") -> tuple[int, int]:
    """Resident bytes of a process, now and at the most (Linux)."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024, int(fields["VmHWM"].split()[0]) * 1024


def forget_peak(pid: int | str = "self") -> None:
    """Let the peak start again from now (Linux: proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def make_blob(storage: str, name: str) -> None:
    """A blob of 1 GiB in the landing container: one block, listed many times."""
    from azure.storage.blob import BlobBlock, BlobServiceClient  # noqa: PLC0415 - not needed by a measured process

    block = base64.b64encode(b"0001").decode()
    with BlobServiceClient.from_connection_string(storage) as service:
        blob = service.get_blob_client("landing", name)
        blob.stage_block(block, b"some,row\n" * (BLOCK // 9) + b"-" * (BLOCK % 9))
        blob.commit_block_list([BlobBlock(block_id=block)] * BLOCKS)


def _application(kusto: str, storage: str, folder: Path) -> Any:
    from shared.bootstrap import Application, start  # noqa: PLC0415 - only in a measured process

    (folder / "routes.toml").write_text(_ROUTES)
    env = {"KUSTO_CLUSTER_URI": kusto, "KUSTO_DATABASE": "Events", "LANDING": storage}
    application = start(env, folder)
    if not isinstance(application, Application):
        raise SystemExit(str(application.problems))
    return application


def _event(name: str) -> bytes:
    return json.dumps({"id": name, "data": {"text": "x" * 600}}).encode()


async def _post(application: Any) -> int:
    from shared.http.call import HttpCall  # noqa: PLC0415 - only in a measured process

    name = uuid4()
    call = HttpCall(
        operation_id=name,
        method="POST",
        route="events",
        table=None,
        headers={"content-type": "application/json", "user-agent": "benchmark", "host": "127.0.0.1"},
        query={},
        body=_event(str(name)),
    )
    return int((await application.ingest(call)).status)


async def _blob(application: Any, name: str) -> None:
    from shared.payload import BlobName  # noqa: PLC0415 - only in a measured process

    await application.blob(BlobName(container="landing", name=name))


async def _measured_blob(kusto: str, storage: str, folder: Path) -> Memory:
    application = _application(kusto, storage, folder)
    await _blob(application, "big/warm-up.csv")
    idle, _ = resident()
    forget_peak()
    await _blob(application, "big/one.csv")
    await application.close()
    return Memory(name="blob", idle=idle, peak=resident()[1], done=f"{BLOCK * BLOCKS >> 20} MiB by reference")


async def _measured_bytes(_kusto: str, storage: str, _folder: Path) -> Memory:
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - the baseline only

    with BlobServiceClient.from_connection_string(storage) as service:
        service.get_blob_client("landing", "big/warm-up.csv").download_blob().readall()
        idle, _ = resident()
        forget_peak()
        content = service.get_blob_client("landing", "big/one.csv").download_blob().readall()
    return Memory(name="blob-as-bytes", idle=idle, peak=resident()[1], done=f"{len(content) >> 20} MiB read")


async def _gather(application: Any) -> int:
    from shared.deadline import Deadline  # noqa: PLC0415 - only in a measured process
    from shared.framing.formats import DataFormat  # noqa: PLC0415 - as above
    from shared.framing.records import frame  # noqa: PLC0415 - as above
    from shared.outcome import Delivered  # noqa: PLC0415 - as above
    from shared.payload import Payload  # noqa: PLC0415 - as above

    name, route, parts = uuid4(), application.routes.named("events"), application._parts  # noqa: SLF001 - no public way
    payload = Payload(
        source_id=name,
        route=route.name,
        target=route.target(table=None, data_format=DataFormat.JSON),
        records=frame(_event(str(name)), DataFormat.JSON, skip_header=False),
        streaming=route.streaming,
    )
    outcome = await parts.gathering.ingest(payload, Deadline.after(parts._clock, 60.0))  # noqa: SLF001 - as above
    return 200 if isinstance(outcome, Delivered) else 500


async def _stuck(name: str, kusto: str, application: Any, one: Callable[[Any], Awaitable[int]]) -> Memory:
    """All at once, while the engine does not answer; then it does."""
    from local.kusto.faults.client import Faults  # noqa: PLC0415 - only here
    from local.kusto.faults.effects import Delay, Endpoint  # noqa: PLC0415 - only here

    faults = Faults(kusto)
    await asyncio.gather(*(one(application) for _ in range(50)))
    faults.on(Endpoint.STREAM, effect=Delay(seconds=_STUCK), times=None)
    idle, _ = resident()
    forget_peak()
    waiting = [asyncio.create_task(one(application)) for _ in range(REQUESTS)]
    await asyncio.sleep(_STUCK / 2)
    answered = sum(task.done() for task in waiting)
    faults.clear()
    statuses = await asyncio.gather(*waiting)
    await application.close()
    done = f"{REQUESTS - answered} waited at once, {statuses.count(200)} delivered"
    return Memory(name=name, idle=idle, peak=resident()[1], done=done)


async def _measured_waiting(kusto: str, storage: str, folder: Path) -> Memory:
    return await _stuck("waiting", kusto, _application(kusto, storage, folder), _post)


async def _measured_gathered(kusto: str, storage: str, folder: Path) -> Memory:
    return await _stuck("gathered", kusto, _application(kusto, storage, folder), _gather)


async def _measured_bodies(_kusto: str, _storage: str, _folder: Path) -> Memory:
    idle, _ = resident()
    forget_peak()
    bodies = [_event(str(uuid4())) for _ in range(REQUESTS)]
    return Memory(name="bodies", idle=idle, peak=resident()[1], done=f"{sum(map(len, bodies)) >> 10} KiB of bodies")


_MEASUREMENTS = {
    "blob": _measured_blob,
    "blob-as-bytes": _measured_bytes,
    "gathered": _measured_gathered,
    "waiting": _measured_waiting,
    "bodies": _measured_bodies,
}


def measured(name: str, kusto: str, storage: str) -> Memory:
    """One measurement, in a process of its own."""
    command = [sys.executable, __file__, name, "--kusto", kusto]
    env = os.environ | {"PYTHONPATH": str(_ROOT), "BENCHMARK_STORAGE": storage}
    ended = subprocess.run(command, capture_output=True, text=True, env=env, timeout=180, check=False)  # noqa: S603 - ourselves
    if ended.returncode:
        raise RuntimeError(ended.stderr[-2000:])
    return Memory(**json.loads(ended.stdout))


async def _all() -> list[Memory]:
    from local.kql import Cluster  # noqa: PLC0415 - not needed by a measured process
    from local.stack import Options, Stack  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="memory-") as folder:
        async with Stack(Options(logs=Path(folder), functions=False, schema=False)) as stack:
            kusto, storage = stack.endpoints.kusto, stack.endpoints.storage_connection_string

            def run() -> list[Memory]:
                with Cluster(kusto, "Events") as cluster:
                    for text in SCHEMA:
                        cluster.run(text)
                make_blob(storage, "big/one.csv")
                put_small(storage, "big/warm-up.csv")
                return [measured(name, kusto, storage) for name in _MEASUREMENTS]

            return await asyncio.to_thread(run)


def put_small(storage: str, name: str, **metadata: str) -> None:
    """A small blob in the landing container."""
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - not needed by a measured process

    with BlobServiceClient.from_connection_string(storage) as service:
        service.get_blob_client("landing", name).upload_blob(b"some,row\n", overwrite=True, metadata=metadata)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", choices=_MEASUREMENTS, help="measure one thing in this process")
    parser.add_argument("--kusto", help="URL of a local Kusto, for one thing; the storage is BENCHMARK_STORAGE")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.name:
        if not given.kusto:
            parser.error("--kusto: needed to measure one thing")
        with tempfile.TemporaryDirectory(prefix="memory-") as folder:
            storage = os.environ.get("BENCHMARK_STORAGE", "")
            print(json.dumps(asdict(asyncio.run(_MEASUREMENTS[given.name](given.kusto, storage, Path(folder))))))
        return
    os.environ["PYTHONPATH"] = str(_ROOT)  # for the stack's processes
    found = asyncio.run(_all())
    if given.json:
        print(json.dumps([asdict(one) for one in found]))
        return
    for one in found:
        print(
            f"{one.name:14} idle {one.idle / MIB:7.1f} MiB  peak {one.peak / MIB:7.1f} MiB"
            f"  grown {one.grown / MIB:7.1f} MiB  ({one.done})"
        )


if __name__ == "__main__":
    main()
