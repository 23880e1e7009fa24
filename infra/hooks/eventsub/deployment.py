"""The deployment of the compiled template into the resource group, as often as a cold host needs it."""

from collections.abc import Callable, Mapping

from .arm import Arm, Body, RefusedError
from .faults import Fault, innermost
from .patience import Patience
from .target import Target

#: Microsoft.Resources/deployments.
API_VERSION = "2025-04-01"
#: Always the same, so that the group's history shows one entry and two runs at once meet in one place.
NAME = "event-subscription"
#: How often a deployment that failed for a passing reason is sent in all.
ATTEMPTS = 6

_PASSING_CODES = frozenset(
    {
        "conflict",
        "gatewaytimeout",
        "internalerror",
        "internalservererror",
        "retryableerror",
        "servererror",
        "serverbusy",
        "servertimeout",
        "serviceunavailable",
        "toomanyrequests",
    }
)
#: Event Grid asks the app to prove that it wants events ("Url validation": aka.ms/esvalidation). A host that is
#: starting answers too late. The last one is listKeys in the template, asked of the same cold host.
_HANDSHAKE = ("validation handshake", "attempt to validate the provided endpoint", "esvalidation", "host runtime")

#: The topic's identity may not write dead letters yet: a new role takes minutes to be known everywhere
#: ("Managed Identity Authorization Error": aka.ms/egmsivalidation).
_ROLE = ("managed identity authorization error", "egmsivalidation")


class DeploymentError(Exception):
    """The deployment ended without success."""

    def __init__(self, *, faults: tuple[Fault, ...], attempts: int) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults
        self.attempts = attempts


def deploy(arm: Arm, target: Target, template: Body, *, patience: Patience, say: Callable[[str], None]) -> None:
    """Send the template and wait for its end; a refused handshake is sent again, `ATTEMPTS` times in all.

    Incremental and always under the same names: with nothing to change, it changes nothing.

    Raises:
        DeploymentError: it ended in `Failed` or `Canceled` for a lasting reason, or too often.
        RefusedError, SignInError, OutOfTimeError: as `Arm.send`.
    """
    for attempt in range(1, ATTEMPTS + 1):
        _send(arm, target, template, patience=patience)
        faults = _end(arm, target, patience=patience)
        if not faults:
            return
        if attempt == ATTEMPTS or not all(is_passing(fault) for fault in faults):
            raise DeploymentError(faults=faults, attempts=attempt)
        say(f"attempt {attempt} of {ATTEMPTS} failed: {faults[0]}")
        patience.pause("Azure is not ready for the subscription yet", tries=attempt)


def is_passing(fault: Fault) -> bool:
    """Whether the same template may succeed a little later."""
    message = fault.message.lower()
    known = fault.code.lower() in _PASSING_CODES or is_handshake(fault) or is_role(fault)
    return known or "another operation is in progress" in message


def is_handshake(fault: Fault) -> bool:
    """Whether Event Grid did not get its answer from the app."""
    return any(sign in fault.message.lower() for sign in _HANDSHAKE)


def is_role(fault: Fault) -> bool:
    """Whether the topic's own identity lacks its role on the container of undelivered events."""
    return any(sign in f"{fault.code} {fault.message}".lower() for sign in _ROLE)


def _path(target: Target) -> str:
    return f"{target.group_id}/providers/Microsoft.Resources/deployments/{NAME}"


def _send(arm: Arm, target: Target, template: Body, *, patience: Patience) -> None:
    """Start the deployment; one that an interrupted run left running is waited for."""
    parameters = {
        "functionAppName": {"value": target.function_app},
        "storageAccountName": {"value": target.storage_account},
        "topicName": {"value": target.topic},
    }
    body = {"properties": {"mode": "Incremental", "template": template, "parameters": parameters}}
    tries = 0
    while True:
        try:
            arm.send("PUT", _path(target), version=API_VERSION, body=body)
        except RefusedError as refused:  # noqa: PERF203 - a loop of requests
            if "DeploymentActive" not in {fault.code for fault in refused.faults}:
                raise
            patience.pause("an earlier run's deployment is still going on", tries=tries)
            tries += 1
        else:
            return


def _end(arm: Arm, target: Target, *, patience: Patience) -> tuple[Fault, ...]:
    """Wait for the deployment's end: no faults is success."""
    tries = 0
    while True:
        found = arm.send("GET", _path(target), version=API_VERSION).get("properties")
        properties = found if isinstance(found, Mapping) else {}
        state = str(properties.get("provisioningState") or "unknown")
        if state == "Succeeded":
            return ()
        if state in {"Failed", "Canceled"}:
            otherwise = Fault(code=state, message="the deployment gives no reason")
            return innermost(properties.get("error"), otherwise=otherwise)
        patience.pause(f"the deployment {NAME} is {state.lower()}", tries=tries)
        tries += 1
