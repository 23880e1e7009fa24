"""Two thousand senders at once, a cluster of two cores with documented latency: counts only, no times."""

from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks.ingest_load import post_all
from local.kusto.faults.client import Faults
from local.kusto.faults.effects import Endpoint

from .rig import Plan, Rig

EVENTS = 2000
FEWER = 50  # times fewer streaming requests than one for each event


@pytest.mark.slow
async def test_two_thousand_events_at_once_cost_few_requests_and_come_once(tmp_path: Path) -> None:
    plan = Plan(folder=tmp_path, kusto=("--cores", "2", "--latency", "documented", "--batching-seconds", "1"))
    names = [str(uuid4()) for _ in range(EVENTS)]
    async with Rig(plan) as rig:
        faults = Faults(rig.kusto)
        faults.forget()

        load = await post_all(rig.functions, rig.key, names)

        requests = faults.requests(Endpoint.STREAM)
        rows = await rig.counts("WebhookEvents | summarize Count = count() by Id")
    assert set(load.statuses) <= {200, 429}, load.statuses
    assert {name: answer["status"] for name, answer in load.answers.items()} == dict.fromkeys(names, 200)
    assert rows == dict.fromkeys(names, 1)
    assert requests.count(Endpoint.STREAM) <= EVENTS // FEWER
    assert not any(answer["maybeDuplicate"] for answer in load.answers.values())
