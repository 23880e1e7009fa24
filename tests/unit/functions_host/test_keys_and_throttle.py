"""Who may pass, and how many at once."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.functions.bindings import AuthLevel
from local.functions.keys import Keys, new_key
from local.functions.throttle import Throttle, TooManyRequestsError
from local.functions.worker import Trace

KEYS = Keys(function="function", admin="admin", blobs_extension="system")


@given(st.none() | st.text() | st.sampled_from(["function", "admin", "system"]))
def test_only_the_right_keys_open(presented: str | None) -> None:
    assert KEYS.allows(AuthLevel.ANONYMOUS, presented)
    assert KEYS.allows(AuthLevel.FUNCTION, presented) == (presented in {"function", "admin"})
    assert KEYS.allows(AuthLevel.ADMIN, presented) == (presented == "admin")
    assert KEYS.opens_blobs_webhook(presented) == (presented in {"system", "admin"})


def test_keys_are_random_and_not_shown() -> None:
    assert new_key() != new_key()
    assert "function'" not in repr(KEYS)
    assert "admin'" not in repr(KEYS)


async def test_a_full_room_lets_wait_and_a_full_queue_refuses() -> None:
    throttle = Throttle(concurrent=1, outstanding=2)
    inside: list[str] = []
    leave = asyncio.Event()

    async def enter(name: str) -> None:
        async with throttle.place():
            inside.append(name)
            await leave.wait()

    first, second = asyncio.create_task(enter("first")), asyncio.create_task(enter("second"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert inside == ["first"]
    with pytest.raises(TooManyRequestsError):
        await enter("third")
    leave.set()
    await asyncio.gather(first, second)
    assert inside == ["first", "second"]
    await enter("after")


async def test_without_bounds_all_enter() -> None:
    throttle = Throttle(concurrent=None, outstanding=None)
    async with asyncio.timeout(5), throttle.place(), throttle.place(), throttle.place():
        pass


@pytest.mark.parametrize(
    "parent", ["", "nonsense", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "a-b-c-d"]
)
def test_a_broken_trace_parent_begins_a_new_trace(parent: str) -> None:
    first, second = Trace.follow(parent, "state"), Trace.follow(parent, "state")

    assert len(first.parent) == 55
    assert first.parent.split("-")[1] != second.parent.split("-")[1]
    assert first.state == ""
