"""Webhooks as CloudEvents: one table shape for every sender. The sender's body stays as it was, byte for byte.

Source of the attribute names: CloudEvents specification 1.0.2 (cloudevents.io).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import assert_never

import msgspec

from shared.framing.formats import DataFormat
from shared.framing.records import Records
from shared.outcome import Code, Problem, Refused
from shared.webhooks.schemes import Delivery, Scheme


class Event(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A CloudEvent in its JSON form. `data` is the sender's text."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str | None = None
    time: str
    datacontenttype: str
    data: msgspec.Raw


class _GitHubRepository(msgspec.Struct):
    html_url: str = ""


class _GitHubBody(msgspec.Struct):
    action: str | None = None
    repository: _GitHubRepository | None = None


class _StandardBody(msgspec.Struct):
    type: str = ""
    timestamp: str = ""


_ANY: msgspec.json.Decoder[msgspec.Raw] = msgspec.json.Decoder(msgspec.Raw)


def envelope(
    scheme: Scheme,
    route: str,
    delivery: Delivery,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    fallback_id: str,
) -> Records:
    """One event line from a proved delivery.

    Raises:
        Refused: 400 when the body is not one JSON document, 415 when the sender does not send JSON.
    """
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded":
        detail = "The webhook sends a form. Set its content type to application/json at the sender."
        raise Refused(Problem(code=Code.UNSUPPORTED_MEDIA_TYPE, detail=detail, accepted=("application/json",)))
    event = Event(
        specversion="1.0",
        id=delivery.id or fallback_id,
        datacontenttype="application/json",
        data=_document(body),
        **_attributes(scheme, route, delivery, headers, body, now),
    )
    line = msgspec.json.encode(event).replace(b"\r", b" ").replace(b"\n", b" ")
    return Records(content=line + b"\n", data_format=DataFormat.JSON, count=1)


def _document(body: bytes) -> msgspec.Raw:
    if not body.strip():
        raise Refused(Problem(code=Code.EMPTY_BODY, detail="The webhook's body is empty."))
    try:
        body.decode()
        return _ANY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        detail = "The webhook's body is not one valid JSON document in UTF-8."
        raise Refused(Problem(code=Code.MALFORMED_BODY, detail=detail)) from None


def _attributes(
    scheme: Scheme, route: str, delivery: Delivery, headers: Mapping[str, str], body: bytes, now: float
) -> dict[str, str]:
    moment = _iso(delivery.timestamp or now)
    match scheme:
        case Scheme.GITHUB:
            github = _peek(body, _GitHubBody) or _GitHubBody()
            kind = headers.get("x-github-event", "event") + (f".{github.action}" if github.action else "")
            source = github.repository.html_url if github.repository else ""
            return {"source": source or f"/hooks/{route}", "type": f"com.github.{kind}", "time": moment}
        case Scheme.STANDARD:
            standard = _peek(body, _StandardBody) or _StandardBody()
            return {"source": f"/hooks/{route}", "type": standard.type or "event", "time": standard.timestamp or moment}
        case _:
            assert_never(scheme)


def _peek[T](body: bytes, kind: type[T]) -> T | None:
    """The few fields we name an event by; None where the body does not have that shape."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
