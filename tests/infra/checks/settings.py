"""Checks of the app settings: the template sets what the code and the platform read, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

from local.docs.platform_settings import PLATFORM_SETTINGS
from tests.infra.bicep.deployment import of_type, scopes
from tests.infra.bicep.scope import alternatives
from tests.infra.bicep.values import Call, Value
from tests.infra.checks.code import code_of, route_secrets
from tests.infra.checks.events import shown

_CONFIG = "Microsoft.Web/sites/config"
#: What the Flex Consumption plan refuses or ignores (Microsoft docs, "Flex Consumption plan deprecations").
_REFUSED = (
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_PROCESS_COUNT",
    "FUNCTIONS_WORKER_RUNTIME",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_",
)


def app_settings(root: Path) -> dict[str, Value]:
    """Every app setting that the template may set, with its value.

    Raises:
        AssertionError: when there is not exactly one `appsettings` resource.
    """
    (row,) = [row for row in of_type(root, _CONFIG) if str(row.at("name")).rpartition("/")[2] == "appsettings"]
    return {name: value for part in _objects(row.at("properties")) for name, value in part.items()}


def _objects(value: Value) -> Iterator[dict[str, Value]]:
    """The objects that a `union` of objects and conditions is made of."""
    for one in alternatives(value):
        if isinstance(one, dict):
            yield one
        elif isinstance(one, Call) and one.name == "union":
            yield from (part for argument in one.arguments for part in _objects(argument))
        else:
            raise AssertionError(f"app settings that the reader does not understand: {one}")


def unknown_problems(root: Path) -> list[str]:
    """Settings that nobody reads: a misspelt name counts as not set."""
    return [f"{name} is set, and nothing reads it" for name in sorted(app_settings(root).keys() - _known(root))]


def missing_problems(root: Path) -> list[str]:
    """Settings that the code or the platform reads, and the template does not set."""
    return [f"{name} is read, and not set" for name in sorted(_known(root) - app_settings(root).keys())]


def _known(root: Path) -> frozenset[str]:
    platform = {row.name for row in PLATFORM_SETTINGS}
    return frozenset({*code_of(root).settings, *platform, *route_secrets(root)})


def refused_problems(root: Path) -> list[str]:
    """Settings that must not be there: the plan refuses them, or the host would take them for a connection string."""
    connections = {"AzureWebJobsStorage", code_of(root).connection}
    return [
        f"{name} must not be set"
        for name in sorted(app_settings(root))
        if name in connections or name.startswith(_REFUSED)
    ]


def value_problems(root: Path) -> list[str]:
    """Platform settings whose exact value is another one than the documentation says."""
    settings = app_settings(root)
    return [
        f"{row.name} is {settings.get(row.name)!r}, not {row.value!r}"
        for row in PLATFORM_SETTINGS
        if row.value is not None and settings.get(row.name) != row.value
    ]


def default_problems(root: Path) -> list[str]:
    """Values in the template, where they are known, that differ from the code's own defaults."""
    defaults, settings = code_of(root).settings, app_settings(root)
    return [
        f"{name} is {value!r}, the code's default is {defaults[name]!r}"
        for name, value in settings.items()
        if name in defaults and name not in _DECIDED and isinstance(value, str) and value != defaults[name]
    ]


#: Settings whose value in Azure is decided by the deployment, whatever the default elsewhere is.
_DECIDED = frozenset({"KUSTO_CLUSTER_URI", "KUSTO_INGEST_URI", "KUSTO_DATABASE", "KUSTO_AUTH", "KUSTO_BLOB_ACCESS"})


def default_coverage_problems(root: Path) -> list[str]:
    """Settings with a default that the check above cannot see, because the template does not say a plain value."""
    code, settings = code_of(root).settings, app_settings(root)
    plain = {name for name, default in code.items() if default} - _DECIDED
    return [
        f"{name} is {settings.get(name)}: not plain"
        for name in sorted(plain)
        if not isinstance(settings.get(name), str)
    ]


def secret_problems(root: Path) -> list[str]:
    """Secrets of webhooks that stand in the settings themselves, and not in the vault."""
    settings = app_settings(root)
    return [
        f"{name} is {text}, not a Key Vault reference"
        for name in sorted(route_secrets(root))
        if not (text := shown(settings.get(name))).startswith("@Microsoft.KeyVault(")
    ]


def secret_name_problems(root: Path) -> list[str]:
    """`webhookSecretNames`: its default is what the shipped routes name."""
    defaults = [
        (scope.file.path.name, scope.file.params["webhookSecretNames"].default)
        for scope in scopes(root)
        if scope.entry and "webhookSecretNames" in scope.file.params
    ]
    assert defaults, "no entry file has webhookSecretNames"
    return [
        f"{where}: webhookSecretNames is {value}, the routes name {sorted(route_secrets(root))}"
        for where, value in defaults
        if not isinstance(value, list) or {str(one) for one in value} != route_secrets(root)
    ]


def identity_problems(root: Path) -> list[str]:
    """All identities in the settings are the app's one; two would need two sets of roles."""
    settings = app_settings(root)
    named = {name: str(value) for name, value in settings.items() if name.endswith(("__clientId", "AZURE_CLIENT_ID"))}
    return [] if len(set(named.values())) == 1 else [f"several identities: {named}"]


def kusto_endpoint_problems(root: Path) -> list[str]:
    """Endpoints come from the cluster itself or are given: a name that was put together is wrong in another cloud."""
    settings = app_settings(root)
    wanted = {
        "KUSTO_CLUSTER_URI": {"cluster.properties.uri", "existingKustoUri"},
        "KUSTO_INGEST_URI": {"cluster.properties.dataIngestionUri", "existingKustoIngestUri"},
    }
    found = {name: {str(one) for one in alternatives(settings.get(name))} for name in wanted}
    return [f"{name} is one of {sorted(found[name])}" for name, sources in wanted.items() if found[name] != sources]
