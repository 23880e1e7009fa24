"""The classification of failures, read out of the table that decides them."""

from collections.abc import Iterator
from typing import assert_never

from local.docs.table import code, codes, table
from shared.ingest.errors import (
    _BY_MARK,  # the rows are the documentation; looking failures up one by one could miss one
    _BY_STATUS,
    Action,
    Failure,
    classify,
)

#: What the table decides by rules instead of rows, each with a failure that meets the rule.
_RULES = (
    ("no answer, and the request never left (no connection)", Failure(status=None, sent=False)),
    ("no answer, and the request may have arrived (timeout, broken connection)", Failure(status=None)),
)
_OTHERWISE = (
    ("status 429", Failure(status=429)),
    ("status below 300 whose answer cannot be read", Failure(status=200)),
    ("any other 4xx that the service marks as permanent", Failure(status=400, permanent=True)),
    ("everything else", Failure(status=500)),
)


def classification() -> str:
    """The rows in the order in which they are tried."""
    header = ("What came back", "Reason", "Verdict", "What happens")
    return table(header, ((what, code(reason), code(action), _meaning(action)) for what, reason, action in _rows()))


def _rows() -> Iterator[tuple[str, str, Action]]:
    for what, failure in _RULES:
        yield what, classify(failure).reason, classify(failure).action
    for row in _BY_MARK:
        yield f"error code or text holds {codes(row.marks)}", row.reason, row.action
    for status, verdict in _BY_STATUS.items():
        yield f"status {status}", verdict.reason, verdict.action
    for what, failure in _OTHERWISE:
        yield what, classify(failure).reason, classify(failure).action


def _meaning(action: Action) -> str:
    match action:
        case Action.RETRY:
            meaning = "tried again, then queued"
        case Action.RETRY_SLOWER:
            meaning = "tried again with fewer requests at once, then queued; the table cools down"
        case Action.QUEUE:
            meaning = "queued at once"
        case Action.QUEUE_COOL_DOWN:
            meaning = "queued at once; the table cools down"
        case Action.CONFIGURATION:
            meaning = "neither tried again nor queued; spooled with the reason `destination-not-configured`"
        case Action.REJECT:
            meaning = "422 `records-refused`; not tried again"
        case Action.UNKNOWN:
            meaning = "tried again, then queued; the answer says `maybeDuplicate`"
        case _:
            assert_never(action)
    return meaning
