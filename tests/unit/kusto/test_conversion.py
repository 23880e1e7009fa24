from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.kusto.arrow import pa
from local.kusto.columns import json_column, text_column
from local.kusto.conversion import from_json, from_text
from local.kusto.kusto_types import KustoType
from local.kusto.moments import parse_timespan, timespan_text

NAN = float("nan")


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("int", "12", 12),
        ("int", "-2147483648", -2147483648),
        ("int", "2147483648", None),
        ("int", " 7 ", 7),
        ("int", "0x1F", 31),
        ("int", "1.5", None),
        ("int", "1_000", None),
        ("int", "x", None),
        ("long", "9223372036854775807", 9223372036854775807),
        ("long", "9223372036854775808", None),
        ("real", "1.5e3", 1500.0),
        ("real", "-Infinity", float("-inf")),
        ("real", "inf", float("inf")),
        ("real", "1,5", None),
        ("decimal", "0.1", Decimal("0.100000000000000000")),
        ("decimal", "1e400", None),
        ("decimal", "NaN", None),
        ("bool", "true", True),
        ("bool", "FALSE", False),
        ("bool", "1", True),
        ("bool", "0", False),
        ("bool", "yes", None),
        ("datetime", "2018-01-26 00:00:00.0000000", datetime(2018, 1, 26)),  # noqa: DTZ001 - DuckDB's timestamps are naive UTC
        ("datetime", "2018-01-26T10:11:12.1234567Z", datetime(2018, 1, 26, 10, 11, 12, 123456)),  # noqa: DTZ001 - DuckDB's timestamps are naive UTC
        ("datetime", "2018-01-26T10:11:12+02:00", datetime(2018, 1, 26, 8, 11, 12)),  # noqa: DTZ001 - DuckDB's timestamps are naive UTC
        ("datetime", "2018-01-26", datetime(2018, 1, 26)),  # noqa: DTZ001 - DuckDB's timestamps are naive UTC
        ("datetime", "0001-01-01", datetime(1, 1, 1)),  # noqa: DTZ001 - DuckDB's timestamps are naive UTC
        ("datetime", "Sat, 08 Nov 2014 15:05:02 GMT", datetime(2014, 11, 8, 15, 5, 2)),  # noqa: DTZ001 - DuckDB's timestamps are naive UTC
        ("datetime", "8 Nov 14 15:05", datetime(2014, 11, 8, 15, 5)),  # noqa: DTZ001 - DuckDB's timestamps are naive UTC
        ("datetime", "2018-13-26", None),
        ("datetime", "soon", None),
        ("datetime", "17", None),
        ("timespan", "1.02:03:04.5", timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=500)),
        ("timespan", "-00:00:01", timedelta(seconds=-1)),
        ("timespan", "1.5h", timedelta(minutes=90)),
        ("timespan", "3d", timedelta(days=3)),
        ("timespan", "25:00:00", None),
        ("timespan", "long", None),
        ("guid", "6F2C1E4A-0000-0000-0000-000000000001", "6f2c1e4a-0000-0000-0000-000000000001"),
        ("guid", "{6f2c1e4a-0000-0000-0000-000000000001}", "6f2c1e4a-0000-0000-0000-000000000001"),
        ("guid", "6f2c1e4a", None),
        ("dynamic", '{"a":1}', '{"a":1}'),
        ("dynamic", "plain", '"plain"'),
        ("dynamic", "null", None),
        ("dynamic", "5", "5"),
        ("string", "  kept  ", "  kept  "),
        ("string", "", ""),
        *[(kind.value, "", None) for kind in KustoType if kind is not KustoType.STRING],
    ],
)
def test_a_field_of_text_becomes_the_value_or_null(kind: str, text: str, expected: Any) -> None:
    assert from_text(text, KustoType(kind)) == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", {"b": [1, Decimal("1.10")]}, '{"b":[1,1.10]}'),
        ("string", True, "true"),
        ("string", 12345678901234567890123, "12345678901234567890123"),
        ("string", None, ""),
        ("dynamic", "text", '"text"'),
        ("dynamic", '{"a":1}', '"{\\"a\\":1}"'),
        ("dynamic", None, None),
        ("dynamic", False, "false"),
        ("long", 5.0, 5),
        ("long", 5.5, None),
        ("long", Decimal("5.5"), None),
        ("long", "5", 5),
        ("long", True, 1),
        ("long", [1], None),
        ("int", 2**31, None),
        ("real", 3, 3.0),
        ("real", 10**400, None),
        ("real", "NaN", NAN),
        ("decimal", Decimal("0.1"), Decimal("0.100000000000000000")),
        ("bool", 1, True),
        ("bool", "true", True),
        ("bool", 1.5, None),
        ("datetime", "2020-01-01T00:00:00Z", datetime(2020, 1, 1)),  # noqa: DTZ001 - DuckDB's timestamps are naive UTC
        ("datetime", 1577836800, None),
        ("timespan", "00:00:01", timedelta(seconds=1)),
        ("guid", 5, None),
    ],
)
def test_a_json_value_becomes_the_value_or_null(kind: str, value: Any, expected: Any) -> None:
    found = from_json(value, KustoType(kind))

    assert found == expected or (expected is NAN and isinstance(found, float) and found != found)  # noqa: PLR0124 - NaN differs from itself


_INSTANTS = st.datetimes(min_value=datetime(1600, 1, 1), max_value=datetime(2400, 1, 1))  # noqa: DTZ001 - DuckDB's timestamps are naive UTC
_FIELDS = st.one_of(
    st.text(max_size=12),
    st.integers().map(str),
    st.integers(min_value=-(2**33), max_value=2**33).map(str),
    st.floats().map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str),
    st.booleans().map(str),
    _INSTANTS.map(str),
    _INSTANTS.map(lambda d: d.isoformat() + "0Z"),
    _INSTANTS.map(lambda d: d.date().isoformat()),
    st.uuids().map(str),
    st.timedeltas().map(str),
    st.just(""),
)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(list(KustoType)), fields=st.lists(_FIELDS, min_size=1, max_size=8))
def test_a_long_column_converts_as_its_single_fields_do(kind: KustoType, fields: list[str]) -> None:
    many = fields * 260
    expected = pa.array([from_text(f, kind) for f in many], type=kind.arrow)

    found = text_column(pa.array(many, pa.string()), kind)

    assert [_comparable(v) for v in found.to_pylist()] == [_comparable(v) for v in expected.to_pylist()]


@pytest.mark.parametrize("kind", list(KustoType))
@settings(max_examples=60, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )
)
def test_every_json_value_has_a_value_or_null_in_every_column(kind: KustoType, value: Any) -> None:
    assert len(json_column([value], kind)) == 1


@given(text=st.text())
def test_no_text_breaks_any_type(text: str) -> None:
    for kind in KustoType:
        pa.array([from_text(text, kind)], type=kind.arrow)


@given(moment=_INSTANTS)
def test_iso_instants_survive(moment: datetime) -> None:
    assert from_text(moment.replace(tzinfo=UTC).isoformat(), KustoType.DATETIME) == moment


def _comparable(value: Any) -> Any:
    return "NaN" if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN differs from itself


@given(seconds=st.integers(min_value=0, max_value=10**13).map(lambda micros: timedelta(microseconds=micros)))
def test_a_timespan_that_is_written_reads_the_same(seconds: timedelta) -> None:
    assert parse_timespan(timespan_text(seconds.total_seconds())) == seconds
