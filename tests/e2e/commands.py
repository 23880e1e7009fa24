"""Running `./dev` as a user does."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEV = str(ROOT / "dev")
ANY_PORTS = [
    f"--{name}-port=0" for name in ("functions", "kusto", "blob", "queue", "table")
]  # free ones: nothing of the developer's is touched


def dev(*arguments: str, stdin: str | None = None, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, from a folder that is not the checkout."""
    return subprocess.run(  # noqa: S603 - our own command
        [DEV, *arguments], capture_output=True, text=True, timeout=timeout, cwd="/", input=stdin, check=False
    )


class Staying:
    """A `./dev up` or `./dev kusto` that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.ready: dict[str, Any] = {}
        self._errors: list[str] = []
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self._errors.extend(self.process.stderr)

    def until_ready(self) -> None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it ended with {self.process.wait(60)}: {self.errors()}"
        self.ready = json.loads(line)

    def errors(self) -> str:
        self._reader.join(20)
        return "".join(self._errors)

    def children(self) -> list[int]:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)  # noqa: S607
        pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
        return [pid for pid, parent in pairs if parent == self.process.pid]

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def staying(*arguments: str) -> Iterator[Staying]:
    """Start a command that stays; it is ended at the latest when the block ends."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [DEV, *arguments, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        start_new_session=True,
    ) as process:
        running = Staying(process)
        try:
            running.until_ready()
            yield running
        finally:
            if process.poll() is None:
                running.end(signal.SIGTERM)


def alive(pids: Sequence[int]) -> list[int]:
    """Those that still run."""
    found = []
    for pid in pids:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        found.append(pid)
    return found


def command_of(pid: int) -> str:
    """The command line of a process."""
    asked = ["ps", "-o", "args=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ps
