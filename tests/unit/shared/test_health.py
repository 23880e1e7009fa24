"""Readiness: each check by name, with what to do, and never a value."""

import asyncio
import json
from dataclasses import dataclass, field

import pytest
from azure.kusto.data.exceptions import KustoNetworkError

from shared.desk.health import KEEP, TIMEOUT, Check, Readiness, Status, render_checks
from shared.routing.routes import Route, RouteTable, Streaming
from tests.fakes import FakeClock, Step, api_error, hang, run_virtually


@dataclass(slots=True)
class Result:
    """What the SDK makes of a management command's answer."""

    primary_results: list[list[dict[str, str | None]]]


@dataclass(slots=True)
class FakeEngine:
    """An engine that answers `.show … policy streamingingestion` from a table."""

    policies: dict[str, str | None] = field(default_factory=dict)
    failure: Exception | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def execute_mgmt(self, database: str, command: str) -> Result:
        self.asked.append((database, command))
        if self.failure:
            raise self.failure
        entity = command.split("'")[1]
        return Result([[{"Policy": self.policies[entity]}] if entity in self.policies else []])


def route(name: str, table: str | None = "T", database: str = "Events", streaming: Streaming = Streaming.AUTO) -> Route:
    return Route(name=name, database=database, table=table, tables=() if table else ("S_*",), streaming=streaming)


ON, OFF, NONE = '{"IsEnabled":true}', '{"IsEnabled":false}', "null"


def readiness(engine: FakeEngine, *routes: Route, landing: Step = None, clock: FakeClock | None = None) -> Readiness:
    async def client() -> FakeEngine:
        return engine

    async def reach() -> None:
        if isinstance(landing, BaseException):
            raise landing
        if landing is not None:
            await landing()

    table = RouteTable({item.name: item for item in routes or (route("r"),)})
    return Readiness(table, client, reach, clock or FakeClock())


async def statuses(checks: Readiness) -> dict[str, Status]:
    return {check.name: check.status for check in await checks.checks()}


async def test_all_is_well() -> None:
    assert await statuses(readiness(FakeEngine({"Events": ON, "T": NONE}))) == {
        "landing": Status.OK,
        "kusto database Events": Status.OK,
        "streaming of route r": Status.OK,
    }


@pytest.mark.parametrize(
    ("database", "table", "status"),
    [
        (ON, NONE, Status.OK),
        (OFF, ON, Status.OK),
        (None, ON, Status.OK),
        (ON, OFF, Status.FAILED),
        (OFF, NONE, Status.FAILED),
        (NONE, None, Status.FAILED),
    ],
)
async def test_a_tables_own_policy_counts_before_the_databases(
    database: str | None, table: str | None, status: Status
) -> None:
    found = await statuses(readiness(FakeEngine({"Events": database, "T": table})))
    assert found["streaming of route r"] is status


async def test_queued_routes_need_no_policy() -> None:
    found = await statuses(readiness(FakeEngine({"Events": OFF}), route("slow", streaming=Streaming.NEVER)))
    assert set(found) == {"landing", "kusto database Events"}


async def test_each_database_and_route_is_looked_at() -> None:
    engine = FakeEngine({"A": ON, "B": OFF, "T": NONE})
    found = await statuses(
        readiness(engine, route("a", database="A"), route("b", database="B"), route("many", None, "A"))
    )
    assert found["streaming of route a"] is found["streaming of route many"] is Status.OK
    assert found["streaming of route b"] is Status.FAILED


@pytest.mark.parametrize(
    ("failure", "status", "advice"),
    [
        (api_error(403, "Forbidden", "s3cret"), Status.UNKNOWN, "Database Monitor"),
        (api_error(400, "BadRequest_DatabaseNotExist", permanent=True), Status.FAILED, "Create"),
        (KustoNetworkError("https://s3cret"), Status.FAILED, "KUSTO_CLUSTER_URI"),
        (RuntimeError("s3cret"), Status.FAILED, "KUSTO_CLUSTER_URI"),
    ],
)
async def test_what_stands_between_us_and_kusto(failure: Exception, status: Status, advice: str) -> None:
    checks = await readiness(FakeEngine(failure=failure)).checks()
    (check,) = [check for check in checks if check.name != "landing"]
    assert check.status is status
    assert advice in check.advice
    assert "s3cret" not in repr(checks)


async def test_a_landing_container_that_cannot_be_read() -> None:
    checks = await readiness(FakeEngine({"Events": ON, "T": ON}), landing=OSError("s3cret")).checks()
    assert checks[0].status is Status.FAILED
    assert "LANDING" in checks[0].advice
    assert "s3cret" not in repr(checks)


def test_a_service_that_hangs_is_a_failed_check() -> None:
    async def main() -> tuple[dict[str, Status], float]:
        found = await statuses(readiness(FakeEngine({"Events": ON, "T": ON}), landing=hang))
        return found, asyncio.get_running_loop().time()

    found, took = run_virtually(main())
    assert found["landing"] is Status.FAILED
    assert found["kusto database Events"] is Status.OK
    assert took == pytest.approx(TIMEOUT)


async def test_asking_often_is_no_load() -> None:
    engine, clock = FakeEngine({"Events": ON, "T": ON}), FakeClock()
    checks = readiness(engine, clock=clock)
    await asyncio.gather(*(checks.checks() for _ in range(20)))
    assert len(engine.asked) == 2
    clock.at += KEEP - 0.1
    await checks.checks()
    assert len(engine.asked) == 2
    clock.at += 0.2
    await checks.checks()
    assert len(engine.asked) == 4


@pytest.mark.parametrize(("status", "code"), [(Status.OK, 200), (Status.UNKNOWN, 200), (Status.FAILED, 503)])
def test_a_failed_check_is_503(status: Status, code: int) -> None:
    reply = render_checks((Check(name="a", status=Status.OK), Check(name="b", status=status, advice="Do it.")))
    body = json.loads(reply.body)
    assert reply.status == code
    assert body["checks"] == [{"name": "a", "status": "ok"}, {"name": "b", "status": status.value, "advice": "Do it."}]
