from __future__ import annotations

import gzip
from contextlib import suppress
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.kusto.bodies import BrokenCompressionError, gunzip
from local.kusto.catalog import Database
from local.kusto.errors import KustoError
from local.kusto.history import History
from local.kusto.latency import documented, parse_latency
from local.kusto.rewrites import rewrite
from local.kusto.throttle import Throttle


@given(content=st.binary(), parts=st.integers(min_value=1, max_value=3))
def test_gzip_survives(content: bytes, parts: int) -> None:
    assert gunzip(gzip.compress(content) * parts, 10**6) == content * parts


@given(content=st.binary(min_size=1, max_size=200), cut=st.integers(min_value=1, max_value=8))
def test_cut_gzip_is_broken(content: bytes, cut: int) -> None:
    with pytest.raises(BrokenCompressionError):
        gunzip(gzip.compress(content)[:-cut], 10**6)


def test_a_gzip_bomb_stops_at_the_limit() -> None:
    with pytest.raises(KustoError) as caught:
        gunzip(gzip.compress(b"\0" * 50_000_000), 1_000_000)

    assert caught.value.status == 413


def test_documented_latency_is_like_the_documented_sample() -> None:
    draw = documented(seed=1)
    sample = [draw() for _ in range(5000)]

    assert 0.037 <= min(sample) <= max(sample) <= 0.564
    assert mean(sample) == pytest.approx(0.322, abs=0.02)
    assert [documented(seed=1)() for _ in range(2)] == [sample[0]] * 2


@pytest.mark.parametrize(("text", "seconds"), [("none", 0.0), ("0", 0.0), ("250", 0.25), ("1.5", 0.0015)])
def test_latency_texts(text: str, seconds: float) -> None:
    assert parse_latency(text)() == seconds


@pytest.mark.parametrize("text", ["", "fast", "-1", "nan", "inf"])
def test_a_wrong_latency_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_latency(text)


def test_a_slot_is_free_again_after_a_failure() -> None:
    throttle = Throttle(1)
    with pytest.raises(ZeroDivisionError), throttle.slot():
        _ = 1 / 0
    with throttle.slot(), pytest.raises(KustoError), throttle.slot():
        raise AssertionError("two slots of one")
    assert throttle.held == 0


def test_history_shows_old_definitions_until_the_delay_is_over() -> None:
    now = [0.0]
    history = History(delay=10, clock=lambda: now[0])
    history.put(Database(name="D", policies={"v": 1}), propagated=True)
    seen = []
    for moment, version in ((1.0, 2), (5.0, 3)):
        now[0] = moment
        history.put(Database(name="D", policies={"v": version}))
    for moment in (6.0, 11.0, 14.9, 15.0, 100.0):
        now[0] = moment
        seen.append(history.propagated("D").policies["v"])

    assert seen == [1, 2, 2, 3, 3]
    assert history.current("D").policies["v"] == 3


def test_clearing_the_cache_shows_the_current_definition() -> None:
    history = History(delay=10, clock=lambda: 0.0)
    history.put(Database(name="D"))
    history.put(Database(name="D", policies={"v": 1}))
    before = dict(history.propagated("D").policies)
    history.clear_cache("D")

    assert (before, history.propagated("D").policies) == ({}, {"v": 1})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T | summarize percentiles(x, 5, 99.9)", "T | summarize percentile(x, 5), percentile(x, 99.9)"),
        ("T | summarize percentiles(f(x), 50)", "T | summarize percentile(f(x), 50)"),
        ("materialized_view('V') | count", "['V'] | count"),
        ("print 'ingestion_time()' // percentiles(x, 1)", "print 'ingestion_time()' // percentiles(x, 1)"),
    ],
)
def test_rewrites_leave_strings_and_comments_alone(text: str, expected: str) -> None:
    rewritten = rewrite(text)

    assert (rewritten.text, rewritten.ingestion_time) == (expected, False)


def test_a_rate_lets_a_second_of_requests_through_at_once_and_fills_again() -> None:
    now = [0.0]
    throttle = Throttle(100, rate=4, clock=lambda: now[0])

    def passed() -> int:
        count = 0
        with suppress(KustoError):
            for _ in range(50):
                with throttle.slot():
                    count += 1
        return count

    assert passed() == 4
    now[0] += 0.5
    assert passed() == 2
    now[0] += 60
    assert passed() == 4


def test_a_rate_below_one_still_lets_one_through() -> None:
    now = [0.0]
    throttle = Throttle(100, rate=0.5, clock=lambda: now[0])

    with throttle.slot():
        pass
    now[0] += 1.9
    with pytest.raises(KustoError) as caught, throttle.slot():
        pass
    assert (caught.value.status, caught.value.permanent) == (429, False)
    now[0] += 0.2
    with throttle.slot():
        pass
