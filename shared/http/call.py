"""An HTTP request in our own words: what was asked, parsed before anything is done. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from shared.framing.body import too_large
from shared.framing.formats import (
    OPAQUE_MEDIA_TYPES,
    DataFormat,
    format_of_media_type,
    mapping_kind_of,
    media_types,
)
from shared.numbers import whole_number
from shared.outcome import Code, Problem, Refused
from shared.routing.routes import Route

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
#: `code` is the function key, which the host has checked already.
_PARAMETERS = ("format", "mapping", "ignoreFirstRecord", "onError", "dryRun")
_LONGEST_KEY = 255
_HOST_PARAMETERS = ("code", "clientId")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """A request as it came. Header names are in lower case; `body` is what lay on the wire, maybe compressed."""

    operation_id: UUID
    method: str
    route: str
    table: str | None
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class OnError(StrEnum):
    """What a caller wants when Kusto refuses some of its records."""

    FAIL = "fail"  # nothing is ingested
    QUARANTINE = "quarantine"  # the bad ones become dead letters, the others are ingested


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the caller asks for beside the body; None where the route decides."""

    data_format: DataFormat | None = None
    mapping: str | None = None
    ignore_first_record: bool | None = None
    on_error: OnError = OnError.FAIL
    dry_run: bool = False
    wait: float | None = None  # seconds
    respond_async: bool = False
    key: str | None = None  # by which a repetition is recognised


def parse_options(call: HttpCall) -> Options:
    """Read query and `Prefer` header.

    Raises:
        Refused: 400 for an unknown parameter or a value that makes no sense.
    """
    unknown = sorted(set(call.query) - {*_PARAMETERS, *_HOST_PARAMETERS})
    if unknown:
        raise _malformed(f"Unknown parameter {unknown[0][:40]!r}. Known are: {', '.join(_PARAMETERS)}.")
    return Options(
        data_format=_format(call.query.get("format")),
        mapping=call.query.get("mapping") or None,
        ignore_first_record=_boolean(call.query, "ignoreFirstRecord"),
        on_error=_on_error(call.query.get("onError")),
        dry_run=_boolean(call.query, "dryRun") or False,
        wait=_wait(call.headers.get("prefer", "")),
        respond_async="respond-async" in [item.strip().lower() for item in call.headers.get("prefer", "").split(",")],
        key=_key(call.headers.get("idempotency-key")),
    )


def check_size(call: HttpCall, limit: int) -> None:
    """The first check of all, before a byte is read.

    Raises:
        Refused: 411 for a chunked body that the host dropped, 413 above `limit` bytes as sent, 400 for no body.
    """
    if len(call.body) > limit:
        raise Refused(too_large("MAX_BODY_BYTES", limit, len(call.body), "as sent"))
    if call.body:
        return
    if "chunked" in call.headers.get("transfer-encoding", "").lower():
        detail = "The body was sent in chunks and did not arrive. Send it with a Content-Length header."
        raise Refused(Problem(code=Code.LENGTH_REQUIRED, detail=detail))
    raise Refused(Problem(code=Code.EMPTY_BODY, detail="The body is empty. Send at least one record."))


def choose_format(route: Route, options: Options, content_type: str) -> DataFormat:
    """The format of a body: the route's, else the parameter's, else the media type's.

    Raises:
        Refused: 400 when the parameter contradicts the route, 415 when the media type does, or names no format.
    """
    named = format_of_media_type(content_type)
    if route.data_format is not None:
        if options.data_format not in {None, route.data_format}:
            raise _malformed(f"Route {route.name} takes {route.data_format} only.")
        _refuse_other(route.name, route.data_format, named)
        return route.data_format
    chosen = options.data_format or named
    if chosen is None:
        opaque = content_type.partition(";")[0].strip().lower() in OPAQUE_MEDIA_TYPES
        why = "The media type does not name a format" if opaque else "This media type is not supported"
        detail = f"{why}. Send one of {', '.join(media_types())}, or add the parameter `format`."
        raise Refused(Problem(code=Code.UNSUPPORTED_MEDIA_TYPE, detail=detail, accepted=media_types()))
    return chosen


def _refuse_other(route: str, wanted: DataFormat, named: DataFormat | None) -> None:
    """A media type that names another kind of file is a sender's mistake; `text/plain` says nothing."""
    if named in {None, wanted, DataFormat.TXT}:
        return
    if named is DataFormat.JSON and mapping_kind_of(wanted) is mapping_kind_of(named):
        return
    detail = f"Route {route} takes {wanted}, and the media type says {named}. Correct one of them."
    raise Refused(Problem(code=Code.UNSUPPORTED_MEDIA_TYPE, detail=detail, accepted=(wanted.value,)))


def _format(text: str | None) -> DataFormat | None:
    if not text:
        return None
    try:
        return DataFormat(text.lower())
    except ValueError:
        raise _malformed(f"Unknown format. Known are: {', '.join(DataFormat)}.") from None


def _on_error(text: str | None) -> OnError:
    try:
        return OnError(text or OnError.FAIL)
    except ValueError:
        raise _malformed(f"onError must be one of: {', '.join(OnError)}.") from None


def _key(text: str | None) -> str | None:
    """The `Idempotency-Key` header (IETF draft "The Idempotency-Key HTTP Header Field")."""
    if text is None:
        return None
    if not (text.isascii() and text.isprintable() and 0 < len(text) <= _LONGEST_KEY):
        raise _malformed(f"Idempotency-Key must be 1 to {_LONGEST_KEY} printable ASCII characters.")
    return text


def _boolean(query: Mapping[str, str], name: str) -> bool | None:
    text = query.get(name)
    if text is None:
        return None
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise _malformed(f"{name} must be true or false.")
    return value


def _wait(prefer: str) -> float | None:
    """`Prefer: wait=N` (RFC 7240, section 4.3); a preference that cannot be read is no error there."""
    for item in prefer.split(","):
        name, _, value = item.partition("=")
        seconds = whole_number(value.strip())
        if name.strip().lower() == "wait" and seconds:
            return float(seconds)
    return None


def _malformed(detail: str) -> Refused:
    return Refused(Problem(code=Code.MALFORMED_PARAMETER, detail=detail))
