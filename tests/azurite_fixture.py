"""A real Azurite for tests: in memory, on free ports, one for each test process.

Import the fixture into a conftest: ``from tests.azurite_fixture import storage``.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from pathlib import Path
from queue import Empty, Queue
from shutil import which
from typing import TYPE_CHECKING

import pytest

from local.azurite import StorageEndpoints
from local.paths import AZURITE, NODE

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at (http://\S+)")
_START_SECONDS = 60


def _command() -> list[str]:
    script = Path(os.environ.get("AZURITE_SCRIPT", AZURITE))
    node = str(NODE) if NODE.exists() else which("node")
    if node is None or not script.is_file():
        pytest.fail("Azurite is not installed in this checkout: run ./dev once, or set AZURITE_SCRIPT.")
    command = [node, str(script), "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    for service in ("blob", "queue", "table"):
        command += [f"--{service}Host", "127.0.0.1", f"--{service}Port", "0", f"--{service}KeepAliveTimeout", "120"]
    return command


def _follow(process: subprocess.Popen[str], lines: Queue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)


@pytest.fixture(scope="session")
def storage() -> Iterator[str]:
    """The connection string of a running Azurite."""
    with subprocess.Popen(  # noqa: S603 - our own command
        _command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        lines: Queue[str] = Queue()
        threading.Thread(target=_follow, args=(process, lines), daemon=True).start()
        try:
            yield _endpoints(lines).connection_string
        finally:
            process.terminate()
            process.wait(20)


def _endpoints(lines: Queue[str]) -> StorageEndpoints:
    found: dict[str, str] = {}
    said: list[str] = []
    while len(found) < 3:
        try:
            said.append(lines.get(timeout=_START_SECONDS))
        except Empty:
            pytest.fail(f"Azurite did not start: {''.join(said[-5:])}")
        if listening := _LISTENING.match(said[-1]):
            found[listening[1].lower()] = f"{listening[2]}/devstoreaccount1"
    return StorageEndpoints(**found)
