"""One local Kusto for the whole table; every case works in a table of its own."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.conformance.cases import CASES
from local.conformance.cluster import Cluster
from local.conformance.runner import Prepared, plan, tables
from tests.kusto_fixture import DATABASE, running_kusto

PREPARED = plan(CASES)


@pytest.fixture(scope="session")
def cluster(storage: str) -> Iterator[Cluster]:
    with running_kusto(storage) as kusto:
        yield Cluster(uri=kusto.url, ingest_uri=kusto.url, database=DATABASE)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "prepared" in metafunc.fixturenames:
        metafunc.parametrize("prepared", [_parameter(one) for one in PREPARED])


def _parameter(one: Prepared) -> Any:
    """A known deviation must stay one: when it goes, its note goes."""
    reason = one.case.deviation
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(one, id=one.title, marks=marks)


@pytest.fixture
def table(cluster: Cluster, prepared: Prepared) -> Iterator[Prepared]:
    with tables(cluster, [prepared], settle=0):
        yield prepared
