"""All cases through the official client, side by side, because most of its time is waiting."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from local.managed_table import official
from local.managed_table.case import Case
from local.managed_table.facts import Fact
from local.managed_table.servers import scenes
from local.managed_table.stage import Scene, Stage

#: Local Kustos, and so cases, at once.
_AT_ONCE: Final = 6
#: Seconds after the last case before rows are counted: the batching manager's own retries take that long.
_SETTLE: Final = 20.0


async def measure(cases: Sequence[Case], logs: Path, tell: Callable[[str], None]) -> dict[str, Fact]:
    """The facts of all cases, by name and in their order; `tell` hears of each.

    Raises:
        LocalError: when a server does not start.
    """
    waiting = list(enumerate(cases))
    waiting.reverse()
    facts: dict[str, Fact] = {}

    async def work(scene: Scene) -> None:
        played: list[Stage] = []
        while waiting:
            number, case = waiting.pop()
            stage = Stage(scene=scene, case=case, table=f"T{number}")
            await asyncio.to_thread(stage.prepare)
            facts[case.name] = fact = await _aside(partial(official.run, stage))
            played.append(stage)
            tell(f"{fact.answer}, {fact.stream} streaming requests, {fact.seconds} s: {case.name}")
        await asyncio.sleep(_SETTLE)
        times = await asyncio.to_thread(scene.times, played)
        for stage in played:
            facts[stage.case.name] = replace(facts[stage.case.name], times=times[stage.table])

    async with scenes(_AT_ONCE, logs) as grounds:
        await asyncio.gather(*(work(scene) for scene in grounds))
    return {case.name: facts[case.name] for case in cases}


async def _aside[T](work: Callable[[], T]) -> T:
    """Run blocking work in a thread that nobody waits for at the end: Ctrl-C does not sit out the client's retries."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(settling: Callable[[], None]) -> None:
        if not done.done():
            settling()

    def run() -> None:
        try:
            settling = partial(done.set_result, work())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the work is awaited
            settling = partial(done.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, settling)

    threading.Thread(target=run, daemon=True).start()
    return await done
