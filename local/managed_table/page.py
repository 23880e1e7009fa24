"""The table as Markdown: every case, what we do, what the official client did, and a summary of the differences."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from local.docs.table import table
from local.managed_table.case import Case, End, Seen
from local.managed_table.conditions import LOST_ONCE, NONE, SLOW
from local.managed_table.facts import STILL_WAITING, Fact, Record
from shared.framing.formats import Framing, framing_of
from shared.outcome import Mode

_HEADER: Final = (
    "Case",
    "Ours: outcome",
    "attempts",
    "requests",
    "rows",
    "Official: outcome",
    "attempts",
    "requests",
    "rows",
    "Differs",
)
_TAKEN: Final[Mapping[str, Mode]] = {"SUCCESS": Mode.STREAMING, "QUEUED": Mode.QUEUED}
_STAR: Final = "†"
#: Seconds from which on the page tells how long the official client's call took.
_LONG: Final = 10.0
#: Conditions in which a binary file would have been taken, had it not been labelled as what it is not.
_SENT_AS_IT_IS: Final = frozenset({NONE, SLOW, LOST_ONCE})

type _Differs = Callable[[Case, Fact], bool]


def page(cases: Sequence[Case], record: Record) -> str:
    """The generated part: a summary, then one row for each case."""
    rows = [_row(case, record.cases[case.name]) for case in cases]
    return "\n\n".join((_introduction(cases, record), _summary(cases, record.cases), table(_HEADER, rows)))


def _introduction(cases: Sequence[Case], record: Record) -> str:
    return (
        f"{len(cases)} cases against the local Kusto and Azurite. Our columns are what `tests/contract/managed` "
        "asserts. The official columns are a record: `ManagedStreamingIngestClient` of azure-kusto-ingest "
        f"{record.version} on {record.day}.\n\n"
        '"Requests" are those that the service saw: streaming + ingestion endpoint. "Rows" says how many times the '
        'records are in the table in the end. "?" means that the caller is told of possible duplicates; the official '
        'client has no way to tell. "Spooled" records are held by the app and are ingested later. What went before '
        "is not counted.\n\n"
        f"{_STAR} The local Kusto reads the documents strictly where they leave room: 4 MB are raw bytes, and a body "
        "that is labelled gzip must be gzip (the official client labels binary formats so, and sends them as they "
        "are). A real cluster may be milder; these rows say less than the others."
    )


def _row(case: Case, fact: Fact) -> tuple[str, ...]:
    ours = case.expect
    theirs = (_answer(fact), str(fact.stream), f"{fact.stream} + {fact.dm}", _times(fact.times))
    return (
        case.name,
        _outcome(ours),
        str(ours.attempts),
        f"{ours.stream} + {ours.dm}",
        _times(ours.times) + ("?" if ours.unsure else ""),
        *theirs,
        _difference(case, fact),
    )


def _outcome(seen: Seen) -> str:
    match seen.end:
        case End.DELIVERED:
            return "streamed"
        case End.DEFERRED:
            return f"{seen.mode}: `{seen.reason}`"
        case End.REJECTED:
            return f"refused: `{seen.reason}`"


def _answer(fact: Fact) -> str:
    if fact.answer == STILL_WAITING:
        return f"{STILL_WAITING} after {fact.seconds:.0f} s"
    told = fact.answer if fact.answer in _TAKEN else f"raises `{fact.answer}`" if fact.answer != "None" else "`None`"
    return f"{told} after {fact.seconds:.0f} s" if fact.seconds >= _LONG else told


def _times(times: float) -> str:
    return f"{times:g}"


def _difference(case: Case, fact: Fact) -> str:
    found = ", ".join(name for name, (_, differs) in _DIFFERENCES.items() if differs(case, fact))
    return f"{found} {_STAR}" if found and _rests_on_a_reading(case, fact) else found


def _holds(fact: Fact) -> bool:
    """Whether the caller is told that the records are taken; `None` is no error either."""
    return fact.answer in {*_TAKEN, "None"}


def _loses(_case: Case, fact: Fact) -> bool:
    return _holds(fact) and fact.times < 1


def _raises(case: Case, fact: Fact) -> bool:
    return not _holds(fact) and case.expect.end is not End.REJECTED


def _never_queues(case: Case, fact: Fact) -> bool:
    return _raises(case, fact) and not case.condition.permanent and fact.dm == 0


def _retries(case: Case, fact: Fact) -> bool:
    return case.condition.permanent and fact.stream > 1


def _too_large(case: Case, fact: Fact) -> bool:
    return case.expect.reason == "over-streaming-size" and fact.stream > 0


def _says_nothing(_case: Case, fact: Fact) -> bool:
    return fact.times > (1 if _holds(fact) else 0)


def _slow(_case: Case, fact: Fact) -> bool:
    return fact.seconds >= _LONG


def _takes(case: Case, fact: Fact) -> bool:
    return _holds(fact) and fact.times >= 1 and case.expect.end is End.REJECTED


def _fewer_copies(case: Case, fact: Fact) -> bool:
    return 1 <= fact.times < case.expect.times


def _other_way(case: Case, fact: Fact) -> bool:
    return fact.times >= 1 and fact.answer in _TAKEN and case.expect.mode not in {None, _TAKEN[fact.answer]}


def _rests_on_a_reading(case: Case, fact: Fact) -> bool:
    """Whether the service might have done otherwise than the local Kusto, so that this row says less."""
    binary = framing_of(case.data_format) is Framing.BINARY
    return _too_large(case, fact) or (binary and fact.stream > 0 and case.condition in _SENT_AS_IT_IS)


#: In few words, what the official client does otherwise, with the meaning; a case may have several.
_DIFFERENCES: Final[Mapping[str, tuple[str, _Differs]]] = {
    "loses the records": ("raises nothing, and the rows never come", _loses),
    "gives up": ("raises, where we stream, queue or spool", _raises),
    "never queues": ("of these: has not tried queued ingestion, though nothing is wrong with the data", _never_queues),
    "retries what is permanent": ("sends again what is marked as permanent, or is a fault of configuration", _retries),
    "streams what is too large": ("more than 4 MiB raw go to the streaming endpoint", _too_large),
    "says nothing": ("rows are there twice, or although it raises, and the caller is not told", _says_nothing),
    "slow": (f"the call takes {_LONG:.0f} s or more", _slow),
    "takes it": ("takes what we refuse", _takes),
    "fewer copies": ("we stored the records more often, and say so", _fewer_copies),
    "another way": ("streams what we queue, or the reverse; the rows are there either way", _other_way),
}


def _summary(cases: Sequence[Case], facts: Mapping[str, Fact]) -> str:
    def count(differs: _Differs) -> tuple[str, str]:
        found = [case for case in cases if differs(case, facts[case.name])]
        return str(len(found)), str(sum(_rests_on_a_reading(case, facts[case.name]) for case in found))

    rows = [(name, meaning, *count(differs)) for name, (meaning, differs) in _DIFFERENCES.items()]
    same = count(lambda case, fact: not _difference(case, fact))
    header = ("The official client", "Meaning", f"Cases of {len(cases)}", f"of these {_STAR}")
    return table(header, [*rows, ("the same", "as we do", *same)])
