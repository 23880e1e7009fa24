"""The local Kusto answers as the conformance table says."""

import json

import pytest
from typer.testing import CliRunner

from local.cli.app import app
from local.conformance.__main__ import ingestion_uri, main
from local.conformance.case import Basis, differences
from local.conformance.cases import CASES
from local.conformance.cluster import Cluster
from local.conformance.runner import Prepared, observe
from local.problems import UsageError

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


def test_a_case_is_answered_as_expected(cluster: Cluster, table: Prepared) -> None:
    assert differences(table.case.expect, observe(cluster, table, patience=20)) == []


def test_the_table_is_large_and_every_row_has_a_source() -> None:
    assert len(CASES) >= 80
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.source for case in CASES)
    assert any(case.basis is Basis.OBSERVED for case in CASES)


def test_the_command_reports_a_difference(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.must(".create table Left_alone (Id:int)")
    arguments = ["--cluster", cluster.uri, "--database", cluster.database, "--only", "query: count"]

    assert main(arguments) == 0
    assert "0 differ" in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["differences"] == []
    names = [row[0] for row in cluster.must(".show tables")]
    assert "Left_alone" in names
    assert not [name for name in names if str(name).startswith("Conformance_")]


def test_dev_conformance_runs_the_table(cluster: Cluster) -> None:
    arguments = ["conformance", "--cluster", cluster.uri, "--database", cluster.database, "--only", "query: count"]

    found = CliRunner().invoke(app, [*arguments, "--json"])

    assert found.exit_code == 0
    assert [json.loads(line)["differences"] for line in found.stdout.splitlines()] == [[]]


def test_dev_conformance_needs_a_database_beside_the_cluster() -> None:
    found = CliRunner().invoke(app, ["conformance", "--cluster", "http://127.0.0.1:1"])

    assert isinstance(found.exception, UsageError)
    assert found.exception.exit_code == 2


def test_a_cluster_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cluster", "http://127.0.0.1:1", "--database", "Events"]) == 2
    assert "cannot be used" in capsys.readouterr().err


def test_the_ingestion_endpoint_is_derived() -> None:
    assert (
        ingestion_uri("https://help.westeurope.kusto.windows.net") == "https://ingest-help.westeurope.kusto.windows.net"
    )
    assert ingestion_uri("http://127.0.0.1:8080") == "http://127.0.0.1:8080"
