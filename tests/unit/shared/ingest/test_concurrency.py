"""The adaptive limit: first come, first served, and no slot is ever lost."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ingest.concurrency import Concurrency
from tests.fakes import FakeClock


async def fly(slots: Concurrency, *, throttled: bool = False, failed: bool = False) -> None:
    async with slots.slot() as flight:
        flight.throttled, flight.failed = throttled, failed
        await asyncio.sleep(0)


async def test_no_more_than_the_limit_fly_at_once() -> None:
    slots = Concurrency(FakeClock(), limit=2)
    await asyncio.gather(*(fly(slots, failed=True) for _ in range(10)))
    assert (slots.peak, slots.in_flight, slots.limit) == (2, 0, 2)


async def test_slots_are_given_in_order() -> None:
    slots, order = Concurrency(FakeClock(), limit=1), []

    async def one(number: int) -> None:
        async with slots.slot() as flight:
            flight.failed = True
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(one(number) for number in range(6)))
    assert order == list(range(6))


async def test_the_limit_grows_while_it_is_reached_and_all_goes_well() -> None:
    slots = Concurrency(FakeClock())
    for _ in range(50):
        await asyncio.gather(*(fly(slots) for _ in range(100)))
    assert slots.limit > 8
    assert slots.limit <= 64


async def test_an_idle_process_keeps_its_limit() -> None:
    slots = Concurrency(FakeClock())
    for _ in range(100):
        await fly(slots)
    assert slots.limit == 4


async def test_throttling_halves_the_limit_once_per_round() -> None:
    clock = FakeClock()
    slots = Concurrency(clock, limit=16)

    async def refused() -> None:
        async with slots.slot() as flight:
            flight.throttled = True
            await asyncio.sleep(0)
            clock.at += 1

    await asyncio.gather(*(refused() for _ in range(16)))
    assert slots.limit == 8  # the others started before the cut: they say nothing about what came of it


async def test_the_limit_never_falls_below_one() -> None:
    clock = FakeClock()
    slots = Concurrency(clock)
    for _ in range(20):
        await fly(slots, throttled=True)
        clock.at += 1
    assert slots.limit == 1
    await fly(slots)  # and one still flies


async def test_a_waiter_that_gives_up_does_not_stand_in_the_way() -> None:
    slots = Concurrency(FakeClock(), limit=1)
    async with slots.slot() as flight:
        flight.failed = True
        waiting = [asyncio.create_task(fly(slots, failed=True)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting[0]
    await asyncio.gather(*waiting[1:])
    assert slots.in_flight == 0


async def test_a_waiter_that_is_cancelled_while_a_slot_falls_free_hears_of_its_cancellation() -> None:
    slots = Concurrency(FakeClock(), limit=1)
    async with slots.slot() as flight:
        flight.failed = True
        waiting = asyncio.create_task(fly(slots, failed=True))
        await asyncio.sleep(0)
        waiting.cancel()  # and in the same step of the loop the slot falls free
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await fly(slots)
    assert slots.in_flight == 0


@given(cancels=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=10), limit=st.integers(1, 4))
def test_no_slot_is_ever_lost(cancels: list[tuple[int, int]], limit: int) -> None:
    async def main() -> None:
        slots = Concurrency(FakeClock(), limit=limit)
        tasks = [asyncio.create_task(fly(slots, failed=True)) for _ in range(10)]
        for index, turns in cancels:
            for _ in range(turns):
                await asyncio.sleep(0)
            tasks[index].cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        assert slots.in_flight == 0
        assert slots.peak <= limit
        await asyncio.wait_for(fly(slots), timeout=5)

    asyncio.run(main())
