"""The postdeploy hook when all goes well in the end: what it asks for, what it waits for, how long."""

from pathlib import Path

import pytest

from infra.hooks.eventsub import cli
from tests.infra.hook.arm import (
    COLD,
    HANDSHAKE,
    TOKEN,
    Answer,
    Asked,
    error,
    failed,
    functions,
    keys,
    progress,
    references,
)
from tests.infra.hook.run import TEMPLATE, Hook


def test_a_ready_app_is_subscribed_at_once(hook: Hook, tmp_path: Path) -> None:
    ended = hook.run()

    assert (ended.code, ended.err) == (0, "")
    assert "done: new blobs of stevents reach func-events through evgt-events" in ended.out
    assert [seen.asked for seen in hook.arm.seen] == [Asked.KEYS, Asked.FUNCTIONS, Asked.DEPLOY, Asked.PROGRESS]
    assert {seen.authorization for seen in hook.arm.seen} == {f"Bearer {TOKEN}"}
    assert [seen.api_version for seen in hook.arm.seen] == ["2024-11-01", "2024-11-01", "2025-04-01", "2025-04-01"]
    assert hook.clock.slept == []
    assert (tmp_path / "argv").read_text("utf-8") == f"{['build', str(cli.TEMPLATE), '--stdout']}\n"


def test_the_deployment_is_incremental_and_names_the_three_resources(hook: Hook) -> None:
    hook.run()

    sent = next(seen.body for seen in hook.arm.seen if seen.asked is Asked.DEPLOY)
    assert sent == {
        "properties": {
            "mode": "Incremental",
            "template": TEMPLATE,
            "parameters": {
                "functionAppName": {"value": "func-events"},
                "topicName": {"value": "evgt-events"},
                "storageAccountName": {"value": "stevents"},
            },
        }
    }


def test_a_second_run_asks_for_exactly_the_same(hook: Hook) -> None:
    hook.run()
    first = list(hook.arm.seen)
    hook.arm.seen.clear()

    assert hook.run().code == 0
    assert hook.arm.seen == first


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (keys(), "no blobs_extension key yet"),
        (keys(durabletask_extension="other"), "no blobs_extension key yet"),
        (keys(blobs_extension=""), "no blobs_extension key yet"),
        (Answer(body={"masterKey": "m", "systemKeys": None}), "no blobs_extension key yet"),
        (COLD, "the host of func-events is starting"),
        (Answer(status=404, body=""), "the host of func-events is starting"),
        (error(500, "InternalServerError"), "HTTP 500"),
        (error(502, "BadGateway"), "HTTP 502"),
        (Answer(status=503, body="<html>busy</html>"), "HTTP 503"),
        (error(429, "TooManyRequests"), "HTTP 429"),
        (Answer(status=0), "no answer from Azure Resource Manager"),
    ],
)
def test_a_host_that_is_not_up_yet_is_waited_for(hook: Hook, answer: Answer, reason: str) -> None:
    hook.arm.first(Asked.KEYS, answer, answer, answer)

    ended = hook.run()

    assert ended.code == 0
    assert reason in ended.out
    assert hook.clock.slept == [2, 4, 8]
    assert hook.arm.counts()[Asked.DEPLOY] == 1


def test_functions_are_waited_for_too(hook: Hook) -> None:
    hook.arm.first(Asked.FUNCTIONS, functions(), functions("health", "blob_created_old"), COLD)

    ended = hook.run()

    assert ended.code == 0
    assert "does not list the function blob_created yet" in ended.out
    assert hook.arm.counts()[Asked.FUNCTIONS] == 4


def test_secrets_that_the_platform_has_not_read_are_read_again(hook: Hook) -> None:
    denied = references(GITHUB_WEBHOOK_SECRET="AccessToKeyVaultDenied", OTHER="Resolved")
    hook.arm.first(Asked.FUNCTIONS, *[functions("health")] * 6)
    hook.arm.script(Asked.REFERENCES, *[denied] * 5, references(GITHUB_WEBHOOK_SECRET="Resolved"))

    ended = hook.run()

    assert ended.code == 0
    assert "has not read from Key Vault: GITHUB_WEBHOOK_SECRET (AccessToKeyVaultDenied)" in ended.out
    assert "OTHER" not in ended.out
    assert hook.arm.counts()[Asked.REFRESH] == 2  # of five tries: the first and the fifth


@pytest.mark.parametrize(
    "answer", [error(403, "AuthorizationFailed"), Answer(body={}), Answer(body={"value": [None, {"name": "X"}]})]
)
def test_references_that_cannot_be_asked_for_stop_nothing(hook: Hook, answer: Answer) -> None:
    hook.arm.first(Asked.FUNCTIONS, functions("health"))
    hook.arm.script(Asked.REFERENCES, answer)
    hook.arm.script(Asked.REFRESH, error(409, "Conflict"))

    assert hook.run().code == 0


