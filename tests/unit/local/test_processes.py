"""Children are real processes here: small Python programs."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from local.problems import ChildDiedError, NotReadyError, PortInUseError
from local.processes import Child, Command, require_free


def command(tmp_path: Path, program: str) -> Command:
    return Command(name="Example", argv=[sys.executable, "-c", program], log=tmp_path / "logs" / "example.log")


async def started(tmp_path: Path, program: str) -> tuple[Child, str]:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    child = await Child.spawn(command(tmp_path, program), lambda line: None if ready.done() else ready.set_result(line))
    return child, await child.until(ready, 30)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_child_reports_and_ends_on_sigterm(tmp_path: Path) -> None:
    child, line = await started(tmp_path, "import time; print('ready', flush=True); time.sleep(60)")

    await child.stop()

    assert line == "ready"
    assert await child.wait() == -signal.SIGTERM


async def test_a_grandchild_does_not_survive(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(inner.pid, flush=True); time.sleep(60)"
    )
    child, line = await started(tmp_path, program)
    assert alive(int(line))

    await child.stop()

    async with asyncio.timeout(20):
        while _running(int(line)):  # noqa: ASYNC110 - a process that is not ours raises no event
            await asyncio.sleep(0.01)


def _running(pid: int) -> bool:
    """Whether it runs; an ended process that nobody has waited for (no init in a container) does not."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self").exists():
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    return alive(pid)


async def test_the_death_of_a_child_names_it_and_its_last_words(tmp_path: Path) -> None:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    program = "import sys; print('out of luck', file=sys.stderr); sys.exit(7)"
    child = await Child.spawn(command(tmp_path, program), lambda _: None)

    with pytest.raises(ChildDiedError, match=r"(?s)Example ended by itself with exit code 7.*out of luck") as raised:
        await child.until(ready, 30)

    await child.stop()
    assert (raised.value.name, raised.value.code) == ("Example", 7)
    assert "out of luck" in (tmp_path / "logs" / "example.log").read_text()


async def test_a_child_that_says_nothing_is_not_waited_for_without_end(tmp_path: Path) -> None:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    child = await Child.spawn(command(tmp_path, "import time; time.sleep(60)"), lambda _: None)

    with pytest.raises(NotReadyError, match="Example was not ready"):
        await child.until(ready, 0.05)

    await child.stop()


async def test_signatures_do_not_reach_the_log(tmp_path: Path) -> None:
    child, line = await started(tmp_path, "print('GET /a?sp=r&sig=abc%3D&x=1 HTTP/1.1')")
    await child.wait()
    await child.stop()

    assert "abc" in line
    assert (tmp_path / "logs" / "example.log").read_text() == "GET /a?sp=r&sig=REDACTED&x=1 HTTP/1.1\n"


def test_a_taken_port_is_named_with_its_option() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PortInUseError, match=rf"Port {port} .* --kusto-port PORT") as raised:
            require_free(port, "--kusto-port")

    assert raised.value.exit_code == 2
    require_free(0, "--kusto-port")
