from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.kusto import delimited
from local.kusto.commands.reader import Reader
from local.kusto.commands.scripts import split_script
from local.kusto.delimited import read_delimited
from local.kusto.errors import KustoError
from local.kusto.formats import DataFormat
from local.kusto.json_path import look_up, parse_path

_CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=8)
_ROWS = st.integers(min_value=2, max_value=3).flatmap(
    lambda width: st.lists(st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
)


def _written(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _records(content: bytes) -> list[list[str | None]]:
    read = read_delimited(content, DataFormat.CSV, skip_first=False)
    return [list(row) for row in zip(*(column.to_pylist() for column in read.columns), strict=True)]


@settings(deadline=None)
@given(rows=_ROWS)
def test_quoted_csv_survives(rows: list[list[str]]) -> None:
    assert _records(_written(rows)) == rows


@settings(deadline=None, max_examples=30)
@given(rows=_ROWS, repeat=st.sampled_from([1, 20_000]), extra=st.sampled_from([-1, 1]))
def test_one_record_of_another_length_refuses_all(rows: list[list[str]], repeat: int, extra: int) -> None:
    odd = ["x"] * (len(rows[0]) + extra)

    with pytest.raises(KustoError) as caught:
        _records(_written(rows) * repeat + _written([odd]))

    assert caught.value.code == "Stream_WrongNumberOfFields"


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.lists(_CELLS, min_size=2, max_size=2), min_size=1, max_size=6))
def test_the_bulk_reader_agrees_with_the_exact_one(rows: list[list[str]]) -> None:
    once = _written(rows)
    times = delimited._BULK // len(once) + 1

    assert _records(once * times) == rows * times


@pytest.mark.parametrize("skip_first", [False, True])
@pytest.mark.parametrize("repeat", [1, 40_000])
def test_the_first_record_is_left_out_on_request(skip_first: bool, repeat: int) -> None:  # noqa: FBT001 - pytest
    content = b'"head\nline",b\n' + b"x,1\n" * repeat

    read = read_delimited(content, DataFormat.CSV, skip_first=skip_first)

    assert read.rows == repeat + (not skip_first)


def test_bytes_that_are_no_utf_8_become_replacement_characters() -> None:
    assert _records(b"\xff,1\n") == [["�", "1"]]


@pytest.mark.parametrize(
    ("path", "document", "expected"),
    [
        ("$", {"a": 1}, {"a": 1}),
        ("$.a", {"a": 1}, 1),
        ("$.a.b", {"a": {"b": [1]}}, [1]),
        ("$.a[1].b", {"a": [0, {"b": 2}]}, 2),
        ("$['a b'].c", {"a b": {"c": 3}}, 3),
        ('$["a.b"]', {"a.b": 4}, 4),
        (r"$['it\'s']", {"it's": 5}, 5),
        ("$.['x']", {"x": 6}, 6),
        ("$.a-b", {"a-b": 7}, 7),
        ("$.a.b", {"a": [1]}, None),
        ("$.a[5]", {"a": [1]}, None),
        ("$.missing", {}, None),
    ],
)
def test_paths_lead_to_values(path: str, document: Any, expected: Any) -> None:
    assert look_up(document, parse_path(path)) == expected


@pytest.mark.parametrize("path", ["", "a", "a.$", "$a", "$..a", "$.a[*]", "$.a[", "$.a[-1]", "$."])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(KustoError):
        parse_path(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a' 'b'", "ab"),
        ("'it\\'s'", "it's"),
        ('"tab\\t"', "tab\t"),
        ("@'back\\slash ''quoted'''", "back\\slash 'quoted'"),
        ("h'hidden'", "hidden"),
        ("```\n[1]\n```", "\n[1]\n"),
        ("'\\u0041'", "A"),
    ],
)
def test_string_literals(text: str, expected: str) -> None:
    reader = Reader(text)

    assert reader.literal("it") == expected
    assert reader.rest == ""


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")))
def test_every_escaped_text_is_read_back(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")

    assert Reader(f"'{escaped}'").literal("it") == text


def test_a_script_is_split_at_lines_that_begin_with_a_dot() -> None:
    script = "// first\n\n.a b\n  c\n\n  d\n// between\n.e ```\n.not a command\n\n``` f\n\n// last\n"

    assert list(split_script(script)) == [".a b\n  c\n\n  d", ".e ```\n.not a command\n\n``` f"]
