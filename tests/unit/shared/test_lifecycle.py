"""A process that is about to end takes no more work and finishes what it has."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from shared.accounting import Accounting
from shared.bootstrap import Application, start
from shared.http.call import HttpCall
from shared.lifecycle import Lifecycle, drain_on_sigterm

ROOT = Path(__file__).parents[3]
_ENV = {
    "KUSTO_CLUSTER_URI": "http://127.0.0.1:9",
    "KUSTO_DATABASE": "Events",
    "LANDING": "UseDevelopmentStorage=true",
    "GITHUB_WEBHOOK_SECRET": "a secret of the test",
}


async def test_an_idle_process_is_drained_at_once() -> None:
    assert await Lifecycle().drained()


async def test_what_is_in_flight_is_waited_for() -> None:
    accounting = Accounting()

    async def work() -> None:
        with accounting.work("r"):
            await asyncio.sleep(0.05)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)

    assert await accounting.lifecycle.drained()
    assert task.done() or accounting.lifecycle.in_flight == 0
    await task


async def test_new_work_is_refused_with_a_time_to_come_again() -> None:
    application = start(_ENV, ROOT)
    assert isinstance(application, Application)
    application._parts.accounting.lifecycle.draining = True
    call = HttpCall(
        operation_id=uuid4(), method="POST", route="storm-lines", table=None, headers={}, query={}, body=b"1,2\n"
    )

    for answer in (await application.ingest(call), await application.hook(call)):
        assert answer.status == 503
        assert b'"code":"draining"' in answer.body
        assert "Retry-After" in answer.headers


def test_another_answer_to_sigterm_is_left_alone() -> None:
    async def with_handler() -> bool:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
        return drain_on_sigterm(Lifecycle(), lambda: None)

    assert asyncio.run(with_handler()) is False


def test_sigterm_ends_the_process_after_its_work() -> None:
    script = """
import asyncio
from shared.accounting import Accounting
from shared.lifecycle import drain_on_sigterm
async def main():
    accounting = Accounting()
    assert drain_on_sigterm(accounting.lifecycle, lambda: print("flushed", flush=True))
    with accounting.work("r"):
        print("working", flush=True)
        while not accounting.lifecycle.draining:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        print("done", flush=True)
    await asyncio.sleep(30)
asyncio.run(main())
"""
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "done\n"
        assert process.stdout.readline() == "flushed\n"
        assert process.wait(20) == -signal.SIGTERM
