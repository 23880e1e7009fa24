"""Content to typed rows of a table: read the format, follow the column plans, convert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.kusto.arrow import Array, ArrowTable, pa
from local.kusto.columns import bounded, constant_column, json_column, missing_column, text_column
from local.kusto.delimited import TextColumns, read_delimited
from local.kusto.documents import Document, read_documents
from local.kusto.formats import DataFormat, MappingKind, mapping_kind
from local.kusto.json_path import look_up
from local.kusto.transforms import transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.kusto.conversion import Json
    from local.kusto.mapping import ColumnPlan


def read_rows(
    content: bytes, data_format: DataFormat, plans: Sequence[ColumnPlan], *, skip_first: bool, source: str
) -> ArrowTable:
    """The rows as an Arrow table with one column per plan, in the plans' order.

    ``skip_first`` leaves out the first record of delimited formats only, as ``ignoreFirstRecord`` does. Raises
    ``MalformedError`` for content that is not of the format, ``KustoError`` for an open quote.
    """
    if mapping_kind(data_format) is MappingKind.CSV:
        text = read_delimited(content, data_format, skip_first=skip_first)
        columns = [_from_text(text, plan, source) for plan in plans]
        rows = text.rows
    else:
        documents = read_documents(content, data_format)
        columns = [_from_documents(documents, plan, plans, source) for plan in plans]
        rows = len(documents)
    if not rows:
        columns = [pa.array([], plan.column.type.arrow) for plan in plans]
    columns = [bounded(values, plan.column) for values, plan in zip(columns, plans, strict=True)]
    return pa.Table.from_arrays(columns, names=[plan.column.name for plan in plans])


def _from_text(text: TextColumns, plan: ColumnPlan, source: str) -> Array:
    kind = plan.column.type
    if plan.constant is not None:
        return constant_column(plan.constant, kind, text.rows)
    if plan.transform is not None:
        fields: Sequence[Json] = [None] * text.rows if plan.ordinal is None else text.column(plan.ordinal).to_pylist()
        values = [
            transform(field, plan.transform, line=line, source=source, mapped=())
            for line, field in enumerate(fields, start=1)
        ]
        return json_column(values, kind)
    if plan.ordinal is None:
        return missing_column(kind, text.rows)
    return text_column(text.column(plan.ordinal), kind)


def _from_documents(documents: Sequence[Document], plan: ColumnPlan, plans: Sequence[ColumnPlan], source: str) -> Array:
    kind = plan.column.type
    if plan.constant is not None:
        return constant_column(plan.constant, kind, len(documents))
    if plan.path is None and plan.transform is None:
        return missing_column(kind, len(documents))
    steps = plan.path or ()
    values: list[Json] = [look_up(document, steps) for document in documents]
    if plan.transform is not None:
        depth = len(steps)
        mapped = [p.path[depth:] for p in plans if p.path and len(p.path) > depth and p.path[:depth] == steps]
        values = [
            transform(value, plan.transform, line=line, source=source, mapped=mapped)
            for line, value in enumerate(values, start=1)
        ]
    return json_column(values, kind)
