"""The worker driver by itself: one app in a child process of the test, without the HTTP server."""

import json
import subprocess
import sys
from pathlib import Path

from local.paths import ROOT

SCRIPT = """
import asyncio, json, logging, sys
from datetime import timedelta
from pathlib import Path
from local.functions import protos
from local.functions.bindings import parse_functions
from local.functions.invocations import Invocations, TimedOut
from local.functions.worker import Call, Raised, Returned, Worker

async def main():
    worker = Worker(Path(sys.argv[1]), {"WORK_QUEUE": "work", "MINE": "setting"})
    functions = {function.name: function for function in parse_functions(await worker.start(), {"WORK_QUEUE": "work"})}
    invocations = Invocations(worker, timedelta(seconds=0.5))

    async def call(name, route):
        nothing = protos.TypedData()
        request = protos.RpcHttp(method="GET", url="http://x/", headers={}, params=route, query={}, body=nothing)
        function = functions[name]
        return await invocations.run(
            function, Call(function_id=function.function_id, inputs={"req": protos.TypedData(http=request)}), "test"
        )

    plain = await call("plain", {})
    raised = await call("raises", {})
    timed_out = await call("sleep", {"seconds": "1"})
    worker.stop()
    print(json.dumps({
        "names": sorted(functions),
        "plain": plain.value.string,
        "raised": raised.message,
        "kinds": [type(one).__name__ for one in (plain, raised, timed_out)],
        "running": invocations.running,
        "first_path": sys.path[0] == sys.argv[1],
    }))

asyncio.run(main())
"""


def test_an_app_can_be_driven_without_a_server() -> None:
    app = Path(__file__).parent / "apps" / "basic"
    command = [sys.executable, "-W", "error", "-c", SCRIPT, str(app)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own command

    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["plain"] == "just text"
    assert told["raised"] == "RuntimeError: this function always raises"
    assert told["kinds"] == ["Returned", "Raised", "TimedOut"]
    assert told["running"] == 0
    assert told["first_path"] is True
    assert {"blob_bytes", "every_second", "queued"} <= set(told["names"])
