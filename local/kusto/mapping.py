"""Ingestion mappings: from their JSON elements to one plan per column.

Both spellings are read: ``{"column", "datatype", "Properties": {…}}`` and the older flat one with ``Name``,
``Ordinal``, ``path``; keys in any case. Source: Microsoft docs, ``mappings`` and its pages per kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from local.kusto.errors import KustoError, bad_request
from local.kusto.formats import MappingKind
from local.kusto.json_path import Step, parse_path

if TYPE_CHECKING:
    from local.kusto.catalog import Column, Table


class Transform(StrEnum):
    """A mapping transformation (Microsoft docs: ``mappings``, "Mapping transformations")."""

    PROPERTY_BAG_ARRAY_TO_DICTIONARY = "PropertyBagArrayToDictionary"
    SOURCE_LOCATION = "SourceLocation"
    SOURCE_LINE_NUMBER = "SourceLineNumber"
    DATETIME_FROM_UNIX_SECONDS = "DateTimeFromUnixSeconds"
    DATETIME_FROM_UNIX_MILLISECONDS = "DateTimeFromUnixMilliseconds"
    DATETIME_FROM_UNIX_MICROSECONDS = "DateTimeFromUnixMicroseconds"
    DATETIME_FROM_UNIX_NANOSECONDS = "DateTimeFromUnixNanoseconds"
    DROP_MAPPED_FIELDS = "DropMappedFields"
    BYTES_AS_BASE64 = "BytesAsBase64"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlan:
    """Where a column's value comes from: a constant, an ordinal, or a path into the record; then a transform.

    All of them ``None``: the value is missing.
    """

    column: Column
    constant: str | None = None
    ordinal: int | None = None
    path: tuple[Step, ...] | None = None
    transform: Transform | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Element:
    column: str
    constant: str | None
    ordinal: int | None
    path: tuple[Step, ...] | None
    transform: Transform | None


def invalid_mapping(reason: str) -> KustoError:
    """A mapping that cannot be read."""
    return bad_request("BadRequest_InvalidMapping", f"Failed to parse ingestion mapping: {reason}")


def check_mapping(elements: object, kind: MappingKind) -> list[dict[str, object]]:
    """Whether the JSON is a mapping of that kind; gives it back typed, or raises ``KustoError``."""
    if not isinstance(elements, Sequence) or isinstance(elements, str) or not elements:
        raise invalid_mapping("a mapping is a non-empty JSON array of column mappings.")
    if not all(isinstance(element, Mapping) for element in elements):
        raise invalid_mapping("each column mapping is a JSON object.")
    names = [_element(element, kind).column for element in elements]
    if len(set(names)) != len(names):
        raise invalid_mapping("a column is mapped twice.")
    return [dict(element) for element in elements]


def plan(table: Table, elements: Sequence[Mapping[str, object]], kind: MappingKind) -> tuple[ColumnPlan, ...]:
    """One plan per column of the table; columns the mapping leaves out stay missing."""
    parsed = {e.column: e for e in (_element(element, kind) for element in elements)}
    for name in parsed:
        if table.column(name) is None:
            raise bad_request(
                "BadRequest_InconsistentMapping",
                f"The ingestion mapping names column '{name}', which table '{table.name}' does not have.",
            )
    return tuple(_plan_column(column, parsed.get(column.name)) for column in table.columns)


def identity(table: Table, kind: MappingKind) -> tuple[ColumnPlan, ...]:
    """Columns by their position in delimited formats, by their name elsewhere."""
    if kind is MappingKind.CSV:
        return tuple(ColumnPlan(column=c, ordinal=i) for i, c in enumerate(table.columns))
    return tuple(ColumnPlan(column=c, path=(c.name,)) for c in table.columns)


def _plan_column(column: Column, element: _Element | None) -> ColumnPlan:
    if element is None:
        return ColumnPlan(column=column)
    return ColumnPlan(
        column=column,
        constant=element.constant,
        ordinal=element.ordinal,
        path=element.path,
        transform=element.transform,
    )


def _element(raw: Mapping[str, object], kind: MappingKind) -> _Element:
    flat = {str(k).lower(): v for k, v in raw.items()}
    properties = flat.get("properties")
    if isinstance(properties, Mapping):
        flat |= {str(k).lower(): v for k, v in properties.items()}
    name = flat.get("column") or flat.get("columnname") or flat.get("name")
    if not isinstance(name, str):
        raise invalid_mapping("a column mapping has no 'column'.")
    constant = flat.get("constvalue", flat.get("constantvalue"))
    transform = _transform(flat.get("transform"))
    path = None if kind is MappingKind.CSV else _path(flat)
    ordinal = _ordinal(flat.get("ordinal")) if kind is MappingKind.CSV else None
    if path is None and ordinal is None and constant is None and transform is None:
        wanted = "Ordinal" if kind is MappingKind.CSV else "Path"
        raise invalid_mapping(f"column '{name}' has neither {wanted} nor ConstValue nor Transform.")
    return _Element(
        column=name,
        constant=None if constant is None else str(constant),
        ordinal=ordinal,
        path=path,
        transform=transform,
    )


def _path(flat: Mapping[str, object]) -> tuple[Step, ...] | None:
    text = flat.get("path")
    if isinstance(text, str) and text:
        return parse_path(text)
    named = flat.get("field")
    return (named,) if isinstance(named, str) and named else None


def _ordinal(value: object) -> int | None:
    if value is None or value == "":
        return None
    try:
        ordinal = int(str(value))
    except ValueError:
        raise invalid_mapping(f"'{value}' is not an ordinal.") from None
    if ordinal < 0:
        raise invalid_mapping(f"'{value}' is not an ordinal.")
    return ordinal


def _transform(value: object) -> Transform | None:
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 1:
        value = value[0]  # azure-kusto-ingest 6.0.4 sends PropertyBagArrayToDictionary in a one-element list
    if value is None or str(value).lower() in {"", "none"}:
        return None
    known = next((t for t in Transform if t.value.lower() == str(value).lower()), None)
    if known is None:
        raise invalid_mapping(f"'{value}' is not a known transformation.")
    return known
