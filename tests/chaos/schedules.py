"""Random schedules: who sends what, and what goes wrong meanwhile. Everything comes from Hypothesis, so it shrinks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from local.kusto.faults.effects import (
    Aim,
    Answer,
    BreakStorage,
    Delay,
    Drop,
    Endpoint,
    Fault,
    Garbage,
    Garble,
    StorageMode,
)
from tests.fakes_storage import Trouble

if TYPE_CHECKING:
    from local.kusto.faults.effects import Effect

_OFF = "Kusto.DataNode.Exceptions.StreamingIngestionPolicyNotEnabledException"


class Turn(StrEnum):
    """How a sender wants to be answered."""

    WAIT = "wait"
    AT_ONCE = "at-once"  # Prefer: respond-async
    SOON = "soon"  # Prefer: wait=1


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A request. `records`: True for a good one each. `key`: repeated with the same key and body by other posts."""

    route: str
    records: tuple[bool, ...]
    keyed: bool
    times: int  # how often it is sent, all at once
    quarantine: bool = False
    turn: Turn = Turn.WAIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """A blob; `large`: it says that it is too large to be read, so it is queued where it lies."""

    records: tuple[bool, ...]
    large: bool
    times: int  # how often its event comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happens at once: faults come, senders send, alarms ring; then some time passes (seconds)."""

    faults: tuple[Fault, ...]
    troubles: tuple[Trouble, ...]
    storage_down: bool
    work: tuple[Post | Land, ...]
    ring: bool
    passes: float
    heal: bool = field(default=False)  # before the next step


def _fault(endpoint: Endpoint | frozenset[Endpoint], effect: Effect, times: int | None, skip: int) -> Fault:
    endpoints = endpoint if isinstance(endpoint, frozenset) else frozenset({endpoint})
    return Fault(aim=Aim(endpoints=endpoints), effect=effect, times=times, skip=skip)


_STREAM: list[Effect] = [
    Answer(status=429, code="TooManyRequests", permanent=False, headers=(("Retry-After", "1"),)),
    Answer(status=503, code="ServiceUnavailable", permanent=False),
    Answer(status=500, code="General_InternalServerError", permanent=False, commit=True),
    Answer(status=504, code="Timeout", permanent=False, commit=True),
    Answer(status=413, code="PayloadTooLarge", permanent=True),
    Answer(status=404, body="", content_type="text/plain"),
    Answer(status=401, body="", content_type="text/plain"),
    Answer(status=403, code="Forbidden", permanent=True),
    Answer(status=400, code="BadRequest_StreamingIngestionPolicyNotEnabled", type_=_OFF, permanent=True),
    Answer(status=400, code="BadRequest_InvalidBlob", permanent=True),
    Drop(),
    Drop(commit=True),
    Drop(commit=True),
    Garble(kind=Garbage.TRUNCATED),
    Garble(kind=Garbage.EMPTY),
    Garble(kind=Garbage.HTML, commit=False),
    Delay(seconds=0.05),
    Delay(seconds=1.2),  # longer than those wait who want to be answered soon
]
# No 429 here: the SDK waits for real between its tries. It has a test of its own.
_DM: list[Effect] = [
    Answer(status=503, code="ServiceUnavailable", permanent=False),
    Answer(status=401, body="", content_type="text/plain"),
    Drop(),
    Garble(kind=Garbage.EMPTY_OBJECT),
]
_TEMP: list[Effect] = [BreakStorage(mode=mode, containers=many) for mode in StorageMode for many in (1, None)]
_BATCH: list[Effect] = [Answer(status=503, code="ServiceUnavailable", permanent=False), Delay(seconds=0.02)]
_ENGINE = frozenset({Endpoint.STREAM, Endpoint.QUERY, Endpoint.MGMT})

_times = st.sampled_from([1, 1, 2, 3, 6, None])
_faults = st.one_of(
    st.builds(_fault, st.just(Endpoint.STREAM), st.sampled_from(_STREAM), _times, st.integers(0, 3)),
    st.builds(_fault, st.just(Endpoint.STREAM), st.sampled_from(_STREAM), _times, st.integers(0, 3)),
    st.builds(_fault, st.just(Endpoint.DM), st.sampled_from(_DM), _times, st.integers(0, 2)),
    st.builds(_fault, st.just(Endpoint.DM), st.sampled_from(_TEMP), st.sampled_from([1, 2]), st.just(0)),
    st.builds(_fault, st.just(Endpoint.BATCH), st.sampled_from(_BATCH), st.sampled_from([1, 2, 3]), st.just(0)),
    st.just(_fault(_ENGINE, Drop(), None, 0)),
    st.just(_fault(_ENGINE | {Endpoint.DM}, Drop(), None, 0)),
)
_troubles = st.sampled_from([Trouble.NONE, Trouble.NONE, Trouble.REFUSED, Trouble.UNSURE])
_good = st.lists(st.just(True), min_size=1, max_size=3).map(tuple)
_mixed = st.lists(st.sampled_from([True, True, False]), min_size=1, max_size=4).map(tuple)

_posts = st.one_of(
    st.builds(
        Post,
        route=st.sampled_from(["lines", "lines", "queued"]),
        records=_mixed,
        keyed=st.booleans(),
        times=st.sampled_from([1, 1, 2]),
        quarantine=st.booleans(),
        turn=st.sampled_from([Turn.WAIT, Turn.WAIT, Turn.SOON, Turn.AT_ONCE]),
    ),
    st.builds(Post, route=st.just("events"), records=_good, keyed=st.booleans(), times=st.sampled_from([1, 1, 2])),
    st.builds(Post, route=st.just("hooks"), records=st.just((True,)), keyed=st.just(False), times=st.integers(1, 2)),
)
_lands = st.builds(Land, records=_mixed, large=st.booleans(), times=st.sampled_from([1, 1, 2]))
_steps = st.builds(
    Step,
    faults=st.lists(_faults, max_size=3).map(tuple),
    troubles=st.lists(_troubles, max_size=8).map(tuple),
    storage_down=st.sampled_from([False, False, False, True]),
    work=st.lists(st.one_of(_posts, _posts, _lands), min_size=1, max_size=6).map(tuple),
    ring=st.booleans(),
    passes=st.sampled_from([0.0, 5.0, 40.0, 1000.0]),
    heal=st.booleans(),
)
schedules = st.lists(_steps, min_size=1, max_size=3).map(tuple)
