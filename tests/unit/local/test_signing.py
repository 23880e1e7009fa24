"""What `./dev send --hook` signs, the application's own check accepts; and nothing else."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.hooks import new_secret
from local.problems import UsageError
from local.signing import signed_headers
from shared.outcome import Refused
from shared.webhooks.schemes import Scheme, Secret, Webhook, verify

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@given(scheme=st.sampled_from(Scheme), text=st.text())
def test_the_application_accepts_what_is_signed(scheme: Scheme, text: str) -> None:
    secret, body = new_secret(scheme), text.encode("utf-8", "ignore")

    headers = signed_headers(scheme, secret, body, delivery="d1", now=NOW)

    webhook = Webhook(scheme=scheme, secrets=(Secret(secret),))
    assert verify(webhook, lowered(headers), body, now=NOW.timestamp()).id == "d1"


@pytest.mark.parametrize("scheme", Scheme)
def test_another_secret_is_refused(scheme: Scheme) -> None:
    headers = signed_headers(scheme, new_secret(scheme), b"{}", delivery="d1", now=NOW)

    webhook = Webhook(scheme=scheme, secrets=(Secret(new_secret(scheme)),))
    with pytest.raises(Refused):
        verify(webhook, lowered(headers), b"{}", now=NOW.timestamp())


def test_a_standard_webhook_must_be_text() -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        signed_headers(Scheme.STANDARD, new_secret(Scheme.STANDARD), b"\xff", delivery="d1", now=NOW)
