"""What a payload meets: faults of the local Kusto, a table that is not ready, or lent resources that do not work."""

from dataclasses import dataclass
from enum import StrEnum

from local.kusto.faults.effects import Aim, Delay, Drop, Effect, Endpoint, Fault, SlowBody


class Lent(StrEnum):
    """What is wrong with the queues and containers that the ingestion endpoint lends."""

    FIRST_QUEUE_REFUSES = "first-queue-refuses"
    QUEUES_REFUSE = "queues-refuse"
    NO_QUEUES = "no-queues"
    NO_CONTAINERS = "no-containers"


class Missing(StrEnum):
    """What the operator has not made."""

    TABLE = "table"
    DATABASE = "database"
    MAPPING = "mapping"
    STREAMING_POLICY = "streaming-policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition.

    Attributes:
        name: What the page shows.
        permanent: Whether the service says that trying again cannot help.
        faults: In force until the caller has its outcome.
        bad_records: Whether the records themselves cannot be read.
        dead_storage: Whether our own storage account cannot be reached, the spool's.
        throttled_for: Seconds of `Retry-After`, which each new attempt must wait for.
    """

    name: str
    permanent: bool = False
    faults: tuple[Fault, ...] = ()
    lent: Lent | None = None
    missing: Missing | None = None
    bad_records: bool = False
    dead_storage: bool = False
    throttled_for: float = 0.0


def stream(effect: Effect, times: int | None = None) -> tuple[Fault, ...]:
    """A fault of the streaming endpoint; `times` None: each time."""
    return (Fault(aim=Aim(endpoints=frozenset({Endpoint.STREAM})), effect=effect, times=times),)


def engine_outage() -> tuple[Fault, ...]:
    """Connections to the engine break, those of its own batching manager too; its metadata stays known."""
    endpoints = frozenset({Endpoint.STREAM, Endpoint.QUERY, Endpoint.MGMT, Endpoint.BATCH})
    return (Fault(aim=Aim(endpoints=endpoints), effect=Drop(), times=None),)


def ingestion_outage(effect: Effect | None = None, times: int | None = None) -> tuple[Fault, ...]:
    """The ingestion endpoint breaks connections, or does what `effect` says."""
    return (Fault(aim=Aim(endpoints=frozenset({Endpoint.DM})), effect=effect or Drop(), times=times),)


def resources(effect: Effect) -> tuple[Fault, ...]:
    """A fault of what the ingestion endpoint lends."""
    aim = Aim(endpoints=frozenset({Endpoint.DM}), command=".get ingestion resources")
    return (Fault(aim=aim, effect=effect, times=None),)


def slow(seconds: float) -> tuple[Fault, ...]:
    """The first streaming request is carried out at once, and its answer takes so long."""
    return stream(SlowBody(seconds=seconds), 1)


def late(seconds: float) -> tuple[Fault, ...]:
    """The first streaming request is not looked at before; then it is only carried out for a caller who waits."""
    return stream(Delay(seconds=seconds), 1)
