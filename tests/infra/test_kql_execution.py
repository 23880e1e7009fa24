"""The scripts of `infra/kql` run on the local Kusto, twice, and make what the routes need."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.kql import IDENTITY_SCRIPT, SCHEMA, Cluster, KustoRefusedError, script_text
from local.problems import UsageError
from shared.framing.formats import mapping_kind_of
from tests.infra.checks.kql import routes_of
from tests.kql.scripts import commands
from tests.kusto_fixture import DATABASE, LocalKusto, running_kusto

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.routing.routes import Route

ROUTES = routes_of(Path(__file__).parents[2])
SCRIPTS = sorted(SCHEMA.glob("*.kql"))
TABLES = sorted({str(route.table) for route in ROUTES})

each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
each_table = pytest.mark.parametrize("table", TABLES)


@pytest.fixture(scope="module")
def kusto() -> Iterator[LocalKusto]:
    """A local Kusto that the scripts ran on twice, as `./dev schema` runs them."""
    with running_kusto(None) as running:
        with Cluster(running.url, DATABASE) as cluster:
            assert cluster.apply() == tuple(path.name for path in SCRIPTS)
            before = state(running)
            cluster.apply()
        assert state(running) == before
        yield running


def state(kusto: LocalKusto) -> object:
    """Everything that a script could have changed, but for when."""
    found = kusto.engine.database(DATABASE)
    tables = {
        name: (table.columns, [(m.name, m.kind, m.elements) for m in table.mappings], table.policies)
        for name, table in found.tables.items()
    }
    return tables, found.views, found.functions, found.policies


def policy(kusto: LocalKusto, entity: str, name: str) -> Any:
    (row,) = kusto.run(f".show {entity} policy {name}")
    return json.loads(row["Policy"])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_command_of_a_script_completes(kusto: LocalKusto, path: Path) -> None:
    text = script_text(path, DATABASE)

    rows = kusto.run(f".execute database script with (ThrowOnErrors=true) <|\n{text}")

    assert [row["Result"] for row in rows] == ["Completed"] * len(commands(text))


@each_route
def test_a_route_finds_its_table_and_its_mapping(kusto: LocalKusto, route: Route) -> None:
    assert route.data_format is not None
    kind = mapping_kind_of(route.data_format)

    mappings = kusto.run(f".show table {route.table} ingestion {kind} mappings")

    assert set(route.mappings) <= {row["Name"] for row in mappings}


@each_table
def test_a_table_streams_and_is_batched_for_latency(kusto: LocalKusto, table: str) -> None:
    assert policy(kusto, f"table {table}", "streamingingestion")["IsEnabled"] is True
    batching = policy(kusto, f"table {table}", "ingestionbatching")
    assert batching == {
        "MaximumBatchingTimeSpan": "00:00:30",
        "MaximumNumberOfItems": 500,
        "MaximumRawDataSizeMB": 1024,
    }


@pytest.mark.parametrize("entity", [*(f"table {table}" for table in TABLES), "materialized-view WebhookEventsOnce"])
def test_a_table_and_its_view_are_kept_and_cached_as_long(kusto: LocalKusto, entity: str) -> None:
    retention = policy(kusto, entity, "retention")

    assert (retention["SoftDeletePeriod"], retention["Recoverability"]) == ("365.00:00:00", "Enabled")
    assert policy(kusto, entity, "caching") == {"DataHotSpan": "31.00:00:00"}


def test_the_database_streams_and_may_read_by_its_identity(kusto: LocalKusto) -> None:
    assert policy(kusto, f"database {DATABASE}", "streamingingestion") == {"IsEnabled": True}
    assert policy(kusto, f"database {DATABASE}", "managed_identity") == [
        {"ObjectId": "system", "AllowedUsages": "NativeIngestion"}
    ]


def test_the_policies_of_a_database_keep_what_somebody_added() -> None:
    mine = {"ObjectId": "3fa85f64-5717-4562-b3fc-2c963f66afa6", "AllowedUsages": "ExternalTable"}
    streaming = {"IsEnabled": False, "HintAllocatedRate": 2.1}
    with running_kusto(None) as kusto, Cluster(kusto.url, DATABASE) as cluster:
        kusto.run(
            f".alter database {DATABASE} policy streamingingestion '{json.dumps(streaming)}'",
            f".alter database {DATABASE} policy managed_identity '{json.dumps([mine])}'",
        )

        cluster.apply()

        assert policy(kusto, f"database {DATABASE}", "streamingingestion") == streaming | {"IsEnabled": True}
        allowed = policy(kusto, f"database {DATABASE}", "managed_identity")
        assert [entry["ObjectId"] for entry in allowed] == [mine["ObjectId"], "system"]


def test_the_view_shows_each_event_once(kusto: LocalKusto) -> None:
    line = b'{"id":"1","source":"s","type":"t","subject":"x","time":"2026-01-02T03:04:05Z","data":{"a":1}}\n'
    for _ in range(2):
        sent = kusto.stream("WebhookEvents", line, "streamFormat=json&mappingName=WebhookEvents_json")
        assert sent.status == 200, sent.body

    assert (kusto.count("WebhookEvents"), kusto.count("WebhookEventsOnce")) == (2, 1)


def test_a_database_of_another_name(kusto: LocalKusto) -> None:
    kusto.engine.create_database("My events-2.0")

    with Cluster(kusto.url, "My events-2.0") as cluster:
        cluster.apply(managed_identity=False)
        shown = cluster.run(".show database ['My events-2.0'] policy streamingingestion").records()
        identity = cluster.run(".show database ['My events-2.0'] policy managed_identity").records()

    assert json.loads(shown[0]["Policy"]) == {"IsEnabled": True}
    assert identity[0]["Policy"] == "null"


def test_only_the_script_of_the_identity_is_left_out() -> None:
    names = [path.name for path in SCRIPTS]

    assert names.count(IDENTITY_SCRIPT) == 1
    assert "managed_identity" not in "".join(
        p.read_text(encoding="utf-8") for p in SCRIPTS if p.name != IDENTITY_SCRIPT
    )


@pytest.mark.parametrize("name", ["a']; .drop table T", "a\nb", "", "a{b}", 'a"b'])
def test_no_name_of_a_database_ends_its_quotes(name: str) -> None:
    with pytest.raises(UsageError):
        script_text(SCRIPTS[0], name)


def test_the_schema_cache_is_cleared(kusto: LocalKusto) -> None:
    with Cluster(kusto.url, DATABASE) as cluster, Cluster(kusto.url, "Nowhere") as elsewhere:
        assert cluster.clear_schema_cache()
        assert not elsewhere.clear_schema_cache()


def test_a_command_that_fails_names_its_script(kusto: LocalKusto) -> None:
    with (
        Cluster(kusto.url, "Nowhere") as elsewhere,
        pytest.raises(KustoRefusedError, match=r"Nowhere"),
    ):
        elsewhere.apply()
