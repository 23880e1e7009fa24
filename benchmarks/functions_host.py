"""Requests a second through the local Functions host, against a bare aiohttp handler in the same run.

Both servers are child processes; the client is this process. On two cores client and server have one each.
Run: ``python benchmarks/functions_host.py [--seconds 5] [--concurrency 32] [--json]``
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp

_ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT))

from local.functions.process import running_host  # noqa: E402 - the repository is no installed package

_BODY = b"x" * 200
_BARE = """
from aiohttp import web
async def hello(request):
    return web.Response(body=b"hello " + await request.read())
async def main():
    runner = web.ServerRunner(web.Server(hello), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await __import__("asyncio").Event().wait()
__import__("asyncio").run(main())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One server under load: requests per second, and latencies in milliseconds."""

    name: str
    requests_per_second: float
    median_ms: float
    p99_ms: float


async def measure(name: str, url: str, *, seconds: float, concurrency: int) -> Measured:
    """Load ``url`` from ``concurrency`` clients; every answer must be 200."""
    taken: list[float] = []

    async def client(session: aiohttp.ClientSession, until: float) -> None:
        while (started := time.perf_counter()) < until:
            async with session.post(url, data=_BODY) as answer:
                if answer.status != 200 or len(await answer.read()) != len(_BODY) + 6:  # noqa: PLR2004 - "hello "
                    raise RuntimeError(f"{name} answered {answer.status}")
            taken.append((time.perf_counter() - started) * 1000)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        await asyncio.gather(*(client(session, time.perf_counter() + 0.5) for _ in range(concurrency)))
        taken.clear()
        started = time.perf_counter()
        await asyncio.gather(*(client(session, started + seconds) for _ in range(concurrency)))
    rate = len(taken) / (time.perf_counter() - started)
    taken.sort()
    p99 = taken[int(len(taken) * 0.99)]
    return Measured(name=name, requests_per_second=rate, median_ms=statistics.median(taken), p99_ms=p99)


@asynccontextmanager
async def bare_server() -> AsyncIterator[str]:
    """A bare aiohttp handler in a process of its own."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _BARE, stdout=asyncio.subprocess.PIPE)
    try:
        port = await process.stdout.readline() if process.stdout else b""
        yield f"http://127.0.0.1:{int(port)}/"
    finally:
        process.terminate()
        await process.wait()


async def run(seconds: float, concurrency: int) -> list[Measured]:
    """Both servers, one after the other."""
    app = _ROOT / "tests" / "functional" / "host" / "apps" / "trivial"
    log = Path(tempfile.mkdtemp(prefix="functions-host-")) / "host.log"
    async with bare_server() as url:
        bare = await measure("bare aiohttp", url, seconds=seconds, concurrency=concurrency)
    async with running_host(app, log=log) as host:
        whole = await measure("functions host", f"{host.url}/api/hello", seconds=seconds, concurrency=concurrency)
    settings = {"AzureFunctionsJobHost__logging__logLevel__default": "Warning"}
    async with running_host(app, log=log, env=settings) as host:
        url = f"{host.url}/api/hello"
        quiet = await measure("functions host, logLevel Warning", url, seconds=seconds, concurrency=concurrency)
    return [bare, whole, quiet]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    measured = asyncio.run(run(given.seconds, given.concurrency))
    bare = measured[0].requests_per_second
    if given.json:
        print(json.dumps([asdict(one) | {"ratio": one.requests_per_second / bare} for one in measured]))
        return
    for one in measured:
        print(
            f"{one.name:34} {one.requests_per_second:8.0f} requests/s  median {one.median_ms:6.2f} ms"
            f"  p99 {one.p99_ms:6.2f} ms  {one.requests_per_second / bare:.2f} of bare"
        )


if __name__ == "__main__":
    main()
