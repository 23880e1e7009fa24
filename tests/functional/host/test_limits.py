"""host.json's limits, on an app that sets them low."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.functional.host.support import Caller, calling

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def limited(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Caller]:
    env = {"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000", "AzureWebJobs.block.Disabled": "false"}
    async with calling("limits", tmp_path_factory.mktemp("limits"), env=env) as caller:
        yield caller


async def test_a_body_up_to_the_limit_passes_and_one_byte_more_is_413(limited: Caller) -> None:
    for size, expected in ((1000, (200, "1000")), (1001, (413, ""))):
        async with limited.session.post(f"{limited.host.url}/v1/size", data=b"x" * size) as answer:
            assert (answer.status, await answer.text()) == expected


async def test_more_requests_than_may_run_and_wait_are_429(limited: Caller) -> None:
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(limited.get("/v1/hold/0.5")) for _ in range(5)]
    statuses = sorted(call.result()[0] for call in calls)

    assert statuses == [200, 200, 200, 429, 429]


@pytest.mark.parametrize("path", ["/v1/hold/30", "/v1/block/4"])
async def test_a_call_over_the_function_timeout_is_500(limited: Caller, path: str) -> None:
    assert await limited.get(path) == (500, "")
    name = path.split("/")[2]
    await limited.log(f"Executed 'Functions.{name}' (Failed")
    await limited.log("Timeout value of 0:00:02 was exceeded")


async def test_the_prefix_and_the_custom_headers_of_host_json_hold(limited: Caller) -> None:
    assert (await limited.get("/api/hold/0"))[0] == 404
    async with limited.session.get(f"{limited.host.url}/v1/hold/0") as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_an_app_setting_overrides_host_json(tmp_path_factory: pytest.TempPathFactory) -> None:
    env = {"AzureFunctionsJobHost__extensions__http__routePrefix": "", "AzureWebJobs.block.Disabled": "true"}
    async with calling("limits", tmp_path_factory.mktemp("override"), env=env) as caller:
        assert await caller.get("/hold/0") == (200, "held")
        assert (await caller.get("/block/0"))[0] == 404
