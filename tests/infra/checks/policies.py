"""What every resource of a type must say: one row for each rule, with the reason."""

from dataclasses import dataclass
from pathlib import Path

from tests.infra.bicep.deployment import of_type
from tests.infra.bicep.scope import alternatives
from tests.infra.bicep.values import Value

_ACCOUNT = "Microsoft.Storage/storageAccounts"
_SITE = "Microsoft.Web/sites"
_CLUSTER = "Microsoft.Kusto/clusters"
_VAULT = "Microsoft.KeyVault/vaults"
_SUBSCRIPTION = "Microsoft.EventGrid/systemTopics/eventSubscriptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """At `path` of every resource of `type` stands one of `wanted`, on both sides of any condition."""

    type: str
    path: str
    wanted: tuple[Value, ...]
    why: str

    @property
    def name(self) -> str:
        """What the test is called."""
        return f"{self.type.partition('/')[2]}:{self.path.removeprefix('properties.')}"


def _rule(kind: str, path: str, *wanted: Value, why: str) -> Rule:
    return Rule(type=kind, path=path, wanted=wanted, why=why)


RULES = (
    _rule(_ACCOUNT, "properties.allowSharedKeyAccess", False, why="nobody needs a key: all access is by identity"),
    _rule(_ACCOUNT, "properties.allowBlobPublicAccess", False, why="no blob is for everybody"),
    _rule(_ACCOUNT, "properties.minimumTlsVersion", "TLS1_2", why="nothing older is safe"),
    _rule(_ACCOUNT, "properties.supportsHttpsTrafficOnly", True, why="nothing goes in the clear"),
    _rule(_ACCOUNT, "properties.defaultToOAuthAuthentication", True, why="the portal must not ask for a key"),
    _rule(_ACCOUNT, "properties.allowCrossTenantReplication", False, why="no copy leaves the tenant"),
    _rule(_ACCOUNT, "properties.networkAcls.bypass", "AzureServices", why="Event Grid writes dead letters"),
    _rule(f"{_ACCOUNT}/blobServices", "properties.deleteRetentionPolicy.enabled", True, why="a mistake can be undone"),
    _rule(
        f"{_ACCOUNT}/blobServices", "properties.containerDeleteRetentionPolicy.enabled", True, why="the same for all"
    ),
    _rule(f"{_ACCOUNT}/blobServices/containers", "properties.publicAccess", "None", why="no blob is for everybody"),
    _rule(_SITE, "properties.httpsOnly", True, why="keys and signatures are in the requests"),
    _rule(_SITE, "properties.siteConfig.ftpsState", "Disabled", why="nobody deploys by FTP"),
    _rule(_SITE, "properties.siteConfig.minTlsVersion", "1.2", "1.3", why="nothing older is safe"),
    _rule(_SITE, "properties.siteConfig.scmMinTlsVersion", "1.2", "1.3", why="nothing older is safe"),
    _rule(_SITE, "properties.functionAppConfig.runtime.name", "python", why="it is a Python app"),
    _rule(
        _SITE,
        "properties.functionAppConfig.deployment.storage.authentication.type",
        "UserAssignedIdentity",
        why="the account takes no key",
    ),
    _rule(_SITE, "identity.type", "UserAssigned", why="roles are assigned before the site is made"),
    _rule(f"{_SITE}/basicPublishingCredentialsPolicies", "properties.allow", False, why="no password deploys"),
    _rule("Microsoft.Web/serverfarms", "sku.name", "FC1", why="Flex Consumption"),
    _rule("Microsoft.Web/serverfarms", "sku.tier", "FlexConsumption", why="Flex Consumption"),
    _rule("Microsoft.Web/serverfarms", "properties.reserved", True, why="Linux"),
    _rule(_CLUSTER, "properties.enableStreamingIngest", True, why="the app streams"),
    _rule(_CLUSTER, "properties.enableDiskEncryption", True, why="caches on disks hold the rows"),
    _rule(_CLUSTER, "identity.type", "SystemAssigned", why="the cluster reads landing blobs by itself"),
    _rule(f"{_CLUSTER}/databases", "kind", "ReadWrite", why="it is ingested into"),
    _rule("Microsoft.Insights/components", "properties.DisableLocalAuth", True, why="telemetry by identity only"),
    _rule(_VAULT, "properties.enableRbacAuthorization", True, why="one way of granting access"),
    _rule(_VAULT, "properties.enableSoftDelete", True, why="a deleted secret can be had back"),
    _rule("Microsoft.EventGrid/systemTopics", "identity.type", "SystemAssigned", why="only it passes the firewall"),
    _rule(
        "Microsoft.EventGrid/systemTopics",
        "properties.topicType",
        "Microsoft.Storage.StorageAccounts",
        why="blob events",
    ),
    _rule(_SUBSCRIPTION, "properties.destination.endpointType", "WebHook", why="the blob trigger is a webhook"),
    _rule(_SUBSCRIPTION, "properties.eventDeliverySchema", "EventGridSchema", why="what the blob extension parses"),
    _rule(_SUBSCRIPTION, "properties.retryPolicy.maxDeliveryAttempts", 30, why="as long as Event Grid can"),
    _rule(_SUBSCRIPTION, "properties.retryPolicy.eventTimeToLiveInMinutes", 1440, why="as long as Event Grid can"),
    _rule(
        _SUBSCRIPTION,
        "properties.deadLetterWithResourceIdentity.identity.type",
        "SystemAssigned",
        why="dead letters are written without a key",
    ),
    _rule(
        _SUBSCRIPTION,
        "properties.deadLetterWithResourceIdentity.deadLetterDestination.endpointType",
        "StorageBlob",
        why="an event that nobody took is kept",
    ),
    _rule(f"{_CLUSTER}/databases/scripts", "properties.continueOnErrors", False, why="a half-made table is told"),
)


def rule_problems(root: Path, rule: Rule) -> list[str]:
    """The resources that do not keep a rule; a type that nothing deploys is a failure."""
    return [
        f"{row.where}: {rule.path} is {shown}, not {' or '.join(map(repr, rule.wanted))}: {rule.why}"
        for row in of_type(root, rule.type)
        for shown in alternatives(row.at(rule.path))
        if not any(type(shown) is type(one) and shown == one for one in rule.wanted)
    ]


def rule(name: str) -> Rule:
    """The rule of that name."""
    (found,) = [row for row in RULES if row.name == name]
    return found
