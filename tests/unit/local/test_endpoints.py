import json
import os
import stat
import subprocess
from pathlib import Path

from local import endpoints
from local.endpoints import Endpoints

RUNNING = Endpoints(
    kusto="http://127.0.0.1:1",
    kusto_ingest="http://127.0.0.1:1",
    blob="http://127.0.0.1:2/devstoreaccount1",
    queue="http://127.0.0.1:3/devstoreaccount1",
    table="http://127.0.0.1:4/devstoreaccount1",
    storage_connection_string="secret-text",
    database="Events",
    webhook_secrets={"S": "secret-text"},
    logs="logs",
)


def test_a_running_stack_is_found(tmp_path: Path) -> None:
    state = tmp_path / "run" / "up.json"

    assert endpoints.save(RUNNING, state)

    assert endpoints.load(state) == RUNNING
    assert stat.S_IMODE(state.stat().st_mode) == 0o600  # it holds keys
    endpoints.clear(state)
    assert not state.exists()


def test_a_stale_file_is_no_running_stack_and_is_replaced(tmp_path: Path) -> None:
    state = tmp_path / "up.json"
    gone = subprocess.Popen(["true"])  # noqa: S607 - any program that ends
    gone.wait()
    state.write_text(json.dumps({"pid": gone.pid} | json.loads(RUNNING.to_json())))

    assert endpoints.load(state) is None
    assert endpoints.save(RUNNING, state)


def test_the_file_of_another_running_stack_stays(tmp_path: Path) -> None:
    state = tmp_path / "up.json"
    state.write_text(json.dumps({"pid": os.getppid()} | json.loads(RUNNING.to_json())))

    assert not endpoints.save(RUNNING, state)
    endpoints.clear(state)
    assert state.exists()


def test_what_cannot_be_read_is_no_running_stack(tmp_path: Path) -> None:
    state = tmp_path / "up.json"
    assert endpoints.load(state) is None
    for text in ("", "{}", "[]", '{"pid": "x"}', json.dumps({"pid": os.getpid(), "unknown": 1})):
        state.write_text(text)
        assert endpoints.load(state) is None


def test_it_does_not_show_its_secrets() -> None:
    assert "secret-text" not in repr(RUNNING)
