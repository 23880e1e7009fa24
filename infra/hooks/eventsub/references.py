"""Key Vault references of the app's settings.

The app refuses to start with a webhook secret that the platform could not read, and then has no blob function. On a
first deployment that happens: the app's role on the vault takes minutes to be known everywhere, and App Service asks
again after a day only, or when it is told to (Microsoft docs: "Use Key Vault references as app settings", rotation).
"""

from collections.abc import Mapping

from .arm import Arm, RefusedError
from .target import Target

#: Microsoft.Web, the version infra/modules pins.
API_VERSION = "2024-11-01"
_RESOLVED = "resolved"


def unresolved(arm: Arm, target: Target) -> tuple[str, ...]:
    """The settings whose reference was not read, each with the platform's reason; none where that cannot be asked.

    Raises:
        SignInError, OutOfTimeError: as `Arm.send`.
    """
    try:
        listed = arm.send("GET", _path(target), version=API_VERSION).get("value")
    except RefusedError:
        return ()
    entries = [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
    states = {str(entry.get("name", "")).rpartition("/")[2]: _state(entry) for entry in entries}
    return tuple(f"{name} ({state})" for name, state in sorted(states.items()) if state.lower() != _RESOLVED)


def refresh(arm: Arm, target: Target) -> None:
    """Have the platform read them again; what it cannot is seen in the next list.

    Raises:
        SignInError, OutOfTimeError: as `Arm.send`.
    """
    try:
        arm.send("POST", f"{_path(target)}/refresh", version=API_VERSION)
    except RefusedError:
        return


def _path(target: Target) -> str:
    return f"{target.site_id}/config/configreferences/appsettings"


def _state(entry: Mapping[str, object]) -> str:
    properties = entry.get("properties")
    return str(properties.get("status", "unknown")) if isinstance(properties, Mapping) else "unknown"
