"""Short stories that once broke a promise, each cut down from a random schedule."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from local.kusto.faults.effects import Answer, Drop, Endpoint, Garbage, Garble
from tests.fakes_storage import Trouble

from .bodies import line
from .laws import Sent, check_stored

if TYPE_CHECKING:
    from local.kusto.faults.effects import Effect

    from .world import World


def _sent(*good: bool, key: str | None = None, quarantine: bool = False) -> Sent:
    names = tuple(uuid4().hex for _ in good)
    bad = frozenset(name for name, fine in zip(names, good, strict=True) if not fine)
    body = b"".join(map(line, names, good))
    return Sent(route="lines", ids=names, bad=bad, body=body, key=key, quarantine=quarantine)


async def _judged(world: World, *sent: Sent) -> None:
    await world.heal()
    await world.settle()
    rows = await asyncio.to_thread(world.rows)
    for one in sent:
        await world.follow(one)
        check_stored(one, rows, world.kept())


async def test_a_bad_neighbour_in_a_queued_batch(world: World) -> None:
    sent = [_sent(True), _sent(True), _sent(False), _sent(True)]
    world.sent.extend(sent)
    world.kusto.faults.on(Endpoint.STREAM, effect=Drop(), times=None)

    replies = await asyncio.gather(*map(world.post, sent))

    assert [reply.status for reply in replies] == [202] * 4
    await _judged(world, *sent)


@pytest.mark.parametrize(
    "effect",
    [
        Answer(status=500, permanent=False, commit=True),
        Answer(status=504, permanent=False, commit=True),
        Drop(commit=True),
        Garble(kind=Garbage.TRUNCATED),
        Garble(kind=Garbage.EMPTY),
    ],
    ids=["500", "504", "dropped", "truncated", "empty"],
)
async def test_an_answer_that_was_lost_after_the_commit_is_said(world: World, effect: Effect) -> None:
    sent = _sent(True)
    world.sent.append(sent)
    world.kusto.faults.on(Endpoint.STREAM, effect=effect)

    reply = await world.post(sent)

    assert reply.status == 200
    await _judged(world, sent)
    rows = await asyncio.to_thread(world.rows)
    assert rows[sent.ids[0]] > 1 or not reply.unsure


async def test_a_queued_refusal_is_told_by_the_operation(world: World) -> None:
    sent = _sent(False)
    world.sent.append(sent)
    world.kusto.faults.on(Endpoint.STREAM, effect=Drop(), times=None)

    assert (await world.post(sent)).status == 202
    await _judged(world, sent)

    assert sent.state["state"] == "failed", sent.state


async def test_a_spooled_request_that_was_delivered_is_recognised(world: World) -> None:
    sent = _sent(True, key=uuid4().hex)
    world.sent.append(sent)
    world.kusto.faults.on(Endpoint.STREAM, Endpoint.DM, effect=Drop(), times=None)

    assert (await world.post(sent)).body["mode"] == "spooled"
    await world.heal()
    again = await world.post(sent)

    assert again.acknowledged, again.text
    assert again.duplicate
    await _judged(world, sent)


async def test_an_unsure_try_from_the_spool_is_said(world: World) -> None:
    sent = _sent(True, key=uuid4().hex)
    world.sent.append(sent)
    with world.kusto.faults.outage(Endpoint.STREAM, status=404):  # a sure refusal, for want of a table
        reply = await world.post(sent)
    assert (reply.body["mode"], reply.unsure) == ("spooled", False)
    world.kusto.faults.on(Endpoint.STREAM, effect=Drop(commit=True), times=3)
    fault = world.kusto.faults.on(Endpoint.DM, effect=Drop(), times=None)
    world.clock.skipped += 1000.0
    await world.ring()
    world.kusto.faults.lift(fault)
    world.clock.skipped += 1000.0

    await _judged(world, sent)


async def test_a_spooled_payload_that_cannot_be_released_is_said(world: World) -> None:
    sent = _sent(True, key=uuid4().hex)
    world.sent.append(sent)
    with world.kusto.faults.outage(Endpoint.STREAM, status=404):
        assert (await world.post(sent)).body["mode"] == "spooled"
    world.clock.skipped += 1000.0
    # Opened, its receipt read and written, and then not released.
    world.weather.expect([Trouble.NONE, Trouble.NONE, Trouble.NONE, Trouble.REFUSED])
    await world.ring()
    assert world.weather.struck == 1

    await _judged(world, sent)


async def test_a_gathered_queued_refusal_is_told_by_its_own_operation(world: World) -> None:
    good, bad = _sent(True), _sent(False)
    first = _sent(True)  # it flies alone; the others gather behind it
    world.sent.extend([first, good, bad])
    world.kusto.faults.on(Endpoint.STREAM, effect=Drop(), times=None)

    await asyncio.gather(*map(world.post, world.sent))
    await world.heal()
    await world.settle()
    await world.follow(bad)

    assert bad.state["state"] == "failed", bad.state


async def test_a_blob_that_kusto_cannot_read_is_told_by_its_operation(world: World) -> None:
    sent = _sent(False)
    world.sent.append(sent)

    await world.land(sent, f"files/{sent.ids[0]}.csv", {"rawSizeBytes": str(5 << 20)}, times=1)
    await _judged(world, sent)

    assert sent.state["state"] == "failed", sent.state


async def test_a_spool_that_takes_half_is_no_acknowledgement(world: World) -> None:
    sent = _sent(True)
    world.sent.append(sent)
    world.weather.expect([Trouble.NONE, Trouble.REFUSED, Trouble.REFUSED])
    with world.kusto.faults.outage(Endpoint.STREAM, status=404):
        reply = await world.post(sent)

    assert reply.status == 503
    world.clock.skipped += 5 * 3600.0
    await _judged(world, sent)
