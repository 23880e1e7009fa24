"""What a fault does to a request that meets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Endpoint(StrEnum):
    """The endpoints a request can ask for.

    ``DM`` is a management command of the ingestion endpoint, ``QUEUED`` queued ingestion over REST, ``AUTH`` the
    metadata document, ``BATCH`` no request at all: the aggregator handing a source to the engine.
    """

    STREAM = "stream"
    QUERY = "query"
    MGMT = "mgmt"
    DM = "dm"
    QUEUED = "queued"
    AUTH = "auth"
    BATCH = "batch"
    OTHER = "other"


ENGINE_ENDPOINTS = frozenset({Endpoint.STREAM, Endpoint.QUERY, Endpoint.MGMT, Endpoint.AUTH, Endpoint.BATCH})
INGESTION_ENDPOINTS = frozenset({Endpoint.DM, Endpoint.QUEUED})


class Garbage(StrEnum):
    """Answers of status 200 that are none; the request is carried out first unless ``commit`` is off."""

    TRUNCATED = "truncated"
    EMPTY = "empty"
    EMPTY_OBJECT = "empty_object"
    HTML = "html"


class StorageMode(StrEnum):
    """How handed-out temp containers fail: 403, 404, or an endpoint that answers 503."""

    FORBIDDEN = "forbidden"
    MISSING = "missing"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer with a status: ``body`` as it is, or a OneApi error made of the other fields.

    With ``commit`` the request is carried out first and its real answer is thrown away.
    """

    status: int
    code: str = ""
    message: str = ""
    type_: str = ""
    permanent: bool | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    content_type: str = "application/json"
    commit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Wait before the request goes on (to the next fault that fits, then to the endpoint)."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Close the connection: before the body is read, or (``commit``) after the request was carried out."""

    commit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Garble:
    """Answer 200 with something that is no answer."""

    kind: Garbage
    commit: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowBody:
    """Send headers at once, then the real body in pieces spread over ``seconds``."""

    seconds: float
    pieces: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakStorage:
    """Hand out temp containers that fail; ``containers`` counts them from the first, ``None`` means all."""

    mode: StorageMode
    containers: int | None = None


type Effect = Answer | Delay | Drop | Garble | SlowBody | BreakStorage


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """The requests a fault is for; empty fields fit all. ``command`` is a part of a command's or query's text."""

    endpoints: frozenset[Endpoint] = field(default_factory=lambda: frozenset(Endpoint))
    database: str = ""
    table: str = ""
    command: str = ""

    def fits(self, target: Target) -> bool:
        """Whether the request is meant."""
        return (
            target.endpoint in self.endpoints
            and self.database in {"", target.database}
            and self.table in {"", target.table}
            and self.command.lower() in target.command.lower()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request is for."""

    endpoint: Endpoint
    database: str = ""
    table: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An effect, its aim, and when it strikes.

    Of the requests that fit, ``skip`` are let through first; then each is struck with ``probability`` (drawn from
    ``seed``), until ``times`` were struck (``None``: for ever).
    """

    aim: Aim
    effect: Effect
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seed: int = 0
