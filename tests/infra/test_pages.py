"""The pages about Azure say what the templates and the code do."""

import json
import re

import pytest

from local.paths import ROOT
from shared.telemetry.metrics import Metric
from tests.infra.checks.alerts import LogAlert, MetricAlert, log_alerts, metric_alerts
from tests.infra.checks.roles import DATABASE_GRANTS, GRANTS

_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?:=(.*))?\}")
#: What azd fills in by itself, or asks for.
_AZD = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_PRINCIPAL_ID", "AZURE_PRINCIPAL_TYPE", "AZURE_KEY_VAULT_NAME"}
#: Limits of the app: their defaults stand in docs/settings.md, which is generated.
_LIMITS = {"MAX_BODY_BYTES", "MAX_RAW_BYTES", "DEADLINE_SECONDS", "RETRY_DELAY_SECONDS"}


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def inputs() -> dict[str, str]:
    """Every input of the template with its default, as the azd environment names them."""
    file = json.loads((ROOT / "infra" / "main.parameters.json").read_text(encoding="utf-8"))
    found = (_VARIABLE.search(value["value"]) for value in file["parameters"].values())
    return {match[1]: match[2] or "" for match in found if match and match[1] not in _AZD}


def table_of_inputs() -> dict[str, str]:
    """What the table of docs/deploy.md names, with the cell of defaults."""
    table = page("deploy.md").partition("## All inputs")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    return {name: cells[2] for cells in rows for name in re.findall(r"`([A-Z_]+)`", cells[1])}


def test_the_table_of_deploy_names_every_input_and_no_other() -> None:
    assert set(table_of_inputs()) == set(inputs())


@pytest.mark.parametrize("name", sorted({name for name, default in inputs().items() if default} - _LIMITS))
def test_defaults_of_inputs_are_those_of_the_template(name: str) -> None:
    assert inputs()[name].replace('\\"', '"') in table_of_inputs()[name]


def test_the_table_of_security_has_every_role_and_no_other() -> None:
    rows = re.findall(r"^\| the (\w+) \| ([^|]+) \| [^|]+ \| [^|]+ \|$", page("security.md"), re.MULTILINE)
    given = {(who, role) for who, role, _ in GRANTS} | {(who, f"Database {role}") for who, role in DATABASE_GRANTS}
    assert set(rows) == given


@pytest.mark.parametrize("metric", Metric)
def test_every_metric_is_in_the_table_of_operations(metric: Metric) -> None:
    assert f"\n| `{metric}` |" in page("operations.md")


@pytest.mark.parametrize("alert", [*log_alerts(), *metric_alerts()], ids=lambda alert: alert.name)
def test_the_runbook_of_an_alert_gives_its_severity(alert: LogAlert | MetricAlert) -> None:
    assert f"\n### {alert.name}\n\n*Severity {alert.severity}. " in page("operations.md")
