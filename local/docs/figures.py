"""The constants of managed ingestion, with where each comes from."""

from local.docs.table import table
from shared.ingest import coalescer, concurrency, destinations, durable, isolate, managed, policy, queued, resources
from shared.pipelines import recognition, retries

_MIB = 1024 * 1024
_BOUNDS = coalescer.Bounds()
_JAVA = "azure-kusto-java, ingest-v2, `DefaultManagedStreamingPolicy`"
_OURS = "our choice"


def figures() -> str:
    """One row for each constant."""
    return table(("What", "Value", "Source"), (*_streaming(), *_gathering(), *_cooling(), *_queueing(), *_holding()))


def _streaming() -> tuple[tuple[str, str, str], ...]:
    reserve = f"{managed.QUEUE_RESERVE:.0f} s, at most {managed.QUEUE_SHARE:.0%} of the deadline"
    return (
        (
            "Raw bytes of one streaming request",
            f"{policy.STREAMING_LIMIT // _MIB} MiB",
            'Microsoft docs, "Configure streaming ingestion": 4 MB',
        ),
        ("Streaming attempts in all", str(managed.ATTEMPTS), 'Microsoft docs, "Configure managed streaming ingestion"'),
        ("Time of one attempt, with its wait for a slot", f"{managed.ATTEMPT_TIMEOUT:.0f} s", _OURS),
        (
            "Wait before attempt 2 and 3",
            f"random, up to {managed.BACKOFF:g} s and {managed.BACKOFF * 2:g} s; `Retry-After` where it is longer",
            _OURS,
        ),
        ("Time kept for queued ingestion", reserve, _OURS),
        ("`Retry-After` when neither way took the records", f"{managed.RETRY_AFTER:.0f} s", _OURS),
    )


def _gathering() -> tuple[tuple[str, str, str], ...]:
    start, floor, ceiling = concurrency._START, concurrency._FLOOR, concurrency._CEILING  # noqa: SLF001 - shown as they are
    throttled, slow = concurrency._AFTER_THROTTLING, concurrency._AFTER_SLOWNESS  # noqa: SLF001 - as above
    return (
        ("Requests waiting in one process", f"{_BOUNDS.requests}, {_BOUNDS.raw_bytes // _MIB} MiB raw", _OURS),
        ("A request in flight holds arrivals back for", f"{coalescer.PATIENCE:g} s", _OURS),
        (
            "Streaming requests at once in one process",
            f"{start:.0f} at first, {floor:.0f} to {ceiling:.0f}",
            "our choice; the service takes 6 for each core of the cluster (Microsoft docs, as above)",
        ),
        (
            "The limit after a 429, and after slow answers",
            f"times {throttled:g}, and times {slow:g}",
            "our choice (additive increase, multiplicative decrease)",
        ),
    )


def _cooling() -> tuple[tuple[str, str, str], ...]:
    return (
        ("Cool-down after throttling", f"{destinations.THROTTLED:.0f} s, or `Retry-After` where it is longer", _JAVA),
        ('Cool-down after "streaming is off"', f"{destinations.STREAMING_OFF / 60:.0f} min", _JAVA),
        ("A probe during a cool-down", f"every {destinations.PROBE_EVERY:.0f} s", _OURS),
        (
            "The breaker opens after",
            (
                f"{destinations.BREAKS_AFTER} failed payloads in a row, for {destinations.OPEN_FOR:.0f} s, "
                f"doubling to {destinations.OPEN_AT_MOST:.0f} s"
            ),
            _OURS,
        ),
    )


def _queueing() -> tuple[tuple[str, str, str], ...]:
    return (
        ("Containers, and queues, tried for one payload", str(queued._TRIES), "as azure-kusto-ingest 6.0.4"),  # noqa: SLF001 - as above
        (
            "Lent containers and queues are renewed after",
            f"{resources.REFRESH_AFTER / 60:.0f} min; used for {resources.USABLE_FOR / 3600:.0f} h while that fails",
            "our choice; the docs ask for a renewal each hour",
        ),
    )


def _holding() -> tuple[tuple[str, str, str], ...]:
    tries = f"{retries.DEADLINE:.0f} s each, at most {retries.LONGEST_DELAY / 60:.0f} min apart"
    return (
        ("Time kept for the spool", f"{durable.RESERVE:.0f} s, at most {durable.SHARE:.0%} of the deadline", _OURS),
        ("Tries from the spool", tries, _OURS),
        ("Spooled records become a dead letter after", f"{retries.OLDEST / 3600:.0f} h", _OURS),
        ("Requests that isolation may cost a payload", str(isolate.MOST_REQUESTS), _OURS),
        ("A receipt in progress outlives its deadline by", f"{recognition.GRACE:.0f} s", _OURS),
    )
