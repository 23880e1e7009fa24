"""Blob patterns: what they match, and that two of them meet exactly where a name meets both."""

import re
from functools import cache
from itertools import product

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from shared.routing.globs import BlobPattern, problem_of

#: Every name over a small alphabet, up to six characters: long enough to hold a witness for the patterns below.
NAMES = tuple("".join(letters) for size in range(1, 7) for letters in product("ab/", repeat=size))

_segment = st.one_of(
    st.sampled_from(["**", "*", "?", "a", "{table}", "a*", "*b", "?b"]), st.text(st.sampled_from("ab*?"), max_size=2)
)
patterns = (
    st.lists(_segment, min_size=1, max_size=3)
    .map("/".join)
    .filter(lambda text: problem_of(text) is None and len(text) <= 9)
    .map(BlobPattern)
)


@cache
def matching(pattern: BlobPattern) -> frozenset[str]:
    return frozenset(name for name in NAMES if pattern.match(name))


@given(left=patterns, right=patterns)
@example(left=BlobPattern("a/**"), right=BlobPattern("a/*"))
@example(left=BlobPattern("**/a"), right=BlobPattern("a"))
@example(left=BlobPattern("{table}/b"), right=BlobPattern("a/?"))
def test_patterns_that_share_a_name_overlap(left: BlobPattern, right: BlobPattern) -> None:
    if matching(left) & matching(right):
        assert left.overlaps(right)


@given(left=patterns, right=patterns)
@example(left=BlobPattern("a"), right=BlobPattern("a/**"))
def test_patterns_that_overlap_share_a_name(left: BlobPattern, right: BlobPattern) -> None:
    size = len((left.text + right.text).replace("{table}", "x"))
    assume(size <= len(NAMES[-1]))  # else the shortest name that both match may be too long for NAMES
    if left.overlaps(right):
        assert matching(left) & matching(right)


@given(left=patterns, right=patterns)
def test_overlap_has_no_direction(left: BlobPattern, right: BlobPattern) -> None:
    assert left.overlaps(right) is right.overlaps(left)


@given(pattern=patterns)
def test_every_match_starts_with_the_prefix(pattern: BlobPattern) -> None:
    assert all(name.startswith(pattern.prefix) for name in matching(pattern))


@given(
    pattern=patterns, other=patterns, name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
)
def test_any_name_can_be_matched(pattern: BlobPattern, other: BlobPattern, name: str) -> None:
    if pattern.match(name) and other.match(name):
        assert pattern.overlaps(other)


@given(name=st.text(st.characters(exclude_characters="*?{}"), min_size=1, max_size=12))
def test_a_pattern_without_marks_matches_itself_only(name: str) -> None:
    pattern = BlobPattern(name)
    assert pattern.match(name)
    assert not pattern.match(name + "x")
    assert not pattern.match("x" + name)


@pytest.mark.parametrize(
    ("pattern", "names", "others"),
    [
        (
            "storms/**/*.csv",
            ["storms/a.csv", "storms/2026/01/a.csv"],
            ["storms.csv", "xstorms/a.csv", "storms/a.csv.gz"],
        ),
        ("*.csv", ["a.csv", ".csv"], ["a/b.csv", "acsv"]),
        ("a/?.json", ["a/1.json"], ["a/12.json", "a//.json"]),
        ("**", ["a", "a/b/c"], []),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab/c"]),
        ("a[b].csv", ["a[b].csv"], ["ab.csv"]),
        ("a.b/(c)+", ["a.b/(c)+"], ["axb/(c)+", "a.b/cc"]),
        ("**/x", ["x", "a/x", "a/b/x"], ["ax", "x/a"]),
    ],
)
def test_what_patterns_match(pattern: str, names: list[str], others: list[str]) -> None:
    assert all(BlobPattern(pattern).match(name) for name in names)
    assert not any(BlobPattern(pattern).match(name) for name in others)


def test_the_table_is_one_whole_part_of_a_segment() -> None:
    pattern = BlobPattern("telemetry/{table}/**/*.json")
    found = pattern.match("telemetry/Sensor_17/2026/a.json")
    assert found
    assert found["table"] == "Sensor_17"
    assert pattern.has_table
    assert not pattern.match("telemetry//a.json")
    assert BlobPattern("in/{table}-part.csv").match("in/Device_1-part.csv")["table"] == "Device_1"  # type: ignore[index]


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [("storms/**/*.csv", "storms/"), ("a/b*/c", "a/"), ("*.csv", ""), ("{table}/x", ""), ("a/b/c.csv", "a/b/")],
)
def test_prefixes(pattern: str, prefix: str) -> None:
    assert BlobPattern(pattern).prefix == prefix


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "/a",
        "a//b",
        "a/**b",
        "**a/b",
        "a/***",
        "{table}/{table}",
        "{name}/a",
        "a/{",
        "a/}",
        "{table",
        "{ta{table}ble}",
    ],
)
def test_patterns_that_cannot_be_used(pattern: str) -> None:
    assert problem_of(pattern)


@pytest.mark.parametrize("pattern", ["a", "**", "a/**/b", "{table}/*.csv", "x-{table}.csv", "a?b/*"])
def test_patterns_that_can_be_used(pattern: str) -> None:
    assert problem_of(pattern) is None


@given(text=st.text(st.sampled_from("ab*?/{}tle"), max_size=12))
def test_any_pattern_without_a_problem_compiles(text: str) -> None:
    if problem_of(text) is None:
        BlobPattern(text).match("a/b")
        assert BlobPattern(text).overlaps(BlobPattern(text)) or not any(BlobPattern(text).match(n) for n in NAMES)


def test_long_patterns_are_compared_quickly() -> None:
    left, right = BlobPattern("*a" * 40 + "/**" * 10 + "/x"), BlobPattern("a*" * 40 + "/**" * 10 + "/y")
    assert not left.overlaps(right)
    assert re.match("storms/", BlobPattern("storms/*").prefix)
