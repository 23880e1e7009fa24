"""The app settings that Azure needs beside the application's own: the template sets them, nobody has to."""

from dataclasses import dataclass

from local.docs.table import code, table
from shared.storage.names import LANDING_CONNECTION


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSetting:
    """One setting: its exact value, or (None) what stands in it; and why it is there."""

    name: str
    value: str | None = None
    meaning: str = ""
    why: str


_IDENTITY = "client id of the app's identity"
_BY_IDENTITY = "managedidentity"

PLATFORM_SETTINGS = (
    PlatformSetting(
        name="AzureWebJobsStorage__accountName",
        meaning="name of the storage account",
        why="The host keeps its keys, leases and waiting blob events there. `AzureWebJobsStorage` itself must not be "
        "set, not even empty: the host would take it for a connection string.",
    ),
    PlatformSetting(
        name="AzureWebJobsStorage__credential",
        value=_BY_IDENTITY,
        why="The account takes no keys; the host proves who it is.",
    ),
    PlatformSetting(
        name="AzureWebJobsStorage__clientId", meaning=_IDENTITY, why="Which identity, since it is user-assigned."
    ),
    PlatformSetting(
        name=f"{LANDING_CONNECTION}__blobServiceUri",
        meaning="blob endpoint of the storage account",
        why="The blob trigger and the app read and write blobs. `LANDING__serviceUri` is read by the app too.",
    ),
    PlatformSetting(
        name=f"{LANDING_CONNECTION}__queueServiceUri",
        meaning="queue endpoint of the storage account",
        why="The queue triggers, and the host's poison queue: without it the host cannot give up on a blob. "
        "The app takes it from the blob address where it is missing.",
    ),
    PlatformSetting(name=f"{LANDING_CONNECTION}__credential", value=_BY_IDENTITY, why="As for the host's own storage."),
    PlatformSetting(
        name=f"{LANDING_CONNECTION}__clientId",
        meaning=_IDENTITY,
        why="For host and app. Without it the app takes `AZURE_CLIENT_ID`.",
    ),
    PlatformSetting(
        name="APPLICATIONINSIGHTS_CONNECTION_STRING",
        meaning="address of the Application Insights resource",
        why="Host and app send telemetry there. An address, not a key: the resource takes no local authentication.",
    ),
    PlatformSetting(
        name="APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        meaning="`ClientId=<client id of the app's identity>;Authorization=AAD`",
        why="Telemetry is taken from identities only.",
    ),
    PlatformSetting(
        name="PYTHON_ENABLE_OPENTELEMETRY",
        value="true",
        why="The worker hands the trace of each invocation on; the app exports its spans and metrics by itself.",
    ),
)


def platform_settings() -> str:
    """The table in docs/settings.md."""
    rows = ((code(row.name), code(row.value) if row.value else row.meaning, row.why) for row in PLATFORM_SETTINGS)
    return table(("Setting", "Value", "Why"), rows)
