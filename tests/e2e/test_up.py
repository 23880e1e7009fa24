"""`./dev up`, driven by plain HTTP and by the other commands."""

import json
import os
import signal
import socket
import time
import urllib.request
from pathlib import Path

from local import endpoints
from tests.e2e.commands import ANY_PORTS, Staying, alive, command_of, dev, staying

LINE = b'2018-01-26 00:00:00.0000000,2018-01-27 14:00:00.0000000,MEXICO,0,0,Unknown,"{}"'


def post(up: Staying, route: str, body: bytes, content_type: str) -> dict[str, object]:
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{up.ready['functions']}/api/ingest/{route}",
        data=body,
        headers={"x-functions-key": up.ready["function_key"], "Content-Type": content_type},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
        parsed: dict[str, object] = json.load(answer)
        return parsed


def rows(up: Staying, kql: str) -> list[dict[str, object]]:
    ran = dev("query", kql, "--format", "json", "--cluster", up.ready["kusto"], "--database", up.ready["database"])
    assert ran.returncode == 0, ran.stderr
    parsed: list[dict[str, object]] = json.loads(ran.stdout)
    return parsed


def test_it_names_everything_a_program_needs(up: Staying) -> None:
    assert {
        "functions",
        "kusto",
        "kusto_ingest",
        "blob",
        "queue",
        "table",
        "storage_connection_string",
        "function_key",
        "admin_key",
        "database",
    } <= {name for name, value in up.ready.items() if value}


def test_a_csv_line_is_a_row_when_the_answer_comes(up: Staying) -> None:
    answer = post(up, "storm-lines", LINE, "text/csv")

    assert (answer["outcome"], answer["mode"]) == ("delivered", "streaming")
    assert rows(up, "MyStormEvents | where Source == 'Unknown' | project State") == [{"State": "MEXICO"}]


def test_a_json_event_is_a_row_when_the_answer_comes(up: Staying) -> None:
    event = {"id": "e1", "source": "test", "type": "made", "time": "2026-01-01T00:00:00Z", "data": {"n": 1}}

    post(up, "events", json.dumps(event).encode(), "application/json")

    assert rows(up, "WebhookEvents | where Id == 'e1' | project Type, Data") == [{"Type": "made", "Data": {"n": 1}}]


def test_a_blob_with_an_odd_name_is_ingested(up: Staying, tmp_path: Path) -> None:
    file = tmp_path / "storms of 5+5 % ü.csv"
    file.write_bytes(
        b"StartTime,EndTime,State,DamageProperty,DamageCrops,Source,StormSummary\n"
        + LINE.replace(b"Unknown", b"Blob")
        + b"\n"
    )

    sent = dev("send", "storms", str(file), "--blob", "--storage", up.ready["storage_connection_string"])

    assert sent.returncode == 0, sent.stderr
    deadline = time.monotonic() + 30
    while not (found := rows(up, "MyStormEvents | where Source == 'Blob' | count")[0]["Count"]):
        assert time.monotonic() < deadline, "the blob's row did not come"
    assert found == 1


def test_a_refused_query_says_why(up: Staying) -> None:
    ran = dev("query", "NoSuchTable | count", "--cluster", up.ready["kusto"], "--database", "Events")

    assert ran.returncode == 1
    assert "NoSuchTable" in ran.stderr


def test_ctrl_c_leaves_no_process_and_no_state() -> None:
    with staying("up", *ANY_PORTS) as up:
        children = up.children()
        state = endpoints.STATE.read_text() if endpoints.STATE.exists() else ""
        assert len(children) == 3

        assert up.end(signal.SIGINT) == 0

    assert alive(children) == []
    assert not endpoints.STATE.exists() or endpoints.STATE.read_text() != state or str(up.process.pid) not in state


def test_the_death_of_a_child_ends_all_and_names_it() -> None:
    with staying("up", *ANY_PORTS) as up:
        children = up.children()
        port = int(up.ready["kusto"].rpartition(":")[2])
        os.kill(next(pid for pid in children if "local.kusto" in command_of(pid)), signal.SIGKILL)

        assert up.process.wait(60) == 1

    assert alive(children) == []
    assert "Kusto ended by itself" in up.errors()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_in_use_is_named_with_its_option() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ran = dev("up", *ANY_PORTS, f"--kusto-port={port}")

    assert ran.returncode == 2
    assert f"Port {port} on 127.0.0.1 is in use" in ran.stderr
    assert "--kusto-port" in ran.stderr
    assert ran.stdout == ""


def test_kusto_alone_ends_on_sigterm() -> None:
    with staying("kusto", "--port=0") as kusto:
        children = kusto.children()
        assert kusto.ready["functions"] == ""
        assert rows(kusto, ".show tables") == []

        assert kusto.end(signal.SIGTERM) == 0

    assert alive(children) == []
