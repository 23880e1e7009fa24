"""Whole columns of text or JSON values to typed Arrow arrays.

The quick way is Arrow's own cast, taken only where it agrees with ``conversion`` on every value of the column;
the rest goes value by value through ``conversion``, each distinct value once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from local.kusto.arrow import Array, ArrowInvalid, pa, pc
from local.kusto.conversion import Json, from_json, from_text
from local.kusto.kusto_types import KustoType

if TYPE_CHECKING:
    from local.kusto.catalog import Column

_ISO_NANOSECONDS: Final = r"^(19[7-9]\d|2[01]\d\d)-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?$"
_PATTERNS: Final = {
    KustoType.INT: r"^-?\d{1,10}$",
    KustoType.LONG: r"^-?\d{1,19}$",
    KustoType.REAL: r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$",
    KustoType.DATETIME: _ISO_NANOSECONDS,
    KustoType.GUID: r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}
_SMALL: Final = 256


def text_column(values: Array, kind: KustoType) -> Array:
    """Fields of a delimited format as a typed column; null stands for a missing field."""
    if kind is KustoType.STRING:
        return values.fill_null("") if values.null_count else values
    if len(values) <= _SMALL:
        return _small(values.to_pylist(), kind)
    quick = _quick(values, kind)
    return _by_value(values, kind) if quick is None else quick


def json_column(values: Sequence[Json], kind: KustoType) -> Array:
    """JSON values as a typed column."""
    return pa.array([from_json(value, kind) for value in values], type=kind.arrow)


def constant_column(text: str, kind: KustoType, rows: int) -> Array:
    """The same value in every row."""
    return pa.repeat(pa.scalar(from_text(text, kind), type=kind.arrow), rows)


def missing_column(kind: KustoType, rows: int) -> Array:
    """The column of rows that have no value: null, or the empty string (Kusto strings are never null)."""
    return constant_column("", kind, rows)


def bounded(values: Array, column: Column) -> Array:
    """Values within the column's largest size: longer dynamic ones become null, longer strings are cut.

    Source: Microsoft docs, ``dynamic`` and ``string`` data types (1 MB unless an encoding policy says more).
    """
    if column.type not in {KustoType.STRING, KustoType.DYNAMIC}:
        return values
    sizes = pc.binary_length(values)
    if (pc.max(sizes).as_py() or 0) <= column.longest:
        return values
    if column.type is KustoType.DYNAMIC:
        return pc.if_else(pc.greater(sizes, column.longest), None, values)
    return pa.array([_cut(text, column.longest) for text in values.to_pylist()], pa.string())


def _cut(text: str, longest: int) -> str:
    return text.encode()[:longest].decode("utf-8", "ignore")


def _small(values: list[str | None], kind: KustoType) -> Array:
    return pa.array([None if v is None else from_text(v, kind) for v in values], type=kind.arrow)


def _quick(values: Array, kind: KustoType) -> Array | None:
    pattern = _PATTERNS.get(kind)
    if pattern is None:
        return None
    present = pc.if_else(pc.equal(values, ""), None, values)
    if not pc.all(pc.match_substring_regex(present, pattern), min_count=0).as_py():
        return None
    try:
        return _CASTS.get(kind, _plain_cast)(present, kind)
    except ArrowInvalid:
        return None


def _plain_cast(values: Array, kind: KustoType) -> Array:
    return pc.cast(values, kind.arrow)


def _datetime_cast(values: Array, kind: KustoType) -> Array:
    return pc.cast(pc.cast(values, pa.timestamp("ns")), kind.arrow, safe=False)


type _Cast = Callable[[Array, KustoType], Array]
_CASTS: Final[dict[KustoType, _Cast]] = {KustoType.DATETIME: _datetime_cast}


def _by_value(values: Array, kind: KustoType) -> Array:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    encoded = values.dictionary_encode()
    distinct = _small(encoded.dictionary.to_pylist(), kind)
    return distinct.take(encoded.indices)
