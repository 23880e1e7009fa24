"""Every condition of the table. Status codes, error codes and their permanence: see `local/kusto/errors.py`."""

from local.kusto.faults.effects import Answer, BreakStorage, Drop, Garbage, Garble, StorageMode
from local.managed_table.condition import (
    Condition,
    Lent,
    Missing,
    engine_outage,
    ingestion_outage,
    late,
    resources,
    slow,
    stream,
)

_PAGE = "<html><body>Our services aren't available right now.</body></html>"
_RETRY_AFTER = 2.0
_THROTTLED = Answer(status=429, code="TooManyRequests", permanent=False)
_THROTTLED_FOR = Answer(
    status=429, code="TooManyRequests", permanent=False, headers=(("Retry-After", f"{_RETRY_AFTER:g}"),)
)
_BAD = Answer(
    status=400,
    code="BadRequest",
    type_="Kusto.DataNode.Exceptions.StreamingIngestionRequestException",
    message="Bad streaming ingestion request: The input stream is empty after processing, tip:check stream validity",
    permanent=True,
)

NONE = Condition(name="no fault")

# The records
BAD_RECORDS = Condition(name="records that cannot be read", permanent=True, bad_records=True)
REFUSED = Condition(name="400 permanent", permanent=True, faults=stream(_BAD))
REFUSED_ONCE = Condition(name="400 permanent, once", permanent=True, faults=stream(_BAD, 1))
TRANSIENT_400 = Condition(name="400 not permanent", faults=stream(Answer(status=400, permanent=False)))
TRANSIENT_400_ONCE = Condition(name="400 not permanent, once", faults=stream(Answer(status=400, permanent=False), 1))

# The destination
UNAUTHENTICATED = Condition(
    name="401 without a body",
    permanent=True,
    faults=stream(Answer(status=401, body="", content_type="text/plain")),
)
DENIED = Condition(
    name="403 permanent",
    permanent=True,
    faults=stream(Answer(status=403, code="Forbidden", permanent=True)),
)
DENIED_EMPTY = Condition(
    name="403 without a body",
    permanent=True,
    faults=stream(Answer(status=403, body="", content_type="text/plain")),
)
NOT_FOUND = Condition(
    name="404 (streaming off for the cluster)",
    permanent=True,
    faults=stream(Answer(status=404, code="NotFound_StreamingIngestionDisabledForCluster", permanent=True)),
)
POLICY_OFF = Condition(name="streaming policy off", permanent=True, missing=Missing.STREAMING_POLICY)
SWITCHED_OFF = Condition(
    name="400 BadRequest_StreamingIngestionPolicyNotEnabled",
    permanent=True,
    faults=stream(Answer(status=400, code="BadRequest_StreamingIngestionPolicyNotEnabled", permanent=True)),
)
NO_TABLE = Condition(name="table missing", permanent=True, missing=Missing.TABLE)
NO_DATABASE = Condition(name="database missing", permanent=True, missing=Missing.DATABASE)
NO_MAPPING = Condition(name="mapping missing", permanent=True, missing=Missing.MAPPING)

# Sizes
TOO_LARGE = Condition(
    name="413 permanent",
    permanent=True,
    faults=stream(
        Answer(
            status=413,
            code="Payload too large",
            type_="Kusto.DataNode.Exceptions.KustoRequestPayloadTooLargeException",
            permanent=True,
        )
    ),
)
TOO_LARGE_EMPTY = Condition(
    name="413 without a body",
    permanent=True,
    faults=stream(Answer(status=413, body="", content_type="text/plain")),
)
INPUT_TOO_LARGE = Condition(
    name="400 Stream_InputStreamTooLarge",
    permanent=True,
    faults=stream(Answer(status=400, code="Stream_InputStreamTooLarge", permanent=True)),
)

# Overload
THROTTLED_ONCE = Condition(name="429 once", faults=stream(_THROTTLED, 1))
THROTTLED_TWICE = Condition(name="429 twice", faults=stream(_THROTTLED, 2))
THROTTLED = Condition(name="429", faults=stream(_THROTTLED))
THROTTLED_FOR_ONCE = Condition(
    name="429 once, with Retry-After: 2", faults=stream(_THROTTLED_FOR, 1), throttled_for=_RETRY_AFTER
)
THROTTLED_FOR = Condition(name="429 with Retry-After: 2", faults=stream(_THROTTLED_FOR), throttled_for=_RETRY_AFTER)

