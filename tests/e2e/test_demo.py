import json

from local.paths import RUN
from tests.e2e.commands import dev


def test_the_demo_sees_every_count() -> None:
    before = set(RUN.glob("demo-*"))

    ran = dev("demo", "--json")

    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    large = report["counts"].pop("large_file")
    assert report["counts"] == {
        "tables": 2,
        "empty": 0,
        "file": 1000,
        "line": 1001,
        "webhook": 200,
        "forged_webhook": 401,
        "event": 1,
        "top": 1,
    }
    assert large > 1001 + 40_000  # 12 MB of rows
    assert report["modes"] == {
        "file": "streaming",
        "line": "streaming",
        "event": "streaming",
        "large_file": "queued",
    }
    assert report["ok"] is True
    assert all(step["ok"] for step in report["steps"])
    assert set(report["latencies_ms"]) == {step["name"] for step in report["steps"]}
    assert (report["top"]["State"], report["top"]["Source"]) == ("MEXICO", "Unknown")
    assert set(RUN.glob("demo-*")) <= before  # a run that went well leaves nothing


def test_the_size_and_the_seed_of_its_file_are_flags() -> None:
    ran = dev("demo", "--json", "--rows", "7", "--seed", "3")

    report = json.loads(ran.stdout)
    assert (ran.returncode, report["counts"]["file"], report["counts"]["line"]) == (0, 7, 8)
