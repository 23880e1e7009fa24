"""The webhook entry of a route: a secret is there and usable, or the application does not start."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.configuration import WebhookError, parse_webhook
from shared.webhooks.schemes import Scheme, problem_of_secret

SECRETS = {
    "A": "s3cret-a",
    "B": " s3cret-b ",
    "EMPTY": "",
    "BLANK": "  ",
    "STANDARD": "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZg==",
}


def problems_of(raw: object, secrets: dict[str, str] = SECRETS) -> tuple[str, ...]:
    with pytest.raises(WebhookError) as caught:
        parse_webhook(raw, secrets)
    return caught.value.problems


def test_one_secret() -> None:
    webhook = parse_webhook({"scheme": "github", "secret": "A"}, SECRETS)
    assert (webhook.scheme, [secret.value for secret in webhook.secrets]) == (Scheme.GITHUB, ["s3cret-a"])


def test_two_secrets_during_a_rotation() -> None:
    webhook = parse_webhook({"scheme": "github", "secret": ["A", "B"]}, SECRETS)
    assert [secret.value for secret in webhook.secrets] == ["s3cret-a", "s3cret-b"]


@pytest.mark.parametrize("name", ["EMPTY", "BLANK", "MISSING"])
@pytest.mark.parametrize("scheme", Scheme)
def test_a_secret_that_is_not_there_is_no_open_door(scheme: Scheme, name: str) -> None:
    (problem,) = problems_of({"scheme": scheme.value, "secret": name})
    assert name in problem
    assert "is empty" in problem


def test_every_problem_is_listed() -> None:
    problems = problems_of({"scheme": "github", "secret": ["EMPTY", "A", "MISSING"], "key": "x", "header": "y"})
    assert [word in problem for word, problem in zip(["key", "header", "EMPTY", "MISSING"], problems, strict=True)] == [
        True
    ] * 4


@pytest.mark.parametrize("raw", [None, 5, "github", [], True])
def test_an_entry_must_be_a_table(raw: object) -> None:
    assert "must be a table" in problems_of(raw)[0]


@pytest.mark.parametrize("scheme", [None, "", "GitHub", "stripe", 5, ["github"]])
def test_the_scheme_must_be_known(scheme: object) -> None:
    assert "github, standard" in problems_of({"scheme": scheme, "secret": "A"})[0]


@pytest.mark.parametrize("secret", [None, "", [], [""], [5], 5, {"a": 1}, ["A", None]])
def test_secrets_are_names_of_settings(secret: object) -> None:
    assert "needs `secret`" in problems_of({"scheme": "github", "secret": secret})[0]


@pytest.mark.parametrize(
    "secret",
    [
        "not base64!",
        "whsec_",
        "whpk_",
        "whsec_é",
        "whsec_AAA",
        "whsec_AA AA",
        "whpk_" + base64.b64encode(bytes(31)).decode(),
        "whpk_" + base64.b64encode(bytes(33)).decode(),
    ],
)
def test_standard_secrets_that_cannot_be_used(secret: str) -> None:
    (problem,) = problems_of({"scheme": "standard", "secret": "S"}, {"S": secret})
    assert problem.startswith("the app setting S ")
    assert (secret.partition("_")[2] or secret) not in problem


@pytest.mark.parametrize("secret", ["whsec_AAAA", "AAAA", "whpk_" + base64.b64encode(bytes(32)).decode()])
def test_standard_secrets_that_can(secret: str) -> None:
    assert parse_webhook({"scheme": "standard", "secret": "S"}, {"S": secret})


@given(scheme=st.sampled_from(Scheme), secret=st.one_of(st.text(), st.text("Aa0+/=").map("whsec_{}".format)))
def test_any_secret_is_usable_or_named(scheme: Scheme, secret: str) -> None:
    problem = problem_of_secret(scheme, secret)
    assert problem is None or (problem.startswith("is ") and (len(secret) < 8 or secret not in problem))


@pytest.mark.parametrize(
    "text",
    [
        "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/GITHUB-WEBHOOK-SECRET)",
        " @microsoft.keyvault(VaultName=kv;SecretName=GITHUB-WEBHOOK-SECRET)",
    ],
)
def test_a_reference_that_the_platform_could_not_resolve_is_no_secret(text: str) -> None:
    with pytest.raises(WebhookError) as caught:
        parse_webhook({"scheme": "github", "secret": "S"}, {"S": text})
    (problem,) = caught.value.problems
    assert "Key Vault" in problem
    assert "kv" not in problem.replace("Key Vault", "")
