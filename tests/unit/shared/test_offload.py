"""A large body must not stall the other requests of its process."""

import asyncio
import threading

import pytest

from shared.framing.formats import DataFormat
from shared.framing.offload import LARGE, off_loop
from shared.framing.records import frame
from shared.outcome import Refused


@pytest.mark.parametrize(("size", "elsewhere"), [(LARGE, False), (LARGE + 1, True)])
async def test_only_large_work_leaves_the_loop(size: int, elsewhere: bool) -> None:  # noqa: FBT001 - a column
    here = threading.current_thread()

    assert (await off_loop(size, threading.current_thread) is not here) is elsewhere


async def test_the_loop_goes_on_while_a_large_body_is_framed() -> None:
    body = b'1,"a, b"\n' * 500_000
    turns = 0

    async def other_requests() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(other_requests())
    records = await off_loop(len(body), lambda: frame(body, DataFormat.CSV, skip_header=False))
    others.cancel()

    assert records.count == 500_000
    assert turns > 1


async def test_a_refusal_comes_through() -> None:
    with pytest.raises(Refused):
        await off_loop(LARGE + 1, lambda: frame(b'"', DataFormat.CSV, skip_header=False))
