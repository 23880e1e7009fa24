"""The one classification table: what a failure of Kusto means for the data.

Unknown means transient; permanent must be proved. A fault of configuration (no permission, no table, no mapping) is
never the data's fault, so it is never answered as a permanent refusal.

Sources per row: Microsoft docs "Streaming ingestion failures", "Kusto.Data exceptions", "Ingestion error codes";
the end-to-end tests of Azure/Webjobs.Extensions.Kusto; the classifier of Azure/adx-mon; azure-kusto-data 6.0.4,
exceptions.py and client_base.py (`_handle_http_error`), whose exceptions `failure_of` takes apart.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.numbers import whole_number

#: Where the service's texts name entities: "request to <database>.<table> :", "Entity ID '<name>'", "table '<name>'".
_NAMES = re.compile(r"request to [^:]*:|(?:entity id|database|table|column|cluster)\s+'[^']*'", re.IGNORECASE)

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
#: 503: unavailable; 520: "Can't determine row store for ingestion" (docs: "Streaming ingestion failures").
_BEFORE_THE_WORK = frozenset({503, 520})


class Action(StrEnum):
    """What to do with the records."""

    RETRY = "retry"  # transient: try again, then queue
    RETRY_SLOWER = "retry-slower"  # throttled: try again with fewer at once, then queue
    QUEUE = "queue"  # streaming cannot take these records
    QUEUE_COOL_DOWN = "queue-cool-down"  # streaming cannot take records of this table for a while
    CONFIGURATION = "configuration"  # the destination is not ready: keep the data, tell the operator
    REJECT = "reject"  # the data is wrong: never again
    UNKNOWN = "unknown"  # the answer was lost: the rows may be there; try again, and say so


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failed request in plain values: what the table reads. `status` is None when no answer came."""

    status: int | None
    code: str = ""
    text: str = ""  # lower case; service text, for matching only: it may name data, so it is never shown
    permanent: bool | None = None
    sent: bool = True  # False: the request never reached the service
    retry_after: float | None = None  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The table's answer."""

    action: Action
    reason: str  # low cardinality, safe to show and to count by
    advice: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    action: Action
    reason: str
    marks: tuple[str, ...]  # any of them inside code or text, lower case
    advice: str = ""


_NO_TABLE = "Create the table (infra/kql, or `./dev schema`), and check database and table names of the route."
_NO_MAPPING = "Create the ingestion mapping that the route names; a new one takes up to 5 minutes to be seen."
_NO_ACCESS = "Give the application's identity the role Database Ingestor on the database."
_BAD_DATA = "Kusto could not read the records in this format. Compare them with the table's mapping."

#: Answers whose code or text says what is wrong, first match wins, whatever their status.
_BY_MARK = (
    _Row(
        action=Action.QUEUE_COOL_DOWN,
        reason="streaming-disabled",
        marks=(
            "streamingingestionpolicynotenabled",
            "streamingingestiondisabledforcluster",
            "streamingingestionfunctionalitydisabled",
        ),
        advice="Enable the streaming ingestion policy on the table or database, and streaming on the cluster.",
    ),
    _Row(
        action=Action.CONFIGURATION,
        reason="mapping-not-found",
        marks=(
            "mappingreferencewasnotfound",
            "'mappingpersistent'",
            "mapping_not_found",
            "invalidmapping",
            "missingmapping",
            "duplicatemapping",
        ),
        advice=_NO_MAPPING,
    ),
    _Row(
        action=Action.CONFIGURATION,
        reason="table-not-found",
        marks=("tablenotexist", "databasenotexist", "entitynotfound", "entity_not_found", "invalidoremptytablename"),
        advice=_NO_TABLE,
    ),
    _Row(action=Action.CONFIGURATION, reason="access-denied", marks=("accessdenied", "forbidden"), advice=_NO_ACCESS),
    _Row(
        action=Action.QUEUE,
        reason="too-large-for-streaming",
        marks=("payloadtoolarge", "payload too large", "inputstreamtoolarge", "filetoolarge"),
    ),
    _Row(
        action=Action.RETRY_SLOWER,
        reason="throttled",
        marks=("toomanyrequests", "too many requests", "throttled"),
    ),
)

_BY_STATUS = {
    401: Verdict(action=Action.CONFIGURATION, reason="access-denied", advice=_NO_ACCESS),
    403: Verdict(action=Action.CONFIGURATION, reason="access-denied", advice=_NO_ACCESS),
    # Where no code says more, a 404 may be a missing table: queued, the records would vanish in the batching manager.
    404: Verdict(action=Action.CONFIGURATION, reason="destination-not-found", advice=_NO_TABLE),
    408: Verdict(action=Action.UNKNOWN, reason="timeout"),
    413: Verdict(action=Action.QUEUE, reason="too-large-for-streaming"),
    504: Verdict(action=Action.UNKNOWN, reason="timeout"),
}


