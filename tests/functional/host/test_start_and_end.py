"""How the host begins, refuses to begin, and ends."""

import asyncio
import os
import signal
import socket
import uuid
from pathlib import Path

import pytest

from local.problems import ChildDiedError
from tests.functional.host.support import Storage, blob_event, calling

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("app", "sentences"),
    [
        ("broken_import", ["could not be indexed", "RuntimeError: this module refuses to load"]),
        ("bad_annotation", ["could not be indexed", "lacks_a_parameter", "'req'"]),
        ("unsupported", ["- from_hub: ", "eventHubTrigger", "httpTrigger, blobTrigger", "- scanned: ", "EventGrid"]),
        ("missing_setting", ["- queued: ", "app setting NOT_SET_ANYWHERE", "- timed: ", "'every day' is not NCRONTAB"]),
        ("no_such_folder", ["There is no function_app.py"]),
    ],
)
async def test_an_app_that_cannot_run_ends_with_code_1_and_the_reason(
    tmp_path: Path, app: str, sentences: list[str]
) -> None:
    with pytest.raises(ChildDiedError) as died:
        async with calling(app, tmp_path):
            pass
    log = next(tmp_path.glob("*.log")).read_text()  # noqa: ASYNC240 - a small file

    assert died.value.code == 1
    for sentence in sentences:
        assert sentence in log


async def test_a_connection_that_is_not_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChildDiedError, match="connection 'LANDING' has no blob service"):
        async with calling("basic", tmp_path):
            pass


async def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ChildDiedError, match=f"Port {port} of 127.0.0.1 cannot be used"):
            async with calling("trivial", tmp_path, arguments=["--port", str(port)]):
                pass


async def test_the_log_lists_what_starts_each_function_and_warns_of_retry_policies(
    account: Storage, tmp_path: Path
) -> None:
    async with calling("basic", tmp_path, storage=account.connection_string) as caller:
        await caller.log(f"echo: [GET,POST] {caller.host.url}/api/echo/{{first}}/{{second:int?}} (anonymous)")
        await caller.log("blob_client: blobs of landing/{name} (LANDING), by event")
        await caller.log(f"queued: queue {caller.work_queue} (AzureWebJobsStorage)")
        await caller.log("once_a_year: timer 0 0 0 1 1 *")
        await caller.log("Function once_a_year declares a retry policy")


async def test_keys_can_be_given(tmp_path: Path) -> None:
    async with calling("trivial", tmp_path, arguments=["--function-key", "f", "--admin-key", "a"]) as caller:
        assert (caller.host.function_key, caller.host.admin_key) == ("f", "a")
        assert caller.host.functions == ["hello"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_lets_running_calls_end_and_refuses_new_ones(
    account: Storage, tmp_path: Path, number: signal.Signals
) -> None:
    name = f"{uuid.uuid4()}.slow"
    async with calling("basic", tmp_path, storage=account.connection_string) as caller:
        await caller.post_events("blob_bytes", [blob_event(await account.put(name, b"slow"))])

        await caller.log(f": landing/{name}'")
        running = asyncio.create_task(caller.get("/api/sleep/1.5"))
        await asyncio.sleep(0.3)
        os.kill(caller.host.child.pid, number)
        await asyncio.sleep(0.3)

        assert (await caller.get("/api/plain"))[0] == 503
        assert await running == (200, "slept")
        assert await asyncio.wait_for(caller.host.child.wait(), 20) == 0
        assert await account.trace(f"bytes/landing/{name}") is not None
    log = caller.host.log.read_text()
    assert "Unclosed" not in log
    assert "was destroyed" not in log


async def test_a_synchronous_call_that_timed_out_does_not_hold_the_end(tmp_path: Path) -> None:
    async with calling("limits", tmp_path) as caller:
        assert (await caller.get("/v1/block/60"))[0] == 500
        os.kill(caller.host.child.pid, signal.SIGTERM)

        assert await asyncio.wait_for(caller.host.child.wait(), 10) == 0


async def test_an_idle_host_ends_at_once_without_storage(tmp_path: Path) -> None:
    async with calling("trivial", tmp_path) as caller:
        os.kill(caller.host.child.pid, signal.SIGINT)

        assert await asyncio.wait_for(caller.host.child.wait(), 10) == 0