# The service
ERROR_500 = Condition(name="500", faults=stream(Answer(status=500)))
ERROR_500_ONCE = Condition(name="500 once", faults=stream(Answer(status=500), 1))
ERROR_500_TWICE = Condition(name="500 twice", faults=stream(Answer(status=500), 2))
ERROR_500_COMMITTED = Condition(name="500 after the commit, once", faults=stream(Answer(status=500, commit=True), 1))
HTML_503 = Condition(name="503 HTML", faults=stream(Answer(status=503, body=_PAGE, content_type="text/html")))
HTML_503_ONCE = Condition(
    name="503 HTML, once", faults=stream(Answer(status=503, body=_PAGE, content_type="text/html"), 1)
)
NO_ERROR_503 = Condition(name="503 JSON without `error`", faults=stream(Answer(status=503, body='{"message":"busy"}')))
NO_ERROR_503_ONCE = Condition(
    name="503 JSON without `error`, once", faults=stream(Answer(status=503, body='{"message":"busy"}'), 1)
)
NOT_READY_520 = Condition(
    name="520", faults=stream(Answer(status=520, type_="StreamingIngestionServiceException", permanent=False))
)
NOT_READY_520_ONCE = Condition(
    name="520 once", faults=stream(Answer(status=520, type_="StreamingIngestionServiceException", permanent=False), 1)
)
GATEWAY_504 = Condition(name="504 HTML", faults=stream(Answer(status=504, body=_PAGE, content_type="text/html")))
GATEWAY_504_COMMITTED = Condition(
    name="504 HTML after the commit, once",
    faults=stream(Answer(status=504, body=_PAGE, content_type="text/html", commit=True), 1),
)

# Answers that are none; the rows are in
EMPTY_200_ONCE = Condition(name="200 empty, once", faults=stream(Garble(kind=Garbage.EMPTY), 1))
EMPTY_200 = Condition(name="200 empty", faults=stream(Garble(kind=Garbage.EMPTY)))
OBJECT_200_ONCE = Condition(name="200 `{}`, once", faults=stream(Garble(kind=Garbage.EMPTY_OBJECT), 1))
OBJECT_200 = Condition(name="200 `{}`", faults=stream(Garble(kind=Garbage.EMPTY_OBJECT)))
HTML_200_ONCE = Condition(name="200 HTML, once", faults=stream(Garble(kind=Garbage.HTML), 1))
HTML_200 = Condition(name="200 HTML", faults=stream(Garble(kind=Garbage.HTML)))
CUT_200_ONCE = Condition(name="200 cut short, once", faults=stream(Garble(kind=Garbage.TRUNCATED), 1))

# The connection
DROPPED_ONCE = Condition(name="connection dropped before the body, once", faults=stream(Drop(), 1))
DROPPED = Condition(name="connection dropped before the body", faults=stream(Drop()))
LOST_ONCE = Condition(name="connection dropped after the commit, once", faults=stream(Drop(commit=True), 1))
LOST = Condition(name="connection dropped after the commit", faults=stream(Drop(commit=True)))
LATE = Condition(name="busy for 3.5 s, once", faults=late(3.5))
SLOW = Condition(name="answer 3.5 s after the commit, once", faults=slow(3.5))
ENGINE_OUTAGE = Condition(name="engine outage", faults=engine_outage())
INGESTION_OUTAGE = Condition(name="ingestion endpoint outage", faults=ingestion_outage())
INGESTION_503 = Condition(name="ingestion endpoint answers 503", faults=ingestion_outage(Answer(status=503)))
INGESTION_403 = Condition(
    name="ingestion endpoint answers 403", faults=ingestion_outage(Answer(status=403, code="Forbidden"))
)
OUTAGE = Condition(name="engine and ingestion endpoint outage", faults=(*engine_outage(), *ingestion_outage()))
EVERYTHING_DOWN = Condition(
    name="engine, ingestion endpoint and our storage outage",
    faults=(*engine_outage(), *ingestion_outage()),
    dead_storage=True,
)

# What the ingestion endpoint lends
FIRST_CONTAINER_403 = Condition(
    name="first temp container answers 403", faults=resources(BreakStorage(mode=StorageMode.FORBIDDEN, containers=1))
)
FIRST_CONTAINER_404 = Condition(
    name="first temp container is gone", faults=resources(BreakStorage(mode=StorageMode.MISSING, containers=1))
)
FIRST_CONTAINER_503 = Condition(
    name="first temp container answers 503", faults=resources(BreakStorage(mode=StorageMode.UNAVAILABLE, containers=1))
)
CONTAINERS_403 = Condition(
    name="every temp container answers 403", faults=resources(BreakStorage(mode=StorageMode.FORBIDDEN))
)
CONTAINERS_503 = Condition(
    name="every temp container answers 503", faults=resources(BreakStorage(mode=StorageMode.UNAVAILABLE))
)
FIRST_QUEUE = Condition(name="first queue refuses", lent=Lent.FIRST_QUEUE_REFUSES)
QUEUES = Condition(name="every queue refuses", lent=Lent.QUEUES_REFUSE)
NO_QUEUES = Condition(name="no queues are lent", lent=Lent.NO_QUEUES)
NO_CONTAINERS = Condition(name="no temp containers are lent", lent=Lent.NO_CONTAINERS)

# Streaming fails, and the way out fails as well
THROTTLED_AND_FIRST_CONTAINER = Condition(
    name="429, then first temp container answers 403", faults=(*THROTTLED.faults, *FIRST_CONTAINER_403.faults)
)
THROTTLED_AND_NO_INGESTION = Condition(
    name="429, then ingestion endpoint outage", faults=(*THROTTLED.faults, *ingestion_outage())
)
THROTTLED_AND_QUEUES = Condition(name="429, then every queue refuses", faults=THROTTLED.faults, lent=Lent.QUEUES_REFUSE)
LOST_AND_NO_INGESTION = Condition(
    name="connection dropped after the commit, then ingestion endpoint outage",
    faults=(*LOST.faults, *ingestion_outage()),
)
