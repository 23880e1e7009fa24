"""The end of a process: refuse what is new, finish what is in flight.

The Azure Functions host drains by itself before it ends a worker, and sends no signal. Where one is sent (a container,
a host of another kind), the first SIGTERM starts the drain, and the process ends when nothing is in flight any more.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

_LOG = logging.getLogger(__name__)

#: Seconds that work in flight is waited for.
PATIENCE = 25.0
#: Seconds after which a refused caller may come again: another instance will be there.
RETRY_AFTER = 5.0


@dataclass(slots=True)
class Lifecycle:
    """Whether this process still takes work, and how much of it is in flight."""

    draining: bool = False
    in_flight: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """A piece of work came in."""
        self.in_flight += 1
        self._idle.clear()

    def end(self) -> None:
        """A piece of work is done."""
        self.in_flight -= 1
        if not self.in_flight:
            self._idle.set()

    async def drained(self) -> bool:
        """Take no more work, and wait for what is in flight; False when some was still there in the end."""
        self.draining = True
        if self.in_flight:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), PATIENCE)
        return not self.in_flight


def drain_on_sigterm(lifecycle: Lifecycle, last: Callable[[], None]) -> bool:
    """Install the drain as this process's answer to SIGTERM, unless it has another; whether it was installed.

    `last` is called when nothing is in flight any more.

    Called while the application is imported, which the worker does on the main thread, inside its running loop.
    """
    try:
        loop = asyncio.get_running_loop()
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            return False
        tasks: set[asyncio.Task[None]] = set()
        loop.add_signal_handler(signal.SIGTERM, lambda: tasks.add(loop.create_task(_end(lifecycle, last))))
    except (RuntimeError, ValueError):
        return False  # no loop, not the main thread, or a platform without signals: the host ends us
    return True


async def _end(lifecycle: Lifecycle, last: Callable[[], None]) -> None:
    _LOG.warning("SIGTERM: draining, %d in flight", lifecycle.in_flight)
    if not await lifecycle.drained():
        _LOG.error("ended with %d in flight", lifecycle.in_flight)
    await asyncio.to_thread(last)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
