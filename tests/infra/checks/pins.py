"""One API version for each resource type, and tags on everything that takes them."""

from pathlib import Path

from tests.infra.bicep.deployment import deployed
from tests.infra.checks.syntax import bicep_files

_STORAGE = "2025-01-01"
_WEB = "2024-11-01"
_KUSTO = "2024-04-13"
_EVENTS = "2025-02-15"
_NETWORK = "2025-01-01"
_DNS = "2024-06-01"
_VAULT = "2024-11-01"

#: The versions that are in use. A new one is a decision: change it here, and everywhere at once.
PINS = {
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.EventGrid/systemTopics": _EVENTS,
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": _EVENTS,
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
    "Microsoft.Insights/metricAlerts": "2018-03-01",
    "Microsoft.Insights/scheduledQueryRules": "2023-12-01",
    "Microsoft.Insights/workbooks": "2023-06-01",
    "Microsoft.KeyVault/vaults": _VAULT,
    "Microsoft.KeyVault/vaults/secrets": _VAULT,
    "Microsoft.Kusto/clusters": _KUSTO,
    "Microsoft.Kusto/clusters/databases": _KUSTO,
    "Microsoft.Kusto/clusters/databases/principalAssignments": _KUSTO,
    "Microsoft.Kusto/clusters/databases/scripts": _KUSTO,
    "Microsoft.Kusto/clusters/principalAssignments": _KUSTO,
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2024-11-30",
    "Microsoft.Network/privateDnsZones": _DNS,
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": _DNS,
    "Microsoft.Network/privateEndpoints": _NETWORK,
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": _NETWORK,
    "Microsoft.Network/virtualNetworks": _NETWORK,
    "Microsoft.Network/virtualNetworks/subnets": _NETWORK,
    "Microsoft.OperationalInsights/workspaces": "2025-02-01",
    "Microsoft.Resources/resourceGroups": "2025-04-01",
    "Microsoft.Storage/storageAccounts": _STORAGE,
    "Microsoft.Storage/storageAccounts/blobServices": _STORAGE,
    "Microsoft.Storage/storageAccounts/blobServices/containers": _STORAGE,
    "Microsoft.Storage/storageAccounts/managementPolicies": _STORAGE,
    "Microsoft.Storage/storageAccounts/queueServices": _STORAGE,
    "Microsoft.Storage/storageAccounts/queueServices/queues": _STORAGE,
    "Microsoft.Web/serverfarms": _WEB,
    "Microsoft.Web/sites": _WEB,
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": _WEB,
    "Microsoft.Web/sites/config": _WEB,
}

#: Types that take no tags, beside those that live inside another resource.
_UNTAGGED = frozenset(
    {
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Insights/diagnosticSettings",
    }
)


def pin_problems(root: Path) -> list[str]:
    """Resources whose type or version is not in the table."""
    return [
        f"{file.path.name}:{row.line} {row.type}@{row.version}: the table says {PINS.get(row.type, 'nothing')}"
        for file in bicep_files(root)
        for row in file.resources
        if PINS.get(row.type) != row.version
    ]


def idle_pin_problems(root: Path) -> list[str]:
    """Rows of the table that nothing uses."""
    used = {row.type for file in bicep_files(root) for row in file.resources}
    return [f"{kind} is not used" for kind in sorted(PINS.keys() - used)]


def tag_problems(root: Path) -> list[str]:
    """Resources without tags: costs and `azd down` go by them."""
    return [
        f"{row.where} ({row.type}) has no tags"
        for row in deployed(root)
        if row.type.count("/") == 1 and row.type not in _UNTAGGED and row.at("tags") is None
    ]


def environment_tag_problems(root: Path) -> list[str]:
    """Resources whose tags lack `azd-env-name`, by which azd knows them."""
    return [
        f"{row.where}: tags are {tags}"
        for row in deployed(root)
        if isinstance(tags := row.at("tags"), dict) and "azd-env-name" not in tags
    ]
