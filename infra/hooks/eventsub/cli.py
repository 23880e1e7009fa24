"""The command line, and the one place where the pieces meet."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from azure.core.credentials import TokenCredential
from azure.identity import AzureCliCredential, AzureDeveloperCliCredential, ChainedTokenCredential

from . import compiler, deployment, host
from .advice import PROBLEMS, explain
from .arm import Arm
from .console import Console
from .patience import Clock, Patience, SystemClock, spoken
from .target import Target, read

TEMPLATE = Path(__file__).resolve().parents[2] / "eventsub.bicep"
TIMEOUT_VARIABLE = "AZURE_POSTDEPLOY_TIMEOUT"

_SECONDS = 900
_SIGN_IN_SECONDS = 60
_INTERRUPTED = 130

_ABOUT = """Subscribe the deployed function app to the storage account's blob events.

Waits until the Functions host has its key and lists the blob function, then deploys infra/eventsub.bicep into the
resource group. Safe to repeat: with nothing to change, it changes nothing. azd runs it after `azd deploy`; to run it
by hand: azd hooks run postdeploy

It signs in as azd is signed in (azd auth login), else as the Azure CLI is (az login)."""
_VARIABLES = f"""variables (from the azd environment):
  AZURE_SUBSCRIPTION_ID, AZURE_RESOURCE_GROUP, AZURE_FUNCTION_NAME, EVENT_GRID_TOPIC_NAME,
  AZURE_STORAGE_ACCOUNT_NAME       what to connect (outputs of infra/main.bicep)
  AZURE_TENANT_ID                  the tenant to sign in to, where it is not the default one
  AZURE_RESOURCE_MANAGER_URI       another cloud's resource manager, e.g. https://management.usgovcloudapi.net
  AZD_BICEP_TOOL_PATH, BICEP_CLI   the Bicep compiler, where it is not on PATH, azd's own or the Azure CLI's
  {TIMEOUT_VARIABLE}         as --timeout

exit codes: 0 done, 1 failed (says what to do next), 2 wrong arguments, {_INTERRUPTED} interrupted"""


def main(
    argv: Sequence[str] | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    clock: Clock | None = None,
    credential: TokenCredential | None = None,
) -> int:
    """Run, and return the exit code. `clock` and `credential` stand in for the real ones in tests."""
    seconds = _arguments(argv, environ)
    console = Console()
    target: Target | None = None
    try:
        target = read(environ)
        _subscribe(
            target,
            environ,
            console,
            Patience(seconds=seconds, clock=clock or SystemClock(), say=console.say),
            credential,
        )
    except KeyboardInterrupt:
        console.complain("postdeploy: interrupted. What Azure has begun goes on; running this again is safe.")
        return _INTERRUPTED
    except PROBLEMS as problem:
        console.complain(f"postdeploy: failed. {problem}\n\n{explain(problem, target)}")
        return 1
    return 0


def _subscribe(
    target: Target,
    environ: Mapping[str, str],
    console: Console,
    patience: Patience,
    credential: TokenCredential | None,
) -> None:
    # First what can fail at once, then what takes minutes.
    template = compiler.compile_template(TEMPLATE, environ=environ)
    console.say(f"waiting for {target.function_app}, at most {spoken(patience.seconds)}")
    with Arm(target, credential=credential or _signed_in(target), patience=patience) as arm:
        host.wait_until_ready(arm, target, patience=patience, hide=console.hide)
        console.say(f"the host is ready; deploying {TEMPLATE.name} to {target.resource_group}")
        deployment.deploy(arm, target, template, patience=patience, say=console.say)
    console.say(f"done: new blobs of {target.storage_account} reach {target.function_app} through {target.topic}")


def _signed_in(target: Target) -> TokenCredential:
    """The login of azd, which a hook always has; the Azure CLI's for who runs the file alone."""
    return ChainedTokenCredential(
        AzureDeveloperCliCredential(tenant_id=target.tenant, process_timeout=_SIGN_IN_SECONDS),
        AzureCliCredential(tenant_id=target.tenant, process_timeout=_SIGN_IN_SECONDS),
    )


def _arguments(argv: Sequence[str] | None, environ: Mapping[str, str]) -> float:
    parser = argparse.ArgumentParser(
        prog="postdeploy.py",
        description=_ABOUT,
        epilog=_VARIABLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--timeout",
        type=_positive,
        # argparse parses a default that is text like an argument.
        default=environ.get(TIMEOUT_VARIABLE) or str(_SECONDS),
        metavar="SECONDS",
        help=f"for all waiting together; default {_SECONDS}",
    )
    seconds: float = parser.parse_args(argv).timeout
    return seconds


def _positive(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 24 * 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds between 0 and 86400")
    return seconds
