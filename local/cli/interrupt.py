"""Running a command's coroutine so that Ctrl-C, SIGTERM and a closed terminal end it in order."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine

INTERRUPTED = 130

#: Signals that ask for the end.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(main: Coroutine[None, None, int], *, at_once: Callable[[], None] = lambda: None) -> int:
    """Run a command to its end.

    Args:
        main: The command; a first signal cancels it, so that its context managers end what they started.
        at_once: Called on a second signal, by somebody who does not want to wait.

    Returns:
        Its exit code, or 130 when it was interrupted and did not choose one itself.
    """
    return asyncio.run(_run(main, at_once))


async def _run(main: Coroutine[None, None, int], at_once: Callable[[], None]) -> int:
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if task.cancelling():
            at_once()
        else:
            task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal)
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return INTERRUPTED
