"""Timers, and the management endpoints that run them by hand."""

import json
import uuid
from datetime import datetime
from typing import Any

import pytest

from tests.functional.host.support import Caller, Storage, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def fired(caller: Caller) -> list[dict[str, Any]]:
    _, text = await caller.get("/api/fired")
    found: list[dict[str, Any]] = json.loads(text)
    return found


async def test_a_timer_runs_at_start_and_then_by_its_schedule(basic: Caller) -> None:
    async def three() -> list[dict[str, Any]] | None:
        found = [call for call in await fired(basic) if "status" in call]
        return found if len(found) >= 3 else None

    calls = await eventually(three)
    assert calls[0]["status"]["Last"] == "0001-01-01T00:00:00"
    assert calls[0]["schedule"] == {"AdjustForDST": True}
    assert [call["pastDue"] for call in calls[:3]] == [False, False, False]
    times = [datetime.fromisoformat(call["status"]["Next"]) for call in calls]
    assert times == sorted(set(times))
    assert all(time.microsecond == 0 for time in times)


async def post(caller: Caller, name: str, body: Any, key: str | None) -> int:
    headers = {"x-functions-key": key} if key else {}
    async with caller.session.post(f"{caller.host.url}/admin/functions/{name}", json=body, headers=headers) as answer:
        return answer.status


async def test_a_timer_can_be_run_by_hand(basic: Caller) -> None:
    assert await post(basic, "once_a_year", {}, None) == 401
    assert await post(basic, "once_a_year", {}, basic.host.function_key) == 401
    assert {"yearly": True} not in await fired(basic)
    assert await post(basic, "once_a_year", {}, basic.host.admin_key) == 202

    async def ran() -> bool | None:
        return {"yearly": True} in await fired(basic) or None

    assert await eventually(ran)


async def test_queue_and_blob_functions_can_be_run_by_hand(basic: Caller, account: Storage) -> None:
    text, name = f"by hand {uuid.uuid4()}", f"{uuid.uuid4()}.txt"
    await account.put(name, b"x")

    assert await post(basic, "queued", {"input": text}, basic.host.admin_key) == 202
    assert await post(basic, "blob_client", {"input": f"landing/{name}"}, basic.host.admin_key) == 202
    seen = await eventually(lambda: account.trace(f"queue/{text}"))
    assert seen["dequeueCount"] == 1
    await eventually(lambda: account.trace(f"client/{name}"))


async def test_what_cannot_be_run_by_hand_says_so(basic: Caller) -> None:
    assert await post(basic, "plain", {}, basic.host.admin_key) == 400
    assert await post(basic, "no_such", {}, basic.host.admin_key) == 404
    assert await post(basic, "queued", ["no object"], basic.host.admin_key) == 400


async def test_status_functions_and_keys_are_told_to_the_admin_only(basic: Caller) -> None:
    key = {"headers": {"x-functions-key": basic.host.admin_key}}
    status, text = await basic.get("/admin/host/status", **key)
    listed = json.loads((await basic.get("/admin/functions", **key))[1])
    system = json.loads((await basic.get("/admin/host/systemkeys/blobs_extension", **key))[1])

    assert (status, json.loads(text)["state"]) == (200, "Running")
    assert {"blob_client", "queued", "plain"} <= {entry["name"] for entry in listed}
    assert system == {"name": "blobs_extension", "value": basic.host.blobs_extension_key}
    for path in ("host/status", "host/systemkeys", "host/keys", "functions", "functions/plain"):
        assert (await basic.get(f"/admin/{path}"))[0] == 401
        assert (await basic.get(f"/admin/{path}", **key))[0] == 200
    assert (await basic.get("/admin/host/ping"))[0] == 200
    assert (await basic.get("/admin/no/such", **key))[0] == 404
