"""Signed webhooks become events; everything else is refused before it is read."""

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from .conftest import App

_SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="


def test_a_github_delivery_is_an_event(app: App) -> None:
    body = b'{"action": "opened", "number": 12345678901234567890,\n "repository": {"html_url": "https://x.test/r"}}'

    reply = app.github(body, event="issues", delivery="github-1")

    assert (reply.status, reply.body["rows"]["ingested"]) == (200, 1)
    (row,) = app.query("WebhookEvents | where Id == 'github-1' | extend number = tostring(Data.number)")
    assert (row["Type"], row["Source"]) == ("com.github.issues.opened", "https://x.test/r")
    assert row["number"] == "12345678901234567890"


@pytest.mark.parametrize("secret", ["wrong", "It's a Secret to Everybody"])
def test_a_wrong_signature_is_refused(app: App, secret: str) -> None:
    reply = app.github(b'{"zen": "no"}', secret=secret, delivery="github-wrong")

    assert (reply.status, reply.body["code"]) == (401, "unauthenticated")
    assert app.count("WebhookEvents", "Id == 'github-wrong'") == 0


def test_an_unsigned_body_is_refused_before_it_is_parsed(app: App) -> None:
    assert app.request("hooks/github", b"{broken", key=False).status == 401


def test_a_signed_body_that_is_no_json_is_refused(app: App) -> None:
    assert app.github(b"{broken").status == 400


def test_a_form_says_how_to_mend_it(app: App) -> None:
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    body = b"payload=%7B%7D"
    key = app.endpoints.webhook_secrets["GITHUB_WEBHOOK_SECRET"]
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    reply = app.request(
        "hooks/github",
        body,
        key=False,
        content_type="application/x-www-form-urlencoded",
        x_hub_signature_256=f"sha256={signature}",
    )

    assert reply.status == 415
    assert "application/json" in reply.body["detail"]


def test_a_standard_webhook_is_an_event(app: App) -> None:
    body = json.dumps({"type": "user.created", "timestamp": "2026-01-02T03:04:05Z", "data": {"id": 7}})
    now = datetime.now(UTC)
    signature = Webhook(_SECRET).sign("standard-1", now, body)
    headers = {
        "webhook_id": "standard-1",
        "webhook_timestamp": str(int(now.timestamp())),
        "webhook_signature": signature,
        "content_type": "application/json",
    }

    assert app.request("hooks/standard", body.encode(), key=False, **headers).status == 200
    (row,) = app.query("WebhookEvents | where Id == 'standard-1'")
    assert (row["Type"], row["Source"]) == ("user.created", "/hooks/standard")

    headers["webhook_timestamp"] = str(int(now.timestamp()) - 3600)
    assert app.request("hooks/standard", body.encode(), key=False, **headers).status == 401
