"""Which app, topic and account the run is about: read from the azd environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

#: The blob trigger in function_app.py; the subscription's URL names it.
BLOB_FUNCTION = "blob_created"
#: The public cloud's resource manager; another cloud's stands in AZURE_RESOURCE_MANAGER_URI.
PUBLIC_CLOUD = "https://management.azure.com"

_NAME = re.compile(r"[\w.()-]{1,90}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_VARIABLES = (
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_RESOURCE_GROUP",
    "AZURE_FUNCTION_NAME",
    "EVENT_GRID_TOPIC_NAME",
    "AZURE_STORAGE_ACCOUNT_NAME",
)


class EnvironmentVariablesError(Exception):
    """The azd environment lacks something, or holds something impossible. Says everything at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Names of what `azd provision` made, and the resource manager to ask."""

    subscription: str
    resource_group: str
    function_app: str
    topic: str
    storage_account: str
    tenant: str = ""
    manager: str = PUBLIC_CLOUD

    @property
    def group_id(self) -> str:
        """The resource group's ARM id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"

    @property
    def site_id(self) -> str:
        """The function app's ARM id."""
        return f"{self.group_id}/providers/Microsoft.Web/sites/{self.function_app}"

    @property
    def on_loopback(self) -> bool:
        """Whether the resource manager is a stand-in on this machine."""
        return is_loopback(self.manager)

    @property
    def scope(self) -> str:
        """What the token is asked for."""
        return f"{PUBLIC_CLOUD if self.on_loopback else self.manager}/.default"


def read(environ: Mapping[str, str]) -> Target:
    """Parse the variables that azd hands to its hooks.

    Raises:
        EnvironmentVariablesError: one or more are missing or malformed.
    """
    found = {name: environ.get(name, "").strip() for name in _VARIABLES}
    manager = environ.get("AZURE_RESOURCE_MANAGER_URI", "").strip().rstrip("/") or PUBLIC_CLOUD
    problems = [f"{name} is not set" for name, value in found.items() if not value]
    problems += [
        f"{name} is not a resource name" for name, value in found.items() if value and not _NAME.fullmatch(value)
    ]
    if found["AZURE_SUBSCRIPTION_ID"] and not _GUID.fullmatch(found["AZURE_SUBSCRIPTION_ID"]):
        problems.append("AZURE_SUBSCRIPTION_ID is not a subscription id")
    if not manager.startswith("https://") and not is_loopback(manager):
        problems.append("AZURE_RESOURCE_MANAGER_URI must begin with https://")
    if problems:
        raise EnvironmentVariablesError("; ".join(problems))
    subscription, resource_group, function_app, topic, storage_account = found.values()
    return Target(
        subscription=subscription,
        resource_group=resource_group,
        function_app=function_app,
        topic=topic,
        storage_account=storage_account,
        tenant=environ.get("AZURE_TENANT_ID", "").strip(),
        manager=manager,
    )


def is_loopback(uri: str) -> bool:
    """Whether the URI points to this machine by http; only there is a token sent without TLS."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
