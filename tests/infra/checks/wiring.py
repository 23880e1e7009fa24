"""Checks across files: the template, the code, the azd files and the hooks name the same things."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from tests.infra.bicep.deployment import of_type
from tests.infra.bicep.syntax import BicepFile, read_bicep
from tests.infra.bicep.values import Value
from tests.infra.checks.code import code_of, route_secrets
from tests.infra.checks.events import shown, subscriptions

#: Inputs of the template that are outputs as well, because both mean the same: a second run changes nothing.
SAME_MEANING = frozenset({"AZURE_KEY_VAULT_NAME"})
#: What a hook reads for itself, and nobody has to set.
HOOK_OWN = frozenset({"AZURE_POSTDEPLOY_TIMEOUT"})
#: What azd itself knows (Microsoft docs, "azd environment variables").
AZD_OWN = frozenset(
    {
        "AZURE_CLIENT_ID",
        "AZURE_ENV_NAME",
        "AZURE_LOCATION",
        "AZURE_PRINCIPAL_ID",
        "AZURE_PRINCIPAL_TYPE",
        "AZURE_RESOURCE_MANAGER_URI",
        "AZURE_SUBSCRIPTION_ID",
        "AZURE_TENANT_ID",
    }
)
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?:=[^}]*)?\}")
_DEFAULT = re.compile(r"\$\{[A-Z][A-Z0-9_]*=(.*)\}")
_NAMED = re.compile(r"""["']((?:AZURE|KUSTO|EVENT_GRID|APPLICATIONINSIGHTS)_[A-Z0-9_]+)["']""")


def endpoint_problems(root: Path) -> list[str]:
    """The function in Event Grid's address: one of another name would answer 404, and no blob would be ingested."""
    triggers = code_of(root).blob_triggers()
    problems: list[str] = []
    for row in subscriptions(root):
        url = shown(row.at("properties.destination.properties.endpointUrl"))
        function = re.search(r"/runtime/webhooks/blobs\?functionName=Host\.Functions\.([^&]+)&code=", url)
        if not function or function[1] not in triggers:
            problems.append(f"{row.where}: {url} names no blob trigger; function_app.py has {sorted(triggers)}")
    return problems


def hook_function_problems(root: Path) -> list[str]:
    """The function that the hook waits for is a blob trigger, too."""
    text = (root / "infra" / "hooks" / "eventsub" / "target.py").read_text(encoding="utf-8")
    named = re.findall(r'^BLOB_FUNCTION = "(\w+)"$', text, re.MULTILINE)
    triggers = code_of(root).blob_triggers()
    return [f"the hook names {named}, function_app.py has {sorted(triggers)}"] if set(named) != set(triggers) else []


def filter_container_problems(root: Path) -> list[str]:
    """The container in the filter is the one that the trigger listens to."""
    wanted = {f"/blobServices/default/containers/{name}/" for name in code_of(root).blob_triggers().values()}
    found = {shown(row.at("properties.filter.subjectBeginsWith")) for row in subscriptions(root)}
    return [f"subscriptions for {sorted(found)}, triggers for {sorted(wanted)}"] if found != wanted else []


def _main(root: Path) -> BicepFile:
    return read_bicep(root / "infra" / "main.bicep")


def _parameters(root: Path) -> dict[str, Any]:
    text = (root / "infra" / "main.parameters.json").read_text(encoding="utf-8")
    parameters: dict[str, Any] = json.loads(text)["parameters"]
    return parameters


def parameter_problems(root: Path) -> list[str]:
    """Values for parameters that are not there, and required parameters without a value."""
    given, params = _parameters(root), _main(root).params
    unknown = [f"main.bicep has no parameter {name}" for name in given if name not in params]
    return unknown + [f"{name} has no value" for name, row in params.items() if row.required and name not in given]


def parameter_default_problems(root: Path) -> list[str]:
    """Defaults that stand in both files, `${NAME=default}` and in the template, and differ."""
    given, params = _parameters(root), _main(root).params
    found = {name: _DEFAULT.fullmatch(str(entry["value"])) for name, entry in given.items()}
    return [
        f"{name} is {match[1]!r} in main.parameters.json, {params[name].default!r} in main.bicep"
        for name, match in found.items()
        if match and name in params and match[1] != _as_text(params[name].default)
    ]


def _as_text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def loop_back_problems(root: Path) -> list[str]:
    """azd writes outputs into its environment: an input of the same name would change meaning on the second run."""
    inputs = set(_VARIABLE.findall(json.dumps(_parameters(root))))
    both = inputs & _main(root).outputs.keys()
    return [f"{name} is an input and an output" for name in sorted(both - SAME_MEANING)] + [
        f"{name} is no longer both: take it off the list" for name in sorted(SAME_MEANING - both)
    ]


def hook_output_problems(root: Path) -> list[str]:
    """Variables that a hook reads and the template does not put out."""
    known = {*_main(root).outputs, *AZD_OWN, *HOOK_OWN, *_VARIABLE.findall(json.dumps(_parameters(root)))}
    return [
        f"{path.relative_to(root)} reads {name}: no output has that name"
        for path in sorted((root / "infra" / "hooks").rglob("*.py"))
        for name in sorted(set(_NAMED.findall(path.read_text(encoding="utf-8"))))
        if name not in known
    ]


def output_name_problems(root: Path) -> list[str]:
    """azd takes outputs as variables: they are named like variables."""
    return [
        f"main.bicep:{row.line} output {name}"
        for name, row in _main(root).outputs.items()
        if not re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", name)
    ]


def service_problems(root: Path) -> list[str]:
    """azd deploys the code to the site whose tag is the service's key."""
    services = set(yaml.safe_load((root / "azure.yaml").read_text(encoding="utf-8"))["services"])
    tags = [row.at("tags") for row in of_type(root, "Microsoft.Web/sites")]
    found = {str(tag.get("azd-service-name")) for tag in tags if isinstance(tag, dict)}
    return [f"azure.yaml has {sorted(services)}, the sites are tagged {sorted(found)}"] if services != found else []


def vault_secret_problems(root: Path) -> list[str]:
    """Secrets that the routes name and the template puts into no vault; azd makes the same ones."""
    made = {str(row.at("name")) for row in of_type(root, "Microsoft.KeyVault/vaults/secrets")}
    asked = set(re.findall(r"\$\(secretOrRandomPassword \S+ (\S+)\)", json.dumps(_parameters(root))))
    wanted = {name.replace("_", "-") for name in route_secrets(root)}
    return [
        f"{where}: {sorted(found)}, the routes need {sorted(wanted)}"
        for where, found in (("the vault", made), ("main.parameters.json", asked))
        if found != wanted
    ]


#: Modules that must wait for others although they name nothing of them, and why.
_WAITS = {
    "functionApp": ("roles", "the host looks for its storage as soon as the app exists"),
    "schema": ("kustoAccess", "scripts run as the deployer, who must be administrator by then"),
}


def order_problems(root: Path) -> list[str]:
    """Modules that do not wait for what they need."""
    waits = {module.name: module.body.get("dependsOn") for module in _main(root).modules}
    return [
        f"module {name} does not depend on {before}: {why}"
        for name, (before, why) in _WAITS.items()
        if not isinstance(named := waits.get(name), list) or before not in map(str, named)
    ]
