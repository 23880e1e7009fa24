"""Whatever goes wrong, in whatever order: what was acknowledged is stored, what was refused is not, and it adds up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from .bodies import event, line
from .laws import Sent, check_books, check_silence, check_stored
from .scenery import SECRET, Captured, captured
from .schedules import Land, Post, Step, Turn, schedules
from .world import World

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kusto_fixture import LocalKusto

_PREFER = {Turn.AT_ONCE: "respond-async", Turn.SOON: "wait=1"}
EXAMPLES = 300
_AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJ"


@pytest.mark.slow
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],  # add Phase.shrink at the desk: it takes up to five minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(schedule=schedules)
def test_every_schedule_keeps_the_promises(
    schedule: tuple[Step, ...], kusto: LocalKusto, storage: str, tmp_path: Path
) -> None:
    kusto.faults.clear()
    try:
        with captured() as log:
            asyncio.run(_lived(schedule, World(kusto=kusto, storage=storage, folder=tmp_path), log))
    finally:
        kusto.faults.clear()


async def _lived(schedule: tuple[Step, ...], world: World, log: Captured) -> None:
    try:
        for step in schedule:
            await _step(world, step)
        await world.heal()
        await _sent_again(world)
        await world.settle()
        await _judged(world, log)
    finally:
        await world.close()


async def _step(world: World, step: Step) -> None:
    for fault in step.faults:
        world.kusto.faults.arm(fault)
    world.weather.expect(step.troubles)
    world.weather.down = step.storage_down
    work = [_posted(world, item) if isinstance(item, Post) else _landed(world, item) for item in step.work]
    await asyncio.gather(*work, *([world.ring(60.0)] if step.ring else []))
    world.clock.skipped += step.passes
    if step.heal:
        world.kusto.faults.clear()
        world.weather.calm()


async def _posted(world: World, post: Post) -> None:
    names = tuple(uuid4().hex for _ in post.records)
    sent = Sent(
        route=post.route,
        ids=names,
        bad=frozenset(name for name, good in zip(names, post.records, strict=True) if not good),
        body=b"".join(map(event if post.route in {"events", "hooks"} else line, names, post.records)),
        key=f"key-{names[0]}" if post.keyed else None,
        quarantine=post.quarantine,
    )
    world.sent.append(sent)
    times = post.times if sent.recognised else 1  # without a key, sending twice is asking for two rows
    headers = {"prefer": _PREFER[post.turn]} if post.turn in _PREFER else {}
    await asyncio.gather(*(world.post(sent, **headers) for _ in range(times)))


async def _landed(world: World, land: Land) -> None:
    names = tuple(uuid4().hex for _ in land.records)
    sent = Sent(
        route="files",
        ids=names,
        bad=frozenset(name for name, good in zip(names, land.records, strict=True) if not good),
        body=b"".join(map(line, names, land.records)),
    )
    world.sent.append(sent)
    metadata = {"rawSizeBytes": str(5 << 20)} if land.large else {}
    await world.land(sent, f"files/{names[0]}.csv", metadata, times=land.times)


async def _sent_again(world: World) -> None:
    """Senders with a key do what they are told: where they may try again, they do; and the answered ones repeat it."""
    for sent in world.sent:
        if sent.blob or not sent.recognised:
            continue
        held = sent.acknowledged
        reply = await world.post(sent)
        if held and not (sent.bad and world.weather.struck):
            assert reply.acknowledged, f"a repetition is not recognised: {[r.text for r in sent.replies]}"
        elif not held and not sent.bad:
            refused = any(earlier.status == 422 for earlier in sent.replies)
            assert reply.acknowledged or refused, f"all is well, and still: {reply.text}"
    await world.heal()


async def _judged(world: World, log: Captured) -> None:
    rows = await asyncio.to_thread(world.rows)
    letters = world.kept()
    for sent in world.sent:
        await world.follow(sent)
        check_stored(sent, rows, letters)
    received = sum(n for route, n in world.parts.accounting.received.items() if route != "files")
    check_books(world.sent, world.fates(), received)
    assert not any(world.parts.accounting.in_progress.values())
    assert world.spooled.entries == {}, "something stays in the spool"
    problems = [reply.text for sent in world.sent for reply in sent.replies]
    check_silence([*log.lines, *problems], [SECRET, _AZURITE_KEY])
