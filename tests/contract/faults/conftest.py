"""A local Kusto without storage, and one with it for the ingestion endpoint."""

from collections.abc import Iterator

import pytest

from tests.kusto_fixture import LocalKusto, running_kusto

TABLE = "T"


@pytest.fixture(scope="session")
def shared(storage: str) -> Iterator[LocalKusto]:
    with running_kusto(storage) as running:
        running.run(
            f".create table {TABLE} (Id:int, Name:string)", ".alter database Events policy streamingingestion enable"
        )
        yield running


@pytest.fixture
def kusto(shared: LocalKusto) -> Iterator[LocalKusto]:
    """No faults, no rows, no records."""
    shared.faults.clear()
    shared.run(f".clear table {TABLE} data")
    shared.faults.forget()
    yield shared
    shared.faults.clear()
