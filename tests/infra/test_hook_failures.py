"""The postdeploy hook when it cannot go on: it ends, shows the innermost error, and says what to do next."""

from pathlib import Path

import pytest

from infra.hooks.eventsub import deployment
from tests.infra.hook.arm import (
    BLOBS_KEY,
    ENDPOINT,
    HANDSHAKE,
    TOKEN,
    Answer,
    Asked,
    error,
    failed,
    progress,
)
from tests.infra.hook.run import Hook, SignedOut, compiler


@pytest.mark.parametrize(
    ("answer", "command"),
    [
        (error(401, "ExpiredAuthenticationToken"), "azd auth login"),
        (error(401, "InvalidAuthenticationTokenTenant"), "azd auth login"),
        (Answer(status=401, body="no json"), "azd auth login"),
        (
            error(403, "AuthorizationFailed", "The client 'x' does not have authorization to perform action 'y'."),
            "az role assignment create --assignee <object id> --role Contributor --scope /subscriptions/",
        ),
        (Answer(status=403, body=""), "az role assignment create"),
        (error(404, "ResourceNotFound"), "azd provision"),
        (error(404, "ResourceGroupNotFound"), "azd provision"),
        (error(409, "SomethingElse"), "az deployment operation group list --resource-group rg-events"),
    ],
)
def test_a_lasting_refusal_ends_the_run_and_says_what_to_do(hook: Hook, answer: Answer, command: str) -> None:
    hook.arm.script(Asked.KEYS, answer)

    ended = hook.run()

    assert ended.code == 1
    assert hook.arm.counts()[Asked.KEYS] == 1
    assert hook.clock.slept == []
    assert command in ended.err
    assert isinstance(answer.body, str) or answer.body["error"]["code"] in ended.err


def test_a_handshake_that_never_comes_ends_the_run(hook: Hook) -> None:
    hook.arm.script(Asked.PROGRESS, HANDSHAKE)

    ended = hook.run()

    assert ended.code == 1
    assert hook.arm.counts()[Asked.DEPLOY] == deployment.ATTEMPTS
    assert (
        "Webhook validation handshake failed for https://func-events.azurewebsites.net/runtime/webhooks/blobs?***"
        in ended.err
    )
    assert "AzureEventGrid" in ended.err
    assert "azd hooks run postdeploy" in ended.err


@pytest.mark.parametrize(
    ("end", "shown", "command"),
    [
        (
            failed("AuthorizationFailed", "no Microsoft.EventGrid/write"),
            "no Microsoft.EventGrid/write",
            "az role assignment",
        ),
        (failed("ResourceNotFound", "evgt-events was not found"), "evgt-events was not found", "azd provision"),
        (
            failed("InvalidRequest", f"bad {ENDPOINT}"),
            "InvalidRequest: bad https://func-events",
            "deployment operation",
        ),
        (progress("Failed"), "Failed: the deployment gives no reason", "az deployment operation group list"),
        (progress("Canceled"), "Canceled: the deployment gives no reason", "az deployment operation group list"),
    ],
)
def test_a_lasting_failure_shows_the_innermost_error(hook: Hook, end: Answer, shown: str, command: str) -> None:
    hook.arm.script(Asked.PROGRESS, end)

    ended = hook.run()

    assert ended.code == 1
    assert hook.arm.counts()[Asked.DEPLOY] == 1
    assert shown in ended.err
    assert command in ended.err
    assert "At least one failed" not in ended.err


def test_a_handshake_beside_a_lasting_failure_is_not_tried_again(hook: Hook) -> None:
    details = [
        {"code": "Url validation", "message": "Webhook validation handshake failed"},
        {"code": "AuthorizationFailed", "message": "no"},
    ]
    hook.arm.script(Asked.PROGRESS, progress("Failed", {"code": "DeploymentFailed", "details": details}))

    assert hook.run().code == 1
    assert hook.arm.counts()[Asked.DEPLOY] == 1


def test_nobody_signed_in(hook: Hook) -> None:
    hook.credential = SignedOut()

    ended = hook.run()

    assert ended.code == 1
    assert hook.arm.seen == []
    assert "azd auth login --client-id" in ended.err


def test_all_missing_variables_are_told_at_once(hook: Hook) -> None:
    ended = hook.run(environ={"AZURE_RESOURCE_GROUP": "rg", "EVENT_GRID_TOPIC_NAME": " "})

    assert ended.code == 1
    for name in ("AZURE_SUBSCRIPTION_ID", "AZURE_FUNCTION_NAME", "EVENT_GRID_TOPIC_NAME", "AZURE_STORAGE_ACCOUNT_NAME"):
        assert f"{name} is not set" in ended.err
    assert "AZURE_RESOURCE_GROUP is" not in ended.err
    assert "azd env refresh" in ended.err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AZURE_SUBSCRIPTION_ID", "my-subscription", "AZURE_SUBSCRIPTION_ID is not a subscription id"),
        ("AZURE_RESOURCE_GROUP", "rg/../other", "AZURE_RESOURCE_GROUP is not a resource name"),
        ("AZURE_FUNCTION_NAME", "app?x=1", "AZURE_FUNCTION_NAME is not a resource name"),
        ("AZURE_RESOURCE_MANAGER_URI", "http://example.com", "must begin with https://"),
    ],
)
def test_values_that_cannot_be_are_refused_before_anything_is_sent(
    hook: Hook, name: str, value: str, said: str
) -> None:
    ended = hook.run(environ={**hook.environ, name: value})

    assert ended.code == 1
    assert said in ended.err
    assert hook.arm.seen == []


def test_a_file_that_does_not_compile_is_told_before_any_waiting(hook: Hook, tmp_path: Path) -> None:
    broken = compiler(tmp_path, "", code=1, says="eventsub.bicep(3,7) : Error BCP057: no such name")

    ended = hook.run(environ={**hook.environ, "BICEP_CLI": str(broken)})

    assert ended.code == 1
    assert "Error BCP057: no such name" in ended.err
    assert hook.arm.seen == []


@pytest.mark.parametrize("printed", ["", "Bicep CLI version 0.45", "[]", '{"no": "template"}'])
def test_a_compiler_that_prints_something_else(hook: Hook, tmp_path: Path, printed: str) -> None:
    ended = hook.run(environ={**hook.environ, "BICEP_CLI": str(compiler(tmp_path, printed))})

    assert ended.code == 1
    assert "printed no ARM template for eventsub.bicep" in ended.err


def test_a_key_that_azure_repeats_is_not_printed(hook: Hook) -> None:
    hook.arm.script(Asked.DEPLOY, error(400, "InvalidTemplate", f"key {BLOBS_KEY}, url {ENDPOINT}, token {TOKEN}"))

    ended = hook.run()

    assert ended.code == 1
    assert "key ***, url https://func-events.azurewebsites.net/runtime/webhooks/blobs?***" in ended.err
