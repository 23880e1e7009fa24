"""A local Kusto over a real Azurite."""

from collections.abc import Iterator

import pytest

from tests.kusto_fixture import LocalKusto, running_kusto


@pytest.fixture(scope="module")
def kusto(storage: str) -> Iterator[LocalKusto]:
    with running_kusto(storage) as running:
        running.run(".alter database Events policy streamingingestion enable")
        yield running


@pytest.fixture
def table(kusto: LocalKusto, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh table (Id:int, Name:string, Extra:dynamic) with a CSV and a JSON mapping."""
    name = "T" + "".join(c for c in request.node.name if c.isalnum())[-60:]
    json_mapping = (
        '[{"column":"Id","Properties":{"Path":"$.id"}},{"column":"Name","Properties":{"Path":"$.name"}},'
        '{"column":"Extra","Properties":{"Path":"$"}}]'
    )
    csv_mapping = '[{"column":"Name","Properties":{"Ordinal":"0"}},{"column":"Id","Properties":{"Ordinal":"1"}}]'
    kusto.run(
        f".create table {name} (Id:int, Name:string, Extra:dynamic)",
        f".create table {name} ingestion json mapping 'json1' '{json_mapping}'",
        f".create table {name} ingestion csv mapping 'swapped' '{csv_mapping}'",
    )
    yield name
    kusto.faults.clear()
    kusto.run(f".drop table {name}")
