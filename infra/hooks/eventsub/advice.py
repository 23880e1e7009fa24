"""What to do next, for everything that can go wrong: sentences and command lines for a person."""

from typing import TypeAlias

from .arm import RefusedError, SignInError
from .compiler import CompilerError
from .deployment import NAME, DeploymentError, is_handshake, is_role
from .faults import Fault
from .patience import OutOfTimeError
from .target import BLOB_FUNCTION, EnvironmentVariablesError, Target

#: What ends a run with exit code 1 and an explanation; anything else is a bug and shows its traceback.
Problem: TypeAlias = (
    EnvironmentVariablesError | CompilerError | SignInError | RefusedError | DeploymentError | OutOfTimeError
)
PROBLEMS = (EnvironmentVariablesError, CompilerError, SignInError, RefusedError, DeploymentError, OutOfTimeError)
AGAIN = "Then run this step again (it is safe to repeat):\n  azd hooks run postdeploy"

_FORBIDDEN = frozenset({"authorizationfailed", "linkedauthorizationfailed", "forbidden"})
_SIGN_IN = frozenset({"expiredauthenticationtoken", "invalidauthenticationtoken", "invalidauthenticationtokentenant"})
_ABSENT = frozenset(
    {"resourcenotfound", "resourcegroupnotfound", "subscriptionnotfound", "parentresourcenotfound", "notfound"}
)


def explain(problem: Problem, target: Target | None) -> str:
    """The next steps, as text."""
    match problem:
        case EnvironmentVariablesError():
            return _unset()
        case CompilerError():
            return _no_compiler()
        case SignInError():
            return _sign_in(target)
        case OutOfTimeError():
            return _too_slow(target)
        case RefusedError() | DeploymentError():
            return _refused(problem.faults, target)


def _refused(faults: tuple[Fault, ...], target: Target | None) -> str:
    codes = {fault.code.lower() for fault in faults}
    if codes & _FORBIDDEN or "HTTP 403" in {fault.code for fault in faults}:
        return _forbidden(target)
    if codes & _SIGN_IN or "http 401" in codes:
        return _sign_in(target)
    if codes & _ABSENT:
        return f"{_shown(target)}Make what does not exist, then deploy:\n  azd provision\n  azd deploy"
    if any(is_handshake(fault) for fault in faults):
        return _no_handshake(target)
    if any(is_role(fault) for fault in faults):
        return _no_topic_role(target)
    return f"See what Azure did:\n{_operations(target)}\n{AGAIN}"


def _unset() -> str:
    return (
        "These variables come from the azd environment. Let azd run this step:\n"
        "  azd hooks run postdeploy\n"
        "If they are missing there, fetch them from the last deployment, or make the resources first:\n"
        "  azd env refresh\n"
        "  azd provision"
    )


def _no_compiler() -> str:
    return (
        "If there is none: azd downloads one when it provisions, and the Azure CLI on request. Either of:\n"
        "  azd provision\n"
        "  az bicep install\n"
        "or name one: BICEP_CLI=<path of bicep>.\n"
        f"{AGAIN}"
    )


def _sign_in(target: Target | None) -> str:
    tenant = f" --tenant-id {target.tenant}" if target and target.tenant else ""
    return (
        f"Sign in, as a person:\n  azd auth login{tenant}\n"
        "or as a service principal with a federated credential:\n"
        "  azd auth login --client-id <id> --tenant-id <id> --federated-credential-provider github\n"
        f"{AGAIN}"
    )


def _forbidden(target: Target | None) -> str:
    scope = target.group_id if target else "<id of the resource group>"
    return (
        "The signed-in identity may not do this. It needs Contributor on the resource group (to list the host's keys,\n"
        "to deploy and to write Event Grid subscriptions). Somebody who may assign roles runs:\n"
        f"  az role assignment create --assignee <object id> --role Contributor --scope {scope}\n"
        "A new assignment takes effect within about ten minutes.\n"
        f"{AGAIN}"
    )


def _no_handshake(target: Target | None) -> str:
    return (
        "Event Grid got no answer from the app's webhook. See whether the app runs and may be reached:\n"
        f"{_health(target)}\n"
        "Access restrictions must allow the service tag AzureEventGrid; a private-only app cannot be reached.\n"
        f"If it runs, restart it:\n  az functionapp restart {_app(target)}\n"
        f"{AGAIN}"
    )


def _no_topic_role(target: Target | None) -> str:
    topic = target.topic if target else "<topic>"
    return (
        f"The identity of {topic} needs Storage Blob Data Contributor on the container eventgrid-deadletters.\n"
        "The role comes with the resources and takes up to ten minutes to be known everywhere:\n  azd provision\n"
        f"{AGAIN}"
    )


def _too_slow(target: Target | None) -> str:
    return (
        "The host did not come up in time, or did not load the app. See its state and its functions:\n"
        f"{_health(target)}\n"
        f"  az functionapp function list {_app(target)} --query [].name --output tsv\n"
        f"The list must contain {BLOB_FUNCTION}. If it is empty, the app did not start: see its traces in\n"
        "Application Insights (azd monitor --logs), correct it, and deploy again:\n  azd deploy\n"
        "If a setting was not read from Key Vault: the app's identity needs Key Vault Secrets User there, and the\n"
        "secret must exist under the setting's name with - for _.\n"
        "If it only needs longer:\n  AZURE_POSTDEPLOY_TIMEOUT=1800 azd hooks run postdeploy"
    )


def _operations(target: Target | None) -> str:
    group = target.resource_group if target else "<resource group>"
    return f"  az deployment operation group list --resource-group {group} --name {NAME} --output table"


def _shown(target: Target | None) -> str:
    if target is None:
        return ""
    return (
        f"Looked for: function app {target.function_app}, topic {target.topic}, storage account"
        f" {target.storage_account}, in resource group {target.resource_group}.\n"
    )


def _health(target: Target | None) -> str:
    show = f'  az functionapp show {_app(target)} --query "[state, defaultHostName]" --output tsv'
    return f"{show}\n  curl https://<host name>/api/health/ready"


def _app(target: Target | None) -> str:
    name, group = (target.function_app, target.resource_group) if target else ("<app>", "<resource group>")
    return f"--name {name} --resource-group {group}"
