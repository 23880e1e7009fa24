"""Checks of the function app: what it runs on, how it scales, and how it reaches its storage."""

import re
from pathlib import Path

from tests.infra.bicep.deployment import at, of_type, strings
from tests.infra.bicep.scope import alternatives
from tests.infra.bicep.values import Value

_SITE = "Microsoft.Web/sites"
_SCALE = "properties.functionAppConfig.scaleAndConcurrency"


def scale_problems(root: Path) -> list[str]:
    """Limits that are left to a default which somebody else may change, or that the plan does not take."""
    problems: list[str] = []
    for row in of_type(root, _SITE):
        maximum, memory = row.at(f"{_SCALE}.maximumInstanceCount"), row.at(f"{_SCALE}.instanceMemoryMB")
        requests = row.at(f"{_SCALE}.triggers.http.perInstanceConcurrency")
        problems += [] if _between(maximum, 40, 1000) else [f"{row.where}: maximumInstanceCount is {maximum}"]
        problems += [] if memory in {512, 2048, 4096} else [f"{row.where}: instanceMemoryMB is {memory}"]
        problems += [] if _between(requests, 1, 1000) else [f"{row.where}: perInstanceConcurrency is {requests}"]
    return problems


def always_ready_problems(root: Path) -> list[str]:
    """Blob events wake no instance fast enough by themselves: one is kept ready, HTTP by choice."""
    problems: list[str] = []
    for row in of_type(root, _SITE):
        ready = row.at(f"{_SCALE}.alwaysReady")
        groups = {str(at(one, "name")): at(one, "instanceCount") for one in _list(ready)}
        if set(groups) - {"http", "blob"} or not _between(groups.get("blob"), 1, 1000):
            problems.append(f"{row.where}: alwaysReady is {groups or ready}")
    return problems


def runtime_problems(root: Path) -> list[str]:
    """The Python of the site, of `.python-version`, of the tools and of continuous integration."""
    wanted = (root / ".python-version").read_text(encoding="utf-8").strip()
    found: list[tuple[str, Value]] = [
        (row.where, row.at("properties.functionAppConfig.runtime.version")) for row in of_type(root, _SITE)
    ]
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    mypy, ruff = (
        re.search(r'^python_version = "(.+)"$', project, re.MULTILINE),
        re.search(r'^target-version = "py(\d)(\d+)"$', project, re.MULTILINE),
    )
    found += [("pyproject.toml, mypy", mypy and mypy[1]), ("pyproject.toml, ruff", ruff and f"{ruff[1]}.{ruff[2]}")]
    for workflow in sorted((root / ".github" / "workflows").glob("*.y*ml")):
        text = workflow.read_text(encoding="utf-8")
        versions = re.findall(r"python-version: *['\"]?([\d.]+)", text)
        found += [(workflow.name, version) for version in versions]
    # Continuous integration runs ./dev, which gets this Python where it is missing.
    found += [("dev", version) for version in re.findall(r"[Pp]ython ?(3\.\d+)", (root / "dev").read_text("utf-8"))]
    return [f"{where}: Python is {version}, not {wanted}" for where, version in found if version != wanted]


def caller_problems(root: Path) -> list[str]:
    """Event Grid pushes to the public endpoint only: it stays open, and every list of callers lets Event Grid in."""
    problems: list[str] = []
    for row in of_type(root, _SITE):
        texts = set(strings(row.at("properties.siteConfig.ipSecurityRestrictions")))
        public = alternatives(row.at("properties.publicNetworkAccess"))
        problems += [] if public == ["Enabled"] else [f"{row.where}: publicNetworkAccess is {public}"]
        problems += [] if {"ServiceTag", "AzureEventGrid"} <= texts else [f"{row.where}: Event Grid is not let in"]
    return problems


def network_problems(root: Path) -> list[str]:
    """The app's subnet, as the Flex Consumption plan takes it: delegated, and without an underscore in its name."""
    rows = of_type(root, "Microsoft.Network/virtualNetworks")
    subnets = [(row, one) for row in rows for one in _list(row.at("properties.subnets"))]
    delegated = {
        str(at(delegation, "properties.serviceName"))
        for _, one in subnets
        for delegation in _list(at(one, "properties.delegations"))
    }
    names = [f"{row.where}: subnet {name}" for row, one in subnets if "_" in (name := str(at(one, "name")))]
    return names + ([] if delegated == {"Microsoft.App/environments"} else [f"subnets are delegated to {delegated}"])


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def deployment_container_problems(root: Path) -> list[str]:
    """The package's container must be there before the first deployment."""
    made = {str(row.at("name")) for row in of_type(root, "Microsoft.Storage/storageAccounts/blobServices/containers")}
    return [
        f"{row.where}: the package's container {value} is not made"
        for row in of_type(root, _SITE)
        if _last_text(value := row.at("properties.functionAppConfig.deployment.storage.value")) not in made
    ]


def _last_text(value: Value) -> str:
    parts = getattr(value, "parts", (value,))
    return str(parts[-1]).rpartition("/")[2]


def _between(value: Value, low: int, high: int) -> bool:
    return isinstance(value, int) and low <= value <= high
