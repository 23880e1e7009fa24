"""``.show operations``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.kusto.commands.registry import Call, entries
from local.kusto.commands.shapes import listed
from local.kusto.moments import timespan_text

if TYPE_CHECKING:
    from local.kusto.commands.reader import Reader
    from local.kusto.model import ResultTable
    from local.kusto.operations import Operation

_COLUMNS: Final = (
    ("OperationId", "guid"),
    ("Operation", "string"),
    ("NodeId", "string"),
    ("StartedOn", "datetime"),
    ("LastUpdatedOn", "datetime"),
    ("Duration", "timespan"),
    ("State", "string"),
    ("Status", "string"),
)


def show_operations(call: Call) -> ResultTable:
    """``.show operations [ID | (ID, …)]``."""
    asked = _ids(call.reader)
    call.reader.end()
    known = call.engine.operations.listed()
    return listed(_COLUMNS, [_row(operation) for operation in known if asked is None or operation.id in asked])


def _ids(reader: Reader) -> set[str] | None:
    return {name.lower() for name in reader.names()} if reader.rest.strip() else None


def _row(operation: Operation) -> tuple[object, ...]:
    return (
        operation.id,
        operation.name,
        "",
        operation.started.isoformat().replace("+00:00", "Z"),
        operation.updated.isoformat().replace("+00:00", "Z"),
        timespan_text((operation.updated - operation.started).total_seconds()),
        operation.state.value,
        operation.status,
    )


ENTRIES = entries((".show operations", show_operations))
