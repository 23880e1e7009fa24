"""Child processes of the stack: each in its own process group, read line by line, always ended.

A child's own session keeps the terminal's Ctrl-C away from it: the parent decides in which order things end.
"""

import asyncio
import contextlib
import os
import re
import signal
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TextIO

from local.problems import ChildDiedError, NotReadyError, PortInUseError

_TAIL_LINES = 20
_LINE_LIMIT = 1 << 20  # bytes; a worker's stack trace in one JSON line is long
_GRACE = 8.0  # seconds a child has to end by itself
_SIGNATURE = re.compile(r"(?<=[?&]sig=)[^&\s\"']+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How a child is started.

    Attributes:
        name: What messages call it.
        env: Laid over this process's environment.
        log: File that gets both of its outputs; emptied at the start.
        grace: Seconds it has to end by itself.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    grace: float = _GRACE


class Child:
    """A running child process. Lines of its stdout go to a callback; what it says is kept for error messages."""

    def __init__(self, command: Command, process: asyncio.subprocess.Process, log: TextIO) -> None:
        self.name = command.name
        self._command = command
        self._process = process
        self._log = log
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._readers: tuple[asyncio.Task[None], ...] = ()

    @classmethod
    async def spawn(cls, command: Command, on_line: Callable[[str], None]) -> Self:
        """Start a process.

        Args:
            command: What to start.
            on_line: Called with every line of its stdout, without the line end.
        """
        command.log.parent.mkdir(parents=True, exist_ok=True)
        log = command.log.open("w", encoding="utf-8", buffering=1)
        try:
            process = await asyncio.create_subprocess_exec(
                *command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=os.environ | command.env,
                start_new_session=True,
                limit=_LINE_LIMIT,
            )
        except BaseException:
            log.close()
            raise
        child = cls(command, process, log)
        child._start_readers(on_line)
        return child

    @property
    def pid(self) -> int:
        """Its process id, which is its process group's id too."""
        return self._process.pid

    async def until[T](self, ready: asyncio.Future[T], timeout: float) -> T:  # noqa: ASYNC109 - the message names it
        """Wait for what tells that the child is ready.

        Raises:
            ChildDiedError: It ended first.
            NotReadyError: Nothing came for `timeout` seconds.
        """
        ended = asyncio.ensure_future(self._process.wait())
        both: set[asyncio.Future[Any]] = {ready, ended}
        try:
            await asyncio.wait(both, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
        if ready.done():
            return ready.result()
        if self._process.returncode is not None:
            raise await self.death()
        raise NotReadyError(f"{self.name} was not ready after {timeout:.0f} s. Its log: {self._command.log}")

    async def wait(self) -> int:
        """Wait for its end; the exit code."""
        return await self._process.wait()

    async def death(self) -> ChildDiedError:
        """Wait for its end and say what it said last."""
        code = await self._process.wait()
        await self._read_out()
        return ChildDiedError(self.name, code, tuple(self._tail), str(self._command.log))

    async def stop(self) -> None:
        """End it and everything it started: SIGTERM, then SIGKILL to its process group after a grace time."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), self._command.grace)
        self.kill()
        await self._process.wait()
        await self._read_out()

    def kill(self) -> None:
        """Kill what is left of its process group, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _start_readers(self, on_line: Callable[[str], None]) -> None:
        stdout, stderr = self._process.stdout, self._process.stderr
        if stdout is None or stderr is None:
            raise AssertionError("both are pipes")
        self._readers = (
            asyncio.create_task(self._read(stdout, on_line)),
            asyncio.create_task(self._read(stderr, lambda _: None)),
        )

    async def _read(self, stream: asyncio.StreamReader, on_line: Callable[[str], None]) -> None:
        while True:
            try:
                raw = await stream.readline()
            except ValueError:  # longer than the limit: drop it, keep reading
                continue
            if not raw:
                return
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            shown = _SIGNATURE.sub("REDACTED", line)
            self._tail.append(shown)
            self._log.write(shown + "\n")
            on_line(line)

    async def _read_out(self) -> None:
        """Let the readers see the end of both pipes; a grandchild that keeps one open does not hold us."""
        _, unfinished = await asyncio.wait(self._readers, timeout=1.0)
        for task in unfinished:
            task.cancel()
        self._log.close()


def require_free(port: int, option: str) -> None:
    """Check that nobody listens on a loopback port; 0 is always free.

    Raises:
        PortInUseError: Names the port and the option that changes it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise PortInUseError(port, option) from None
