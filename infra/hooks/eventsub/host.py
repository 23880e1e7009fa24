"""The Functions host after a deployment: cold at first, then it has its keys and its functions."""

from collections.abc import Callable, Mapping

from . import references
from .arm import Arm, Body, RefusedError
from .patience import Patience
from .target import BLOB_FUNCTION, Target

#: Microsoft.Web, the version infra/modules pins.
API_VERSION = "2024-11-01"
#: The system key that the blob extension makes for itself; Event Grid's URL must carry it.
SYSTEM_KEY = "blobs_extension"

#: Every how many tries the platform is told to read Key Vault references again.
_REFRESH_EVERY = 4
#: Refusals that waiting does not heal; any other 404 is a host that is not up yet.
_LASTING = frozenset({"ResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound", "InvalidSubscriptionId"})


def wait_until_ready(arm: Arm, target: Target, *, patience: Patience, hide: Callable[[str], None]) -> None:
    """Return when the host has the key of the blob extension and lists the blob function.

    `hide` is given the key, to keep it out of everything that is printed; nothing else sees it.

    Raises:
        RefusedError, SignInError, OutOfTimeError: as `Arm.send`.
    """
    tries = 0
    while (missing := _missing(arm, target, hide=hide)) is not None:
        patience.pause(_why(arm, target, missing, tries=tries), tries=tries)
        tries += 1


def _why(arm: Arm, target: Target, missing: str, *, tries: int) -> str:
    """What is missing, or what keeps it from coming: an app without its webhook secrets has no blob function."""
    unread = references.unresolved(arm, target)
    if not unread:
        return missing
    if tries % _REFRESH_EVERY == 0:
        references.refresh(arm, target)
    return f"the platform has not read from Key Vault: {', '.join(unread)}"


def _missing(arm: Arm, target: Target, *, hide: Callable[[str], None]) -> str | None:
    keys = _ask(arm, "POST", f"{target.site_id}/host/default/listkeys")
    if keys is None:
        return f"the host of {target.function_app} is starting"
    for secret in _secrets(keys):
        hide(secret)
    system_keys = keys.get("systemKeys")
    if not isinstance(system_keys, Mapping) or not system_keys.get(SYSTEM_KEY):
        return f"the host has no {SYSTEM_KEY} key yet"
    functions = _ask(arm, "GET", f"{target.site_id}/functions")
    if BLOB_FUNCTION not in _names(functions or {}):
        return f"the host does not list the function {BLOB_FUNCTION} yet"
    return None


def _ask(arm: Arm, method: str, path: str) -> Body | None:
    """The answer, or None while the host behind Resource Manager is not up.

    A cold host shows as 400 "Encountered an error (ServiceUnavailable) from host runtime." (Azure/azure-cli, issue
    11176) or as a 404 of its own.
    """
    try:
        return arm.send(method, path, version=API_VERSION)
    except RefusedError as refused:
        if is_cold(refused) or (refused.status == 404 and not _LASTING & {fault.code for fault in refused.faults}):  # noqa: PLR2004 - HTTP
            return None
        raise


def is_cold(refused: RefusedError) -> bool:
    """Whether the refusal is the host's own start-up showing through Resource Manager."""
    return any("host runtime" in fault.message.lower() for fault in refused.faults)


def _secrets(keys: Body) -> list[str]:
    found = [str(keys.get("masterKey") or "")]
    for kind in ("functionKeys", "systemKeys"):
        group = keys.get(kind)
        found += [str(value) for value in group.values()] if isinstance(group, Mapping) else []
    return found


def _names(functions: Body) -> set[str]:
    """Names as in the code; Resource Manager puts the app's name in front: `app/function`."""
    listed = functions.get("value")
    entries = listed if isinstance(listed, list) else []
    return {str(entry.get("name", "")).rpartition("/")[2] for entry in entries if isinstance(entry, Mapping)}
