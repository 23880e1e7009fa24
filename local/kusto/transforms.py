"""Mapping transformations, one value at a time."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, assert_never

from local.kusto.mapping import Transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.kusto.conversion import Json
    from local.kusto.json_path import Step

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS: Final = {
    Transform.DATETIME_FROM_UNIX_SECONDS: Decimal(1_000_000),
    Transform.DATETIME_FROM_UNIX_MILLISECONDS: Decimal(1_000),
    Transform.DATETIME_FROM_UNIX_MICROSECONDS: Decimal(1),
    Transform.DATETIME_FROM_UNIX_NANOSECONDS: Decimal("0.001"),
}


def transform(value: Json, how: Transform, *, line: int, source: str, mapped: Sequence[tuple[Step, ...]]) -> Json:
    """The transformed value; ``line`` counts records from 1, ``mapped`` are the paths below it other columns take."""
    match how:
        case (
            Transform.DATETIME_FROM_UNIX_SECONDS
            | Transform.DATETIME_FROM_UNIX_MILLISECONDS
            | Transform.DATETIME_FROM_UNIX_MICROSECONDS
            | Transform.DATETIME_FROM_UNIX_NANOSECONDS
        ):
            return _from_unix(value, _MICROSECONDS[how])
        case Transform.SOURCE_LINE_NUMBER:
            return line
        case Transform.SOURCE_LOCATION:
            return source
        case Transform.PROPERTY_BAG_ARRAY_TO_DICTIONARY:
            return _dictionary(value)
        case Transform.DROP_MAPPED_FIELDS:
            return _without(value, mapped)
        case Transform.BYTES_AS_BASE64:
            return base64.b64encode(value.encode()).decode() if isinstance(value, str) else value
    assert_never(how)


def _from_unix(value: Json, micros: Decimal) -> Json:
    try:
        return (_EPOCH + timedelta(microseconds=int(Decimal(str(value)) * micros))).isoformat()
    except (InvalidOperation, OverflowError, ValueError):
        return None


def _dictionary(value: Json) -> Json:
    """``[{"n1": "v1"}, {"n2": "v2"}]`` as one object."""
    if not isinstance(value, list):
        return value
    merged: dict[str, Json] = {}
    for item in value:
        if isinstance(item, dict):
            merged |= item
    return merged


def _without(value: Json, mapped: Sequence[tuple[Step, ...]]) -> Json:
    """Fields of objects go, at any depth; elements of arrays stay."""
    if not isinstance(value, dict):
        return value
    dropped = {steps[0] for steps in mapped if len(steps) == 1}
    below = [steps for steps in mapped if len(steps) > 1]
    return {
        key: _without(item, [steps[1:] for steps in below if steps[0] == key])
        for key, item in value.items()
        if key not in dropped
    }
