"""Every call of a function passes here: start and end lines, the function timeout, and the count of what runs."""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import timedelta

from local.functions.bindings import Function
from local.functions.worker import Call, Raised, Returned, Worker, enter_invocation


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut:
    """The call ran longer than host.json's ``functionTimeout`` and was cancelled."""

    after: timedelta


type Ended = Returned | Raised | TimedOut


class Invocations:
    """Runs calls on the worker, and knows which are running.

    Args:
        worker: A started worker.
        timeout: Longest run of one call; None means unbounded.
    """

    def __init__(self, worker: Worker, timeout: timedelta | None) -> None:
        self._worker = worker
        self._timeout = timeout
        self._running: set[asyncio.Task[Ended]] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def running(self) -> int:
        """Calls under way."""
        return len(self._running)

    def start(self, function: Function, call: Call, reason: str) -> asyncio.Task[Ended]:
        """Begin one call. The function's exception is a result (Raised) of the task, never its exception."""
        task = asyncio.create_task(self._call(function, call, reason), name=call.invocation_id)
        self._running.add(task)
        self._idle.clear()
        task.add_done_callback(self._forget)
        return task

    async def run(self, function: Function, call: Call, reason: str) -> Ended:
        """Run one call to its end; a caller that is cancelled leaves it running, as the host does."""
        return await asyncio.shield(self.start(function, call, reason))

    async def _call(self, function: Function, call: Call, reason: str) -> Ended:
        enter_invocation(call.invocation_id)
        log = logging.getLogger(f"Function.{function.name}")
        log.info("Executing 'Functions.%s' (Reason='%s', Id=%s)", function.name, reason, call.invocation_id)
        started = time.perf_counter()
        ended: Ended
        try:
            async with asyncio.timeout(None if self._timeout is None else self._timeout.total_seconds()):
                ended = await self._worker.invoke(call)
        except TimeoutError:
            ended = TimedOut(after=self._timeout or timedelta())
        _report(log, function, call, ended, (time.perf_counter() - started) * 1000)
        return ended

    def _forget(self, task: asyncio.Task[Ended]) -> None:
        self._running.discard(task)
        if not self._running:
            self._idle.set()

    async def drained(self) -> None:
        """Wait until nothing runs."""
        await self._idle.wait()


def _report(log: logging.Logger, function: Function, call: Call, ended: Ended, milliseconds: float) -> None:
    facts = (function.name, call.invocation_id, milliseconds)
    match ended:
        case Returned():
            log.info("Executed 'Functions.%s' (Succeeded, Id=%s, Duration=%.0fms)", *facts)
        case Raised():
            log.error(
                "Executed 'Functions.%s' (Failed, Id=%s, Duration=%.0fms)\n%s\n%s", *facts, ended.message, ended.stack
            )
        case TimedOut():
            log.error(
                "Executed 'Functions.%s' (Failed, Id=%s, Duration=%.0fms)\nTimeout value of %s was exceeded. "
                "A synchronous function goes on in its thread. Raise functionTimeout in host.json or do less.",
                *facts,
                ended.after,
            )
