"""Checks of who may do what: role assignments in Azure and principal assignments in Kusto."""

import re
from collections.abc import Set as AbstractSet
from pathlib import Path

from tests.infra.bicep.deployment import Deployed, of_type, strings
from tests.infra.bicep.scope import alternatives
from tests.infra.bicep.values import Call, Expression
from tests.infra.checks.syntax import bicep_files

#: Built-in roles that may be given (Microsoft docs, "Azure built-in roles").
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
}
#: Who may do what, and where: all that is given, and nothing beside it.
GRANTS = frozenset(
    {
        ("app", "Storage Blob Data Owner", "storageAccounts"),
        ("app", "Storage Queue Data Contributor", "storageAccounts"),
        ("app", "Storage Table Data Contributor", "storageAccounts"),
        ("app", "Monitoring Metrics Publisher", "components"),
        ("app", "Key Vault Secrets User", "vaults"),
        ("cluster", "Storage Blob Data Reader", "containers/landing"),
        ("topic", "Storage Blob Data Contributor", "containers/eventgrid-deadletters"),
        ("deployer", "Storage Blob Data Contributor", "containers/landing"),
        ("deployer", "Key Vault Secrets Officer", "vaults"),
    }
)
#: Roles in the database: the app ingests and asks for policies and failures; it reads no row.
DATABASE_GRANTS = frozenset({("app", "Ingestor"), ("app", "Monitor"), ("deployer", "Admin")})
#: How an evaluated template names its principals.
_WHO = {
    "identity.properties.principalId": "app",
    "topic.identity.principalId": "topic",
    "principalId": "deployer",
    "cluster.?identity.?principalId ?? ''": "cluster",
}
_CLUSTER = "Microsoft.Kusto/clusters"
_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
_GUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_KINDS = frozenset({"ServicePrincipal", "User", "Group"})


def assignment_name_problems(root: Path) -> list[str]:
    """A name that is not `guid()` of scope, principal and role: not the same twice, or the same for two."""
    return [
        f"{row.where}: its name is {row.at('name')}, not guid(scope, principal, role)"
        for row in of_type(root, _ASSIGNMENT)
        if not _is_guid(row)
    ]


def _is_guid(row: Deployed) -> bool:
    name = row.at("name")
    return isinstance(name, Call) and name.name == "guid" and len(name.arguments) > 2


def principal_type_problems(root: Path) -> list[str]:
    """Without `principalType` an assignment to an identity that is seconds old fails."""
    rows = [(row, row.at("properties.principalType")) for row in of_type(root, _ASSIGNMENT)]
    return [
        f"{row.where}: principalType is {kind}"
        for row, kind in rows
        if kind not in _KINDS and not isinstance(kind, Expression)
    ]


def role_problems(root: Path) -> list[str]:
    """GUIDs that are no known role, and assignments whose role is none of them."""
    unknown = [
        f"{file.path.name}: {guid} is no role that the tests know"
        for file in bicep_files(root)
        for guid in _GUID.findall(file.text)
        if guid not in ROLES
    ]
    return unknown + [f"{row.where}: no known role in it" for row in of_type(root, _ASSIGNMENT) if not role_of(row)]


def granted_problems(root: Path) -> list[str]:
    """Roles that are given and not needed, and the other way round: too much, or too wide, is a way in."""
    rows = of_type(root, _ASSIGNMENT)
    given = {(who, role_of(row), target_of(row)) for row in rows for who in _principals(row)}
    return _differences(given, GRANTS)


def _differences(given: AbstractSet[tuple[str, ...]], wanted: AbstractSet[tuple[str, ...]]) -> list[str]:
    return [f"{' / '.join(one)} is given, and not in the table" for one in sorted(given - wanted)] + [
        f"{' / '.join(one)} is in the table, and not given" for one in sorted(wanted - given)
    ]


def _principals(row: Deployed) -> set[str]:
    """Who an assignment is for, on each side of a condition; nobody where there is no principal."""
    values = alternatives(row.at("properties.principalId"))
    return {_WHO.get(str(value), str(value)) for value in values if value != ""}


def target_of(row: Deployed) -> str:
    """What an assignment holds for: the resource's kind, and the name where it is a container."""
    symbol = str(row.at("scope")).rpartition("::")[2]
    targets = [one for one in row.scope.file.resources if one.name == symbol]
    if not targets:
        return "resourceGroups"
    kind = targets[0].type.rpartition("/")[2]
    return f"{kind}/{row.scope.value(targets[0].body['name'])}" if kind == "containers" else kind


def role_of(row: Deployed) -> str:
    """The name of the role that an assignment gives, empty where it is not known."""
    texts = [text for text in strings(row.at("properties.roleDefinitionId")) if text in ROLES]
    return ROLES[texts[0]] if len(texts) == 1 else ""


def database_principal_problems(root: Path) -> list[str]:
    """Kusto's own roles: each named by `guid()`, with kind and tenant; nobody gets more than the table says."""
    database = of_type(root, f"{_CLUSTER}/databases/principalAssignments")
    rows = [*database, *of_type(root, f"{_CLUSTER}/principalAssignments")]
    names = [f"{row.where}: its name is {row.at('name')}, not guid()" for row in rows if not _named(row)]
    tenants = [f"{row.where}: no tenantId" for row in rows if row.at("properties.tenantId") is None]
    # Kusto's word for every service principal, managed identities too.
    kinds = [
        f"{row.where}: the app is a principal of kind App, not {row.at('properties.principalType')}"
        for row in database
        if _principals(row) == {"app"} and row.at("properties.principalType") != "App"
    ]
    given = {(who, str(row.at("properties.role"))) for row in database for who in _principals(row)}
    return [*names, *tenants, *kinds, *_differences(given, DATABASE_GRANTS)]


def _named(row: Deployed) -> bool:
    name = row.at("name")
    return isinstance(name, Call) and name.name == "guid"
