"""The keys of a route. The route file knows the names; what they mean is said here."""

from local.docs.table import code, codes, table
from shared.routing.route_file import _KEYS  # the closed list that the reader checks against
from shared.routing.routes import Streaming

_MEANINGS = {
    "database": ("text", "Database. Without it the one that the app setting `KUSTO_DATABASE` names."),
    "table": ("text", "The table. A route has either `table` or `tables`."),
    "tables": (
        "list of texts",
        "Patterns (`*`, `?`) for the tables that a caller may name: `POST /api/ingest/<route>/<table>`.",
    ),
    "format": (
        "text",
        (
            "Data format. Without it the parameter `format`, the media type, or a blob's metadata or extension "
            "decides. A webhook route is always `json`."
        ),
    ),
    "mapping": (
        "text or list of texts",
        (
            "Names of ingestion mappings of the table; the first is used unless the caller asks for another one. "
            "`{table}` stands for the table's name."
        ),
    ),
    "tags": (
        "list of texts",
        'Extent tags of what is ingested. Only with `streaming = "never"`: the streaming path has no tags.',
    ),
    "once": (
        "boolean",
        (
            "The cluster takes each source once: its id becomes an `ingest-by` tag with `ingestIfNotExists`. Only with "
            '`streaming = "never"`; it seals a batch per source, so it is for files. Default: `false`.'
        ),
    ),
    "ignore_first_record": ("boolean", "Whether bodies and blobs begin with a header row. Default: `false`."),
    "blobs": (
        "list of texts",
        "Patterns for blob names below the container `landing`: see [blob patterns](#blob-patterns).",
    ),
    "webhook": (
        "table",
        (
            '`{ scheme = "…", secret = "NAME" }`: makes the route a webhook. `NAME` is the app setting that holds the '
            "secret, or a list of such names: see [webhooks](webhooks.md)."
        ),
    ),
    "deadline": (
        "number",
        "Seconds in which Kusto must hold the records. Without it the app setting `DEADLINE_SECONDS`.",
    ),
    "streaming": (
        "text",
        (
            f"{codes(Streaming)}. `auto`: what is small streams, the rest is queued. `never`: queued ingestion only. "
            "Default: `auto`."
        ),
    ),
}


class UndocumentedKeyError(LookupError):
    """The route file knows other keys than this page."""


def route_keys() -> str:
    """One row for each key, in the order of the reader.

    Raises:
        UndocumentedKeyError: when a key has no meaning here, or a meaning no key.
    """
    if set(_KEYS) != set(_MEANINGS):
        raise UndocumentedKeyError(", ".join(sorted(set(_KEYS) ^ set(_MEANINGS))))
    return table(("Key", "Type", "Meaning"), ((code(key), *_MEANINGS[key]) for key in _KEYS))
