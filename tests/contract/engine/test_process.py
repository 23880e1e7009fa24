"""``python -m local.kusto`` as other programs start it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from local.kusto.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
_NOBODY = "AccountName=a;AccountKey=c2VjcmV0;" + "".join(
    f"{service}Endpoint=http://127.0.0.1:9/a;" for service in ("Blob", "Queue", "Table")
)


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    command = [sys.executable, "-m", "local.kusto", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline() or "{}")
        finally:
            process.kill()


def mgmt(url: str, text: str, database: str = "Events") -> Any:
    answer = requests.post(f"{url}/v1/rest/mgmt", json={"db": database, "csl": text}, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()["Tables"][0]["Rows"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_it_says_when_it_is_ready_and_keeps_what_it_answered(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with started("--data", str(tmp_path), "--database", "Events", "--database", "Other") as (process, ready):
        url = ready["url"]
        assert ready == {"ready": "kusto", "url": url, "ingestUrl": url}
        assert url.startswith("http://127.0.0.1:")
        mgmt(url, ".create table T (a:string)")
        mgmt(url, ".ingest inline into table T <| kept")
        names = {row[0] for row in mgmt(url, ".show databases")}
        process.send_signal(number)
        assert process.wait(20) == code
    assert names == {"Events", "Other"}

    with started("--data", str(tmp_path)) as (_, ready):
        answer = requests.post(f"{ready['url']}/v2/rest/query", json={"db": "Events", "csl": "T"}, timeout=20)
    assert answer.json()[2]["Rows"] == [["kept"]]


def test_a_port_in_use_is_a_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with started("--port", str(taken.getsockname()[1])) as (process, ready):
            assert process.wait(20) == 2
            assert process.stderr is not None
            assert "Choose another --port" in process.stderr.read()
    assert ready == {}


@pytest.mark.parametrize(
    "arguments",
    [["--latency", "slow"], ["--cores", "0"], ["--requests-per-second", "0"], ["--requests-per-second", "x"], ["--no"]],
)
def test_a_wrong_argument_is_a_clear_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("storage", "reason"), [("AccountName=a", "lacks AccountKey"), (_NOBODY, "is Azurite running")]
)
def test_a_storage_account_that_cannot_be_used_is_a_clear_error(storage: str, reason: str) -> None:
    with started("--storage", storage) as (process, ready):
        assert process.wait(60) == 2
        assert process.stderr is not None
        said = process.stderr.read()
    assert ready == {}
    assert said.splitlines()[-1].startswith("kusto: --storage: ")
    assert reason in said
    assert "Traceback" not in said
    assert "c2VjcmV0" not in said


def test_latency_is_added_while_the_slot_is_held() -> None:
    with started("--latency", "300", "--cores", "1") as (_, ready):
        url = ready["url"]
        mgmt(url, ".create table T (a:string)")
        mgmt(url, ".alter table T policy streamingingestion enable")
        begun = time.monotonic()
        answer = requests.post(f"{url}/v1/rest/ingest/Events/T?streamFormat=csv", data=b"x\n", timeout=20)
        assert answer.status_code == 200
        assert time.monotonic() - begun >= 0.3
