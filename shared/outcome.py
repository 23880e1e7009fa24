"""What became of a piece of work: delivered, deferred or rejected, and the problems that refuse it.

The catalogue is the only place that knows a problem's HTTP status. Nothing in a problem may hold payload, secret,
SAS or token: details are written from names, numbers and positions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

#: How many record errors a problem body lists; the total is given beside them.
MAX_LISTED_ERRORS = 20


class Mode(StrEnum):
    """The way data took into Kusto."""

    STREAMING = "streaming"  # accepted by the engine: queryable
    QUEUED = "queued"  # accepted by Kusto's queued ingestion: the batching manager ingests it
    SPOOLED = "spooled"  # in our spool: delivered when Kusto takes it


class Code(StrEnum):
    """Every problem this application can answer with."""

    MALFORMED_BODY = "malformed-body"
    MALFORMED_PARAMETER = "malformed-parameter"
    EMPTY_BODY = "empty-body"
    UNAUTHENTICATED = "unauthenticated"
    ROUTE_NOT_FOUND = "route-not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    LENGTH_REQUIRED = "length-required"
    TOO_LARGE = "too-large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    RECORDS_REFUSED = "records-refused"
    QUEUE_FULL = "queue-full"
    KEY_REUSED = "key-reused"
    IN_PROGRESS = "in-progress"
    NOT_FOUND = "not-found"
    NOT_CONFIGURED = "destination-not-configured"
    MISCONFIGURED = "misconfigured"
    UNAVAILABLE = "unavailable"
    DRAINING = "draining"
    OUTCOME_UNKNOWN = "outcome-unknown"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The fixed part of a problem."""

    status: int
    title: str
    retryable: bool


CATALOGUE = {
    Code.MALFORMED_BODY: Kind(status=400, title="The body cannot be read", retryable=False),
    Code.MALFORMED_PARAMETER: Kind(status=400, title="A parameter is not valid", retryable=False),
    Code.EMPTY_BODY: Kind(status=400, title="There is nothing to ingest", retryable=False),
    Code.UNAUTHENTICATED: Kind(status=401, title="The signature is missing or wrong", retryable=False),
    Code.ROUTE_NOT_FOUND: Kind(status=404, title="No such route", retryable=False),
    Code.METHOD_NOT_ALLOWED: Kind(status=405, title="The method is not allowed here", retryable=False),
    Code.LENGTH_REQUIRED: Kind(status=411, title="The body did not arrive", retryable=False),
    Code.TOO_LARGE: Kind(status=413, title="The body is too large", retryable=False),
    Code.UNSUPPORTED_MEDIA_TYPE: Kind(status=415, title="The media type or encoding is not supported", retryable=False),
    Code.RECORDS_REFUSED: Kind(status=422, title="Kusto refused the records", retryable=False),
    Code.KEY_REUSED: Kind(status=422, title="The key was used for another body", retryable=False),
    Code.IN_PROGRESS: Kind(status=409, title="The same request is in progress", retryable=True),
    Code.NOT_FOUND: Kind(status=404, title="There is no such thing", retryable=False),
    Code.QUEUE_FULL: Kind(status=429, title="Too much is waiting", retryable=True),
    Code.NOT_CONFIGURED: Kind(status=503, title="The destination is not ready for ingestion", retryable=True),
    Code.MISCONFIGURED: Kind(status=503, title="The application is not configured", retryable=True),
    Code.UNAVAILABLE: Kind(status=503, title="Kusto cannot be reached", retryable=True),
    Code.DRAINING: Kind(status=503, title="This instance is about to end", retryable=True),
    Code.OUTCOME_UNKNOWN: Kind(status=504, title="The deadline passed and the outcome is unknown", retryable=True),
    Code.INTERNAL: Kind(status=500, title="The application failed", retryable=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit that was passed: its name, its value and what came instead (bytes unless the name says otherwise)."""

    name: str
    value: int
    actual: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordError:
    """Where in a body a record is wrong. `index` counts records from 0, `line` from 1, `offset` raw bytes from 0."""

    index: int
    line: int
    offset: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why something was not delivered, in words for the caller."""

    code: Code
    detail: str
    limit: Limit | None = None
    accepted: tuple[str, ...] = ()
    errors: tuple[RecordError, ...] = ()
    errors_total: int = 0
    retry_after: float | None = None  # seconds
    maybe_committed: bool = False

    @property
    def kind(self) -> Kind:
        """The catalogue's row for this problem."""
        return CATALOGUE[self.code]


def not_found(what: str) -> Problem:
    """The problem of an id that names nothing (any more)."""
    return Problem(code=Code.NOT_FOUND, detail=f"There is no such {what}. It may have expired, or been deleted.")


class Refused(Exception):  # noqa: N818 - a refusal is an answer to the caller, not an error of ours
    """Raised by the stages that read a request; the renderer turns its problem into the answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.detail}")
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What travelled together: how many requests and rows, and how long this one waited for the others (seconds)."""

    requests: int
    rows: int
    wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The streaming endpoint accepted the rows: they can be queried."""

    rows: int | None  # None for binary formats, whose rows only the service counts
    raw_size: int  # uncompressed bytes
    attempts: int
    mode: Mode = field(default=Mode.STREAMING, init=False)
    maybe_duplicate: bool = False
    batch: Batch | None = None  # None: it travelled alone, ungathered
    rejected: tuple[RecordError, ...] = ()  # records set aside as dead letters; `rows` does not count them


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Durably held, not queryable yet. `reason` says why it did not stream."""

    reason: str
    rows: int | None
    raw_size: int | None  # uncompressed bytes; None for a compressed blob that nobody opened
    attempts: int  # streaming attempts made before
    mode: Mode = Mode.QUEUED
    maybe_duplicate: bool = False
    detail: str = ""  # what the operator can do about it, where something can be done
    via: str = ""  # name of the spooled payload, or of the source that Kusto's queue has
    sources: Mapping[UUID, str] = field(default_factory=dict)  # of gathered payloads: which source each one is in
    rejected: tuple[RecordError, ...] = ()  # records set aside as dead letters; `rows` does not count them


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Held nowhere: the problem says whether sending again can help."""

    problem: Problem
    attempts: int


type Outcome = Delivered | Deferred | Rejected


def doubtful(outcome: Outcome) -> Outcome:
    """The outcome of records of which an earlier try may have been committed."""
    match outcome:
        case Delivered() | Deferred():
            return replace(outcome, maybe_duplicate=True)
        case Rejected(problem=problem):
            return replace(outcome, problem=replace(problem, maybe_committed=True))
