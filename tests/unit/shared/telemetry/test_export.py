"""Telemetry is set up only where there is somewhere to send it, in a thread, and without other people's spans."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Event

from azure.monitor.opentelemetry import _constants

from shared.telemetry.export import CONNECTION, INSTRUMENTATIONS, Export

ROOT = Path(__file__).parents[4]
NOWHERE = "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=http://127.0.0.1:9/"
_SCRIPT = """
import asyncio, json, sys
from shared.telemetry.export import Export
env = json.loads(sys.argv[1])
export = Export(env)
asyncio.run(export.ready())
from opentelemetry import metrics, trace
import azure.core.settings
print(json.dumps({
    "meter": type(metrics.get_meter_provider()).__module__,
    "tracer": type(trace.get_tracer_provider()).__module__,
    "monitor": "azure.monitor.opentelemetry" in sys.modules,
    "azure": azure.core.settings.settings.tracing_enabled(),
    "requests": "opentelemetry.instrumentation.requests" in sys.modules,
    "detectors": env.get("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"),
}), flush=True)
import os
os._exit(0)
"""


def started(env: dict[str, str]) -> tuple[dict[str, object], str]:
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", _SCRIPT, json.dumps(env)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true"} | env,
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return json.loads(done.stdout), done.stderr


def test_without_a_connection_nothing_is_loaded() -> None:
    for env in ({}, {CONNECTION: " "}):
        found, _ = started(env)
        assert not found["monitor"]
        assert str(found["meter"]).startswith("opentelemetry.metrics")


def test_with_a_connection_ours_is_exported_and_nothing_else() -> None:
    found, _ = started({CONNECTION: NOWHERE})
    assert str(found["meter"]).startswith("opentelemetry.sdk")
    assert str(found["tracer"]).startswith("opentelemetry.sdk")
    assert (found["azure"], found["requests"]) == (False, False)
    assert found["detectors"] == "azure_functions"


def test_a_wrong_connection_costs_the_telemetry_and_not_the_start() -> None:
    found, said = started({CONNECTION: "InstrumentationKey=s3cret-key"})
    assert str(found["meter"]).startswith("opentelemetry.metrics")
    assert CONNECTION in said
    assert "s3cret" not in said


async def test_work_does_not_wait_for_ever() -> None:
    hangs = Event()

    def set_up(_: object) -> None:
        hangs.wait(60)

    slow = Export({CONNECTION: NOWHERE}, set_up, patience=0.05)
    await slow.ready()
    assert not hangs.is_set()
    hangs.set()


async def test_work_that_comes_first_waits_until_it_is_measured() -> None:
    done: list[str] = []
    release = Event()

    def set_up(_: object) -> None:
        release.wait(10)
        done.append("set up")

    quick = Export({CONNECTION: NOWHERE}, set_up)
    asyncio.get_running_loop().call_later(0.05, release.set)
    await asyncio.gather(quick.ready(), quick.ready())
    assert done == ["set up"]


def test_what_is_wrong_with_the_settings_is_exported_too() -> None:
    script = """
import os
from pathlib import Path
from shared.bootstrap import start
start(os.environ, Path("."))
import logging
print(len(logging.getLogger("shared").handlers), flush=True)
os._exit(0)
"""
    env = {"PYTHONPATH": str(ROOT), "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true", CONNECTION: NOWHERE}
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], env=os.environ | env, capture_output=True, check=True, text=True, timeout=60
    )
    assert int(done.stdout) > 0, "the problems were logged before anybody listened"


def test_every_instrumentation_of_the_distribution_is_known_and_off() -> None:
    assert sorted(INSTRUMENTATIONS) == sorted(_constants._ALL_SUPPORTED_INSTRUMENTED_LIBRARIES)
