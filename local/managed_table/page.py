"""The table as Markdown: every case, what we do, what the official client did, and a summary of the differences."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from local.docs.table import table
from local.managed_table.case import Case, End, Seen
from local.managed_table.facts import STILL_WAITING, Fact, Record

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
_HELD: Final = frozenset({"SUCCESS", "QUEUED"})
#: Seconds from which on the page tells how long the official client's call took.
_LONG: Final = 10.0

type _Defect = Callable[[Case, Fact], bool]


def page(cases: Sequence[Case], record: Record) -> str:
    """The generated part: a summary, then one row for each case."""
    rows = [_row(case, record.cases[case.name]) for case in cases]
    return "\n\n".join((_introduction(cases, record), _summary(cases, record.cases), table(_HEADER, rows)))


def _introduction(cases: Sequence[Case], record: Record) -> str:
    return (
        f"{len(cases)} cases against the local Kusto and Azurite. "
        "Our columns are what `tests/contract/managed` asserts. "
        f"The official columns are `ManagedStreamingIngestClient` of azure-kusto-ingest {record.version}, "
        f"as measured on {record.day}.\n\n"
        "“Requests” are those that the service saw: streaming + ingestion endpoint. “Rows” says how many times the "
        "records are in the table in the end. “?” means that the caller is told of a possible duplicate; the official "
        "client cannot tell. “Spooled” records are held by the app and are ingested later."
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
        ", ".join(name for name, defect in _DEFECTS.items() if defect(case, fact)) or _other(ours, fact),
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
    told = fact.answer if fact.answer in _HELD else f"raises `{fact.answer}`" if fact.answer != "None" else "`None`"
    return f"{told} after {fact.seconds:.0f} s" if fact.seconds >= _LONG else told


def _times(times: float) -> str:
    return f"{times:g}"


def _loses(_case: Case, fact: Fact) -> bool:
    return fact.answer in {*_HELD, "None"} and fact.times < 1


def _raises(case: Case, fact: Fact) -> bool:
    """Kusto or the app could hold the records, and the caller has them back."""
    return fact.answer not in {*_HELD, "None"} and case.expect.end is not End.REJECTED


def _duplicates(case: Case, fact: Fact) -> bool:
    return fact.times > max(1, case.expect.times)


def _says_nothing(_case: Case, fact: Fact) -> bool:
    return fact.times > 1 or (fact.answer not in {*_HELD, "None"} and fact.times >= 1)


def _retries(case: Case, fact: Fact) -> bool:
    return case.condition.permanent and fact.stream > 1


def _never_falls_back(case: Case, fact: Fact) -> bool:
    """Streaming fails for a time, queued ingestion would have taken the records, and was not asked."""
    return _raises(case, fact) and not case.condition.permanent and fact.dm == 0


def _too_large(case: Case, fact: Fact) -> bool:
    return case.expect.reason == "over-streaming-size" and fact.stream > 0


def _slow(_case: Case, fact: Fact) -> bool:
    return fact.seconds >= _LONG


#: What the official client does worse, in few words; a case may have several.
_DEFECTS: Final[Mapping[str, _Defect]] = {
    "loses the records": _loses,
    "gives up": _raises,
    "never queues": _never_falls_back,
    "retries what is permanent": _retries,
    "streams what is too large": _too_large,
    "more duplicates": _duplicates,
    "does not tell of rows that may be there": _says_nothing,
    "slow": _slow,
}
_MEANINGS: Final[Mapping[str, str]] = {
    "loses the records": "says `SUCCESS` or `QUEUED`, or nothing, and the rows never come",
    "gives up": "raises, where we stream, queue or spool",
    "never queues": "of these: raises after a transient failure without having tried queued ingestion",
    "retries what is permanent": "sends again what the service has marked as permanent, or what is not configured",
    "streams what is too large": "sends more than 4 MiB raw to the streaming endpoint",
    "more duplicates": "rows are there more often than with us",
    "does not tell of rows that may be there": "rows are there twice, or although it raises; we say `maybeDuplicate`",
    "slow": f"a call takes {_LONG:.0f} s or more",
}


def _summary(cases: Sequence[Case], facts: Mapping[str, Fact]) -> str:
    rows = [
        (name, _MEANINGS[name], f"{sum(defect(case, facts[case.name]) for case in cases)} of {len(cases)}")
        for name, defect in _DEFECTS.items()
    ]
    same = sum(not _differs(case, facts[case.name]) for case in cases)
    return table(("Official client", "Meaning", "Cases"), [*rows, ("the same", "as we do", f"{same} of {len(cases)}")])


def _differs(case: Case, fact: Fact) -> bool:
    return any(defect(case, fact) for defect in _DEFECTS.values()) or bool(_other(case.expect, fact))


def _other(ours: Seen, fact: Fact) -> str:
    """A difference that is no defect."""
    return "" if (ours.stream, ours.times) == (fact.stream, fact.times) else "another way"
