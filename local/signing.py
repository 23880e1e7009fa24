"""Signing a webhook as its sender would. Pure: clock and delivery id come from outside."""

import hashlib
import hmac
from datetime import datetime
from typing import assert_never

from standardwebhooks.webhooks import Webhook

from local.problems import UsageError
from shared.webhooks.schemes import Scheme


def signed_headers(
    scheme: Scheme, secret: str, body: bytes, *, delivery: str, now: datetime, event: str = "push"
) -> dict[str, str]:
    """The headers that prove the sender.

    Args:
        scheme: How the route's senders sign.
        secret: The route's secret; `whsec_<base64>` for Standard Webhooks.
        body: The raw body.
        delivery: Id of the delivery.
        now: With a time zone.
        event: GitHub's name of the event.

    Sources: GitHub docs "Validating webhook deliveries"; Standard Webhooks specification 1.0.

    Raises:
        UsageError: The body cannot be signed in this scheme.
    """
    match scheme:
        case Scheme.GITHUB:
            digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            return {"X-Hub-Signature-256": f"sha256={digest}", "X-GitHub-Delivery": delivery, "X-GitHub-Event": event}
        case Scheme.STANDARD:
            try:
                text = body.decode()
            except UnicodeDecodeError:
                raise UsageError("A Standard Webhooks body must be UTF-8 text.") from None
            return {
                "webhook-id": delivery,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": Webhook(secret).sign(delivery, now, text),
            }
        case _:
            assert_never(scheme)