def classify(failure: Failure) -> Verdict:
    """Look a failure up. Pure."""
    if failure.status is None:
        if not failure.sent:
            return Verdict(action=Action.RETRY, reason="unreachable")
        return Verdict(action=Action.UNKNOWN, reason="answer-lost")
    told = f"{failure.code} {failure.text}".lower()
    for row in _BY_MARK:
        if any(mark in told for mark in row.marks):
            return Verdict(action=row.action, reason=row.reason, advice=row.advice, retry_after=failure.retry_after)
    if failure.status in _BY_STATUS:
        return _BY_STATUS[failure.status]
    return _by_kind(failure, failure.status)


def _by_kind(failure: Failure, status: int) -> Verdict:
    if status == _TOO_MANY_REQUESTS:
        return Verdict(action=Action.RETRY_SLOWER, reason="throttled", retry_after=failure.retry_after)
    if status < 300:  # noqa: PLR2004 - the success range: an answer that says yes and cannot be read
        return Verdict(action=Action.UNKNOWN, reason="answer-unreadable")
    if failure.permanent and status < _SERVER_ERROR:
        return Verdict(action=Action.REJECT, reason="records-refused", advice=_BAD_DATA)
    # Only some answers say that nothing was done: any other 5xx may have come after the commit.
    lost = status >= _SERVER_ERROR and status not in _BEFORE_THE_WORK
    action = Action.UNKNOWN if lost else Action.RETRY
    return Verdict(action=action, reason="service-error", retry_after=failure.retry_after)


def advice_of(reason: str) -> str:
    """What can be done about a reason; empty where nothing has to be."""
    return next((row.advice for row in _BY_MARK if row.reason == reason), "")


def failure_of(error: BaseException) -> Failure:
    """Take an exception of the Kusto SDK, aiohttp or asyncio apart. Anything else counts as a lost answer."""
    # The SDK is loaded by the time one of its exceptions is; importing it at the top would cost 200 ms of cold start.
    from azure.kusto.data import exceptions as sdk  # noqa: PLC0415

    match error:
        case sdk.KustoApiError():
            return _api_failure(error)
        case sdk.KustoThrottlingError():
            return Failure(status=_TOO_MANY_REQUESTS, retry_after=_retry_after(error.args[1:]))
        case sdk.KustoNetworkError():
            return Failure(status=None, sent=not _never_sent(error.__cause__))
        case sdk.KustoServiceError():
            return _service_failure(error.http_response)
        case _:
            return _local_failure(error)


def _local_failure(error: BaseException) -> Failure:
    """Exceptions that are no answer of the service."""
    from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415 - see failure_of
    from azure.kusto.data import exceptions as sdk  # noqa: PLC0415

    if isinstance(error, sdk.KustoAuthenticationError | ClientAuthenticationError):
        return Failure(status=401)
    return Failure(status=None, sent=not isinstance(error, sdk.KustoClientError))


def _api_failure(error: Any) -> Failure:
    told = error.get_api_error()
    text = f"{told.message or ''} {_without_names(told.description or '')} {told.type or ''}".lower()
    status = _status(error.http_response)
    return Failure(
        status=status if status is not None else _SERVER_ERROR,
        code=told.code or "",
        text=text,
        permanent=told.permanent is True,
        retry_after=_retry_after((error.http_response,)),
    )


def _service_failure(response: Any) -> Failure:
    """An answer of which the SDK kept no error: it drops the body of a 404, whose code tells which one it is.

    The asynchronous client has read the body by then (azure-kusto-data 6.0.4, aio/client.py; aiohttp keeps it).
    """
    try:
        told = json.loads(getattr(response, "_body", None) or b"{}").get("error") or {}
        code, description = str(told.get("code") or ""), str(told.get("@message") or "")
    except (ValueError, AttributeError, TypeError):
        code = description = ""
    text = _without_names(description).lower()
    return Failure(status=_status(response), code=code, text=text, retry_after=_retry_after((response,)))


def _without_names(text: str) -> str:
    """The service's text without the names of databases and tables: a table may be called `ThrottledCalls`."""
    return _NAMES.sub(" ", text)


def _never_sent(cause: BaseException | None) -> bool:
    """Whether the connection itself failed, so that no byte of the request can have arrived."""
    import aiohttp  # noqa: PLC0415 - see failure_of

    return isinstance(cause, aiohttp.ClientConnectorError)


def _status(response: Any) -> int | None:
    """The status of an aiohttp or requests response."""
    status = getattr(response, "status", None) or getattr(response, "status_code", None)
    return status if isinstance(status, int) else None


def _retry_after(responses: tuple[Any, ...]) -> float | None:
    for response in responses:
        seconds = whole_number(getattr(response, "headers", {}).get("Retry-After", ""))
        if seconds is not None:
            return float(seconds)
    return None
