"""The errors of the local Kusto, in the shape the service answers them (OneApi).

Sources of codes and texts: Microsoft docs ``data-explorer/error-codes.md`` and ``kusto-data-client-errors``,
and the end-to-end tests of Azure/Webjobs.Extensions.Kusto, which quote answers of a real cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Mapping

MACHINE: Final = "KEngine000000"
SERVICE_ALIAS: Final = "LOCALKUSTO"


@dataclass(slots=True, kw_only=True, eq=False)
class KustoError(Exception):
    """A request that is refused; never changed after it is made.

    Not frozen: ``contextlib`` sets ``__traceback__`` on exceptions that pass through, which a frozen class refuses.

    ``code`` and ``message`` are the OneApi pair every client parses, ``type_`` is ``@type``, ``description`` is
    ``@message``. ``failure_code`` is the code ingestion failures are reported by (failure queue, ``.show ingestion
    failures``); it is ``code`` unless the service uses a finer one there. ``retry_after`` is in seconds.
    """

    status: int
    code: str
    message: str
    type_: str
    description: str
    permanent: bool
    failure_code: str = ""
    retry_after: float | None = None

    def __str__(self) -> str:
        """Name code and description, as the service's own exceptions do."""
        return f"{self.code}: {self.description}"

    @property
    def failure(self) -> str:
        """The code an ingestion failure is reported by."""
        return self.failure_code or self.code

    def body(self, *, client_request_id: str = "", activity_id: str = "") -> Mapping[str, object]:
        """The OneApi body; ``@context`` names the request so that a log line can be found again."""
        activity = activity_id or str(uuid4())
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "@type": self.type_,
                "@message": self.description,
                "@failureCode": self.status,
                "@context": {
                    "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
                    "serviceAlias": SERVICE_ALIAS,
                    "machineName": MACHINE,
                    "processName": "Kusto.WinSvc.Svc",
                    "processId": 1,
                    "threadId": 1,
                    "clientRequestId": client_request_id,
                    "activityId": activity,
                    "subActivityId": activity,
                    "activityType": "PO.OWIN.CallContext",
                    "parentActivityId": activity,
                    "activityStack": "(Activity stack: local)",
                },
                "@permanent": self.permanent,
            }
        }


_INVALID: Final = "Request is invalid and cannot be executed."
_STREAMING: Final = "Kusto.DataNode.Exceptions.StreamingIngestionRequestException"
_BAD_REQUEST: Final = "Kusto.Data.Exceptions.KustoBadRequestException"


def bad_request(code: str, description: str, *, type_: str = _BAD_REQUEST, failure_code: str = "") -> KustoError:
    """A permanent 400."""
    return KustoError(
        status=400,
        code=code,
        message=_INVALID,
        type_=type_,
        description=description,
        permanent=True,
        failure_code=failure_code,
    )


def syntax_error(text: str, reason: str) -> KustoError:
    """A command or query the service cannot parse; shows the first line only."""
    shown = text.strip().splitlines()[0][:120] if text.strip() else ""
    return bad_request(
        "General_BadRequest",
        f"Syntax error: {reason} Query: '{shown}'",
        type_="Kusto.Data.Exceptions.SyntaxException",
        failure_code="BadRequest_SyntaxError",
    )


def bad_stream(database: str, table: str, reason: str, failure_code: str) -> KustoError:
    """Content that does not parse (Azure/Webjobs.Extensions.Kusto: text of a real cluster)."""
    return bad_request(
        "BadRequest",
        f"Bad streaming ingestion request to {database}.{table} : {reason}",
        type_=_STREAMING,
        failure_code=failure_code,
    )


def empty_stream(database: str, table: str, failure_code: str = "Stream_NoDataToIngest") -> KustoError:
    """Empty or unparsable content: the service answers both with this one text."""
    return bad_stream(
        database, table, "The input stream is empty after processing, tip:check stream validity", failure_code
    )


def database_not_found(database: str) -> KustoError:
    """The database is not there."""
    return bad_request(
        "BadRequest_EntityNotFound",
        f"Entity ID '{database}' of kind 'Database' was not found.",
        type_="Kusto.Data.Exceptions.EntityNotFoundException",
        failure_code="BadRequest_DatabaseNotExist",
    )


def entity_not_found(name: str, kind: str, failure_code: str = "") -> KustoError:
    """An entity is not there; ``kind`` as the service spells it (Table, MappingPersistent, Function)."""
    return bad_request(
        "BadRequest_EntityNotFound",
        f"Entity ID '{name}' of kind '{kind}' was not found.",
        type_="Kusto.Data.Exceptions.EntityNotFoundException",
        failure_code=failure_code,
    )


def table_not_found(table: str) -> KustoError:
    """The table is not there."""
    return entity_not_found(table, "Table", "BadRequest_TableNotExist")


def mapping_not_found(mapping: str) -> KustoError:
    """The referenced ingestion mapping is not there (or has not propagated yet)."""
    return entity_not_found(mapping, "MappingPersistent", "BadRequest_MappingReferenceWasNotFound")


def streaming_policy_off(database: str, table: str) -> KustoError:
    """Neither the table nor its database enables streaming ingestion."""
    return bad_request(
        "BadRequest_StreamingIngestionPolicyNotEnabled",
        f"Bad streaming ingestion request to {database}.{table} : "
        f"Streaming ingestion policy is not enabled for the table '{table}' nor for its database.",
        type_=_STREAMING,
    )


def format_not_supported(name: str) -> KustoError:
    """A data format the endpoint does not know."""
    return bad_request("BadRequest_FormatNotSupported", f"Data format '{name}' is not supported.", type_=_STREAMING)


def too_large(limit: int) -> KustoError:
    """More raw bytes than one request may carry; ``limit`` in raw bytes."""
    return KustoError(
        status=413,
        code="Payload too large",
        message="Payload too large",
        type_="Kusto.DataNode.Exceptions.KustoRequestPayloadTooLargeException",
        description=f"The payload exceeds the limit of {limit} bytes of uncompressed data for one request.",
        permanent=True,
        failure_code="Stream_InputStreamTooLarge",
    )


def throttled(capacity: int, origin: str = "CapacityPolicy/StreamingIngestion") -> KustoError:
    """More requests than the cores or the rate allow (pykusto issue 132 quotes the text)."""
    return KustoError(
        status=429,
        code="Too many requests",
        message="Request is denied due to throttling.",
        type_="Kusto.DataNode.Exceptions.KustoRequestThrottledException",
        description=(
            "The request was aborted due to throttling. Retrying after some backoff might help. "
            f"CommandType: 'StreamingIngestion', Capacity: {capacity}, Origin: '{origin}'."
        ),
        permanent=False,
        failure_code="General_ThrottledIngestion",
    )


def internal_error(kind: str) -> KustoError:
    """Something of ours broke; ``kind`` is the exception's class name, never its text."""
    return KustoError(
        status=500,
        code="General_InternalServerError",
        message="Internal service error.",
        type_="Kusto.Data.Exceptions.KustoServicePartialQueryFailureInternalErrorException",
        description=f"An unexpected error occurred ({kind}); see the log of the local Kusto.",
        permanent=False,
    )
