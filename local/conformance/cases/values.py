"""Conversion of values into typed columns."""

from __future__ import annotations

from typing import Final

from local.conformance.case import Basis, Case, Expect, Stream
from local.conformance.cases import sources

# Texts of booleans and decimals are not documented; their values are compared instead.
_LOOKS: Final = {
    "string": "{table} | project V",
    "bool": "{table} | project iff(isnull(V), 'null', iff(V, 'true', 'false'))",
    "decimal": "{table} | project iff(V == decimal(0.1), '0.1', tostring(V))",
}


def _value(
    name: str,
    kind: str,
    text: str,
    shown: object,
    *,
    basis: Basis = Basis.DOCUMENTED,
    source: str = sources.TYPES,
    deviation: str = "",
) -> Case:
    """A CSV field (written as it is) in a column of a type, looked at as text; ``None`` means null."""
    return Case(
        name=f"value: {name}",
        source=source,
        basis=basis,
        deviation=deviation,
        schema=f"Id:int, V:{kind}",
        action=Stream(content=f"1,{text}\n".encode(), sdk=False),
        look=_LOOKS.get(kind, "{table} | project iff(isnull(V), 'null', tostring(V))"),
        expect=Expect(rows=1, shows=(("null" if shown is None else shown,),)),
    )


VALUES = (
    _value("int", "int", "-7", "-7"),
    _value("int out of range is null", "int", "3000000000", None, source=sources.INVALID),
    _value("int from a fraction is null", "int", "1.5", None, source=sources.INVALID),
    _value("int from text is null", "int", "many", None, source=sources.INVALID),
    _value("an empty int is null", "int", "", None),
    _value("an empty string is empty", "string", "", ""),
    _value("long", "long", "9223372036854775807", "9223372036854775807"),
    _value("long out of range is null", "long", "9223372036854775808", None, source=sources.INVALID),
    _value("real", "real", "2.5", "2.5"),
    _value("real from text is null", "real", "pi", None, source=sources.INVALID),
    _value("real nan", "real", "NaN", "NaN"),
    _value("bool true", "bool", "true", "true"),
    _value("bool in any case", "bool", "False", "false"),
    _value("bool from 1", "bool", "1", "true"),
    _value("bool from text is null", "bool", "perhaps", None, source=sources.INVALID),
    _value("datetime ISO 8601", "datetime", "2020-01-02T03:04:05Z", "2020-01-02T03:04:05.0000000Z"),
    _value(
        "datetime with ticks",
        "datetime",
        "2020-01-02 03:04:05.1234567",
        "2020-01-02T03:04:05.1234567Z",
        deviation="DuckDB keeps microseconds, not ticks of 100 ns",
    ),
    _value("datetime with an offset", "datetime", "2020-01-02T03:04:05+02:00", "2020-01-02T01:04:05.0000000Z"),
    _value("datetime by day", "datetime", "2020-01-02", "2020-01-02T00:00:00.0000000Z"),
    _value("datetime from text is null", "datetime", "tomorrow", None, source=sources.INVALID),
    _value("timespan", "timespan", "01:02:03", "01:02:03"),
    _value("timespan with days", "timespan", "1.02:03:04", "1.02:03:04"),
    _value("timespan from text is null", "timespan", "soon", None, source=sources.INVALID),
    _value("guid", "guid", "74be27de-1e4e-49d9-b579-fe0b331d3642", "74be27de-1e4e-49d9-b579-fe0b331d3642"),
    _value("guid from text is null", "guid", "me", None, source=sources.INVALID),
    _value("decimal", "decimal", "0.1", "0.1"),
    _value("dynamic object", "dynamic", '"{""a"":[1,2]}"', '{"a":[1,2]}'),
    _value("dynamic number", "dynamic", "5", "5"),
    _value("dynamic from text that is no JSON", "dynamic", "plain", "plain", basis=Basis.STRICT),
)
