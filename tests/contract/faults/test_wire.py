"""Faults as JSON, and the plan they make."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local.kusto.errors import KustoError
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
    SlowBody,
    StorageMode,
    Target,
)
from local.kusto.faults.plan import FaultPlan
from local.kusto.faults.wire import read_fault, write_fault

TEXT = st.text(max_size=20)
HEADERS = st.dictionaries(TEXT, TEXT, max_size=3).map(lambda found: tuple(found.items()))
SECONDS = st.floats(0, 100)
EFFECTS = st.one_of(
    st.builds(
        Answer,
        status=st.integers(100, 599),
        code=TEXT,
        message=TEXT,
        type_=TEXT,
        permanent=st.none() | st.booleans(),
        headers=HEADERS,
        body=st.none() | TEXT,
        content_type=TEXT,
        commit=st.booleans(),
    ),
    st.builds(Delay, seconds=SECONDS),
    st.builds(Drop, commit=st.booleans()),
    st.builds(Garble, kind=st.sampled_from(Garbage), commit=st.booleans()),
    st.builds(SlowBody, seconds=SECONDS, pieces=st.integers(1, 50)),
    st.builds(BreakStorage, mode=st.sampled_from(StorageMode), containers=st.none() | st.integers(0, 5)),
)
FAULTS = st.builds(
    Fault,
    aim=st.builds(
        Aim,
        endpoints=st.frozensets(st.sampled_from(Endpoint), min_size=1),
        database=TEXT,
        table=TEXT,
        command=TEXT,
    ),
    effect=EFFECTS,
    times=st.none() | st.integers(0, 50),
    skip=st.integers(0, 50),
    probability=st.floats(0, 1),
    seed=st.integers(0, 2**31),
)
STREAM = Target(endpoint=Endpoint.STREAM, database="db", table="T")


@given(FAULTS)
def test_what_is_written_reads_the_same(fault: Fault) -> None:
    assert read_fault(write_fault(fault)) == fault


@given(st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda c: st.dictionaries(TEXT, c) | st.lists(c)))
def test_anything_else_is_refused_in_words(fields: Any) -> None:
    try:
        read_fault(fields)
    except KustoError as error:
        assert error.status == 400  # noqa: PT017 - another exception is the failure


@given(
    times=st.integers(0, 20),
    skip=st.integers(0, 20),
    requests=st.integers(0, 60),
    probability=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_a_fault_strikes_no_more_than_it_may(
    times: int, skip: int, requests: int, probability: float, seed: int
) -> None:
    plan = FaultPlan()
    aim = Aim(endpoints=frozenset({Endpoint.STREAM}))
    plan.arm(Fault(aim=aim, effect=Drop(), times=times, skip=skip, probability=probability, seed=seed))

    struck = [bool(plan.strike(STREAM)) for _ in range(requests)]

    assert not any(struck[:skip])
    assert sum(struck) <= times
    assert not plan.strike(Target(endpoint=Endpoint.QUERY))
    if probability == 1.0:
        assert sum(struck) == min(times, max(0, requests - skip))


def test_only_the_first_effect_strikes_after_any_delays() -> None:
    plan = FaultPlan()
    aim = Aim(endpoints=frozenset({Endpoint.STREAM}))
    for effect in (Delay(seconds=1), Drop(), Answer(status=500)):
        plan.arm(Fault(aim=aim, effect=effect))

    assert [effect for _, effect in plan.strike(STREAM)] == [Delay(seconds=1), Drop()]
    assert [effect for _, effect in plan.strike(STREAM)] == [Answer(status=500)]
    assert plan.strike(STREAM) == []
