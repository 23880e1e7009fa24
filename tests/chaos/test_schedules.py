"""Whatever goes wrong, in whatever order: what was acknowledged is stored, what was refused is not, and it adds up."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from azure.storage.blob import BlobServiceClient
from hypothesis import HealthCheck, given, settings

from local.kusto.dm.ingestor import Patience
from tests.kusto_fixture import LocalKusto, running_kusto

from .laws import PAYLOAD, Sent, check_books, check_silence, check_stored
from .schedules import Land, Post, Step, Turn, schedules
from .world import LANDING, SCHEMA, SECRET, Captured, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = 15
_AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJ"


@pytest.fixture(scope="module")
def kusto(storage: str) -> Iterator[LocalKusto]:
    patience = Patience(attempts=8, first_pause=0.01, longest_pause=0.1)
    with BlobServiceClient.from_connection_string(storage) as service:
        service.create_container(LANDING)
    with running_kusto(storage, batching_seconds=0.02, patience=patience) as running:
        running.run(*SCHEMA)
        yield running


@pytest.mark.slow
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(schedule=schedules)
def test_every_schedule_keeps_the_promises(
    schedule: tuple[Step, ...], kusto: LocalKusto, storage: str, tmp_path: Path
) -> None:
    log = Captured()
    logging.getLogger().addHandler(log)
    logging.getLogger("shared").setLevel(logging.INFO)
    kusto.faults.clear()
    try:
        asyncio.run(_lived(schedule, World(kusto=kusto, storage=storage, folder=tmp_path), log))
    finally:
        kusto.faults.clear()
        logging.getLogger().removeHandler(log)


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
        body=b"".join(map(_event if post.route in {"events", "hooks"} else _line, names, post.records)),
        key=f"key-{names[0]}" if post.keyed else None,
        quarantine=post.quarantine,
    )
    world.sent.append(sent)
    times = post.times if sent.recognised else 1  # without a key, sending twice is asking for two rows
    headers = {"prefer": "respond-async"} if post.turn is Turn.AT_ONCE else {}
    await asyncio.gather(*(world.post(sent, **headers) for _ in range(times)))


async def _landed(world: World, land: Land) -> None:
    names = tuple(uuid4().hex for _ in land.records)
    sent = Sent(
        route="files",
        ids=names,
        bad=frozenset(name for name, good in zip(names, land.records, strict=True) if not good),
        body=b"".join(map(_line, names, land.records)),
    )
    world.sent.append(sent)
    metadata = {"rawSizeBytes": str(5 << 20)} if land.large else {}
    await world.land(sent, f"files/{names[0]}.csv", metadata, times=land.times)


def _line(name: str, good: bool) -> bytes:  # noqa: FBT001 - mapped over
    """A CSV record; the bad one has text after a closing quote, which only Kusto looks at."""
    return f'{name},{PAYLOAD}\n'.encode() if good else f'{name},"{PAYLOAD}"x"\n'.encode()


def _event(name: str, _good: bool) -> bytes:  # noqa: FBT001 - as above
    return json.dumps({"id": name, "data": {"text": PAYLOAD}}).encode() + b"\n"


async def _sent_again(world: World) -> None:
    """Senders with a key do what they are told: where they may try again, they do; and the answered ones repeat it."""
    for sent in world.sent:
        if sent.blob or not sent.recognised:
            continue
        held = sent.acknowledged
        reply = await world.post(sent)
        if held:
            assert reply.acknowledged, f"a repetition is not recognised: {[r.text for r in sent.replies]}"
        elif not sent.bad:
            refused = any(earlier.status == 422 for earlier in sent.replies)  # noqa: PLR2004 - records refused
            assert reply.acknowledged or refused, f"all is well, and still: {reply.text}"
    await world.heal()


async def _judged(world: World, log: Captured) -> None:
    rows = await asyncio.to_thread(world.rows)
    letters = world.kept()
    for sent in world.sent:
        operation = next((str(r.body["operationId"]) for r in sent.replies if r.acknowledged), "")
        sent.state = await world.state(operation) if operation else {}
        check_stored(sent, rows, letters)
    received = sum(n for route, n in world.parts.accounting.received.items() if route != "files")
    check_books(world.sent, world.fates(), received)
    assert not any(world.parts.accounting.in_progress.values())
    assert world.spooled.entries == {}, "something stays in the spool"
    problems = [reply.text for sent in world.sent for reply in sent.replies]
    check_silence([*log.lines, *problems], [SECRET, _AZURITE_KEY])