def test_secrets_that_are_never_read_are_named_in_the_end(hook: Hook) -> None:
    hook.arm.script(Asked.FUNCTIONS, functions("health"))
    hook.arm.script(Asked.REFERENCES, references(GITHUB_WEBHOOK_SECRET="SecretNotFound"))

    ended = hook.run("--timeout", "60")

    assert ended.code == 1
    assert "GITHUB_WEBHOOK_SECRET (SecretNotFound)" in ended.err
    assert "Key Vault Secrets User" in ended.err


def test_the_service_says_how_long_to_wait(hook: Hook) -> None:
    hook.arm.first(Asked.DEPLOY, Answer(status=429, body={}, headers={"Retry-After": "37"}))

    assert hook.run().code == 0
    assert hook.clock.slept == [37]


def test_a_date_in_retry_after_counts_as_nothing(hook: Hook) -> None:
    hook.arm.first(Asked.DEPLOY, Answer(status=503, body={}, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}))

    assert hook.run().code == 0
    assert hook.clock.slept == [2]


def test_it_does_not_wait_longer_than_it_may(hook: Hook) -> None:
    hook.arm.first(Asked.DEPLOY, Answer(status=429, body={}, headers={"Retry-After": "4000"}))

    ended = hook.run("--timeout", "60")

    assert ended.code == 1
    assert hook.clock.slept == []
    assert "not ready after 1 min: Azure Resource Manager answers HTTP 429" in ended.err


def test_waiting_ends_with_the_time_allowed(hook: Hook) -> None:
    hook.arm.script(Asked.KEYS, keys())

    ended = hook.run("--timeout", "100")

    assert ended.code == 1
    assert sum(hook.clock.slept) == 100
    assert max(hook.clock.slept) == 15
    assert "not ready after 1 min 40 s: the host has no blobs_extension key yet" in ended.err
    assert "az functionapp function list --name func-events --resource-group rg-events" in ended.err
    assert hook.arm.counts()[Asked.DEPLOY] == 0


def test_an_unchanged_reason_is_not_told_at_every_try(hook: Hook) -> None:
    hook.arm.script(Asked.KEYS, keys())

    ended = hook.run("--timeout", "300")

    assert len(hook.clock.slept) > 20
    assert 4 <= ended.out.count("no blobs_extension key yet") <= 6


def test_a_running_deployment_is_waited_for(hook: Hook) -> None:
    hook.arm.first(Asked.PROGRESS, progress("Accepted"), progress("Running"), progress("Running"), error(503, "Busy"))

    assert hook.run().code == 0
    assert hook.arm.counts()[Asked.PROGRESS] == 5
    assert hook.arm.counts()[Asked.DEPLOY] == 1


def test_an_earlier_runs_deployment_is_waited_for(hook: Hook) -> None:
    active = error(409, "DeploymentActive", "cannot be saved, because this would overwrite an existing one")
    hook.arm.first(Asked.DEPLOY, active, active)

    ended = hook.run()

    assert ended.code == 0
    assert "an earlier run's deployment is still going on" in ended.out
    assert hook.arm.counts()[Asked.DEPLOY] == 3


def test_a_refused_handshake_is_tried_again(hook: Hook) -> None:
    hook.arm.first(Asked.PROGRESS, HANDSHAKE, progress("Running"), HANDSHAKE)

    ended = hook.run()

    assert ended.code == 0
    assert "attempt 1 of 6 failed: Url validation" in ended.out
    assert hook.arm.counts()[Asked.DEPLOY] == 3


def test_a_role_that_is_not_known_everywhere_yet_is_waited_for(hook: Hook) -> None:
    no_role = failed("Managed Identity Authorization Error", "does not have permission. Visit aka.ms/egmsivalidation")
    hook.arm.first(Asked.PROGRESS, no_role, HANDSHAKE, no_role)

    assert hook.run().code == 0
    assert hook.arm.counts()[Asked.DEPLOY] == 4

    hook.arm.script(Asked.PROGRESS, no_role)
    ended = hook.run()
    assert ended.code == 1
    assert "Storage Blob Data Contributor on the container eventgrid-deadletters" in ended.err


def test_control_c_is_clean(hook: Hook) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    hook.arm.script(Asked.KEYS, keys())
    hook.clock.on_sleep = interrupt

    ended = hook.run()

    assert ended.code == 130
    assert "running this again is safe" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan", "inf", "90000"])
def test_a_timeout_must_be_some_seconds(hook: Hook, text: str) -> None:
    with pytest.raises(SystemExit) as ended:
        hook.run("--timeout", text)

    assert ended.value.code == 2


def test_the_timeout_may_come_from_the_environment(hook: Hook) -> None:
    hook.arm.script(Asked.KEYS, keys())

    hook.run(environ={**hook.environ, cli.TIMEOUT_VARIABLE: "33"})

    assert sum(hook.clock.slept) == 33
