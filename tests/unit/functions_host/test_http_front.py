"""The HTTP front before a fake of the invocations."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from local.functions import protos
from local.functions.bindings import AuthLevel, Function, HttpTrigger
from local.functions.hostjson import HostSettings
from local.functions.http import HttpFront
from local.functions.invocations import Ended, TimedOut
from local.functions.keys import Keys
from local.functions.worker import AppError, Call, Returned


class FakeInvocations:
    """Answers every call with what it was made with."""

    def __init__(self, answer: Callable[[], Awaitable[Ended]]) -> None:
        self._answer = answer
        self.calls: list[Call] = []

    def start(self, _function: Function, call: Call, _reason: str) -> asyncio.Future[Ended]:
        self.calls.append(call)
        return asyncio.ensure_future(self._answer())


def function(route: str) -> Function:
    trigger = HttpTrigger(parameter="req", route=route, methods=None, level=AuthLevel.ANONYMOUS)
    return Function(name="f", function_id="id", trigger=trigger)


@asynccontextmanager
async def served(fake: FakeInvocations, **options: float) -> AsyncIterator[str]:
    settings = HostSettings.parse({}, {}).http
    front = HttpFront([function("f")], settings=settings, keys=Keys(), invocations=fake, **options)  # type: ignore[arg-type] - a fake
    runner = web.ServerRunner(web.Server(front.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def get(url: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.read()


async def test_a_function_that_does_not_answer_in_time_is_504_and_goes_on() -> None:
    ended = asyncio.Event()

    async def slow() -> Ended:
        await asyncio.sleep(0.2)
        ended.set()
        return Returned(value=None, outputs={})

    async with served(FakeInvocations(slow), answer_limit=0.05) as url:
        assert await get(f"{url}/api/f") == (504, b"")
        await asyncio.wait_for(ended.wait(), 5)


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (Returned(value=None, outputs={}), (200, b"")),
        (Returned(value=protos.TypedData(string="ü"), outputs={}), (200, "ü".encode())),
        (Returned(value=protos.TypedData(bytes=b"\x00"), outputs={}), (200, b"\x00")),
        (TimedOut(after=HostSettings.parse({}, {}).queues.max_polling_interval), (500, b"")),
    ],
)
async def test_what_a_call_ends_with_is_rendered(ended: Ended, expected: tuple[int, bytes]) -> None:
    async def answer() -> Ended:
        return ended

    fake = FakeInvocations(answer)
    async with served(fake) as url:
        assert await get(f"{url}/api/f?a=1") == expected
    assert fake.calls[0].function_id == "id"


@pytest.mark.parametrize("route", ["admin/x", "Runtime", "{broken"])
def test_routes_that_cannot_be_served_name_their_function(route: str) -> None:
    async def never() -> Ended:
        raise AssertionError

    settings = HostSettings.parse({"extensions": {"http": {"routePrefix": ""}}}, {}).http
    with pytest.raises(AppError, match="Function f: its route"):
        HttpFront([function(route)], settings=settings, keys=Keys(), invocations=FakeInvocations(never))  # type: ignore[arg-type] - a fake
