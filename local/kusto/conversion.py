"""One text or JSON value to one Kusto value: the reference that the column-wise path has to agree with.

A value that a typed column cannot hold becomes null (``None``); a string column holds everything.
Source: Microsoft docs, ``scalar-data-types`` and ``ingestion-supported-formats``.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, assert_never
from uuid import UUID

import msgspec

from local.kusto.kusto_types import KustoType
from local.kusto.moments import parse_datetime, parse_timespan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Json = dict[str, "Json"] | list["Json"] | str | int | float | Decimal | bool | None
type Value = str | int | float | Decimal | bool | datetime | timedelta | None

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_INTEGER: Final = re.compile(r"[+-]?\d+|-?0[xX][0-9a-fA-F]+")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INT_BITS: Final = {KustoType.INT: 32, KustoType.LONG: 64}
_DECIMAL_STEP: Final = Decimal("1e-18")
_DECIMAL_DIGITS: Final = Context(prec=38)
_DECIMAL_LIMIT: Final = Decimal(10) ** 20
_SPECIAL_REALS: Final = {
    "nan": math.nan,
    "inf": math.inf,
    "+inf": math.inf,
    "infinity": math.inf,
    "+infinity": math.inf,
    "-inf": -math.inf,
    "-infinity": -math.inf,
}
_TRUTH: Final = {"true": True, "false": False}


def to_json(value: Json) -> str:
    """A JSON value as text; numbers read as ``Decimal`` keep their digits."""
    return _ENCODER.encode(value).decode()


def from_text(text: str, kind: KustoType) -> Value:
    """The value that a field of a delimited format holds for a column type."""
    if kind is KustoType.STRING:
        return text
    stripped = text.strip()
    return _PARSERS[kind](stripped) if stripped else None


def from_json(value: Json, kind: KustoType) -> Value:  # noqa: PLR0911 - one return per member of a closed set
    """The value that a JSON value holds for a column type; dynamic comes back as JSON text."""
    match kind:
        case KustoType.STRING:
            return _json_string(value)
        case KustoType.DYNAMIC:
            return None if value is None else to_json(value)
        case KustoType.BOOL if isinstance(value, int):
            return bool(value)
        case KustoType.REAL if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
            return _float(value)
        case KustoType.DATETIME | KustoType.TIMESPAN | KustoType.GUID if not isinstance(value, str):
            return None
        case _:
            pass
    if isinstance(value, str):
        return from_text(value, kind)
    if value is None or isinstance(value, (dict, list)):
        return None
    if isinstance(value, bool):
        return None if kind is KustoType.DECIMAL else int(value)
    return from_text(_integral(value), kind)


def _integral(value: float | Decimal) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return str(int(value))
    return str(value)


def _float(value: float | Decimal) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _json_string(value: Json) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return to_json(value)


def _dynamic(text: str) -> str | None:
    """Text for a dynamic column: JSON stays JSON, anything else is a JSON string."""
    try:
        parsed = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return to_json(text)
    return None if parsed is None else text


def _integer(bits: int) -> Callable[[str], int | None]:
    limit = 1 << (bits - 1)

    def parse(text: str) -> int | None:
        if not _INTEGER.fullmatch(text):
            return None
        number = int(text, 16 if "x" in text.lower() else 10)
        return number if -limit <= number < limit else None

    return parse


def _real(text: str) -> float | None:
    special = _SPECIAL_REALS.get(text.lower())
    if special is not None:
        return special
    return float(text) if _NUMBER.fullmatch(text) else None


def _decimal(text: str) -> Decimal | None:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        number = Decimal(text)
        return number.quantize(_DECIMAL_STEP, context=_DECIMAL_DIGITS) if abs(number) < _DECIMAL_LIMIT else None
    except InvalidOperation:
        return None


def _bool(text: str) -> bool | None:
    known = _TRUTH.get(text.lower())
    if known is not None:
        return known
    return bool(int(text)) if re.fullmatch(r"-?\d+", text) else None


def _guid(text: str) -> str | None:
    if not re.fullmatch(r"[{(]?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}[)}]?", text):
        return None
    return str(UUID(text.strip("{}()")))


def _parser(kind: KustoType) -> Callable[[str], Value]:  # noqa: PLR0911 - one return per member of a closed set
    match kind:
        case KustoType.BOOL:
            return _bool
        case KustoType.DATETIME:
            return parse_datetime
        case KustoType.DECIMAL:
            return _decimal
        case KustoType.DYNAMIC:
            return _dynamic
        case KustoType.GUID:
            return _guid
        case KustoType.INT | KustoType.LONG:
            return _integer(_INT_BITS[kind])
        case KustoType.REAL:
            return _real
        case KustoType.STRING:
            return str
        case KustoType.TIMESPAN:
            return parse_timespan
    assert_never(kind)


_PARSERS: Final[Mapping[KustoType, Callable[[str], Value]]] = {kind: _parser(kind) for kind in KustoType}
