"""Printing rows: as a table, as lists, as JSON, as CSV."""

import csv
import json
import sys
from typing import Any, TextIO, assert_never

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.cli.kusto_commands import Format
from local.kql import Answer

_NUMERIC = {"int", "long", "real", "decimal"}


def write(answer: Answer, layout: Format, out: TextIO | None = None) -> None:
    """Print an answer on stdout, or on `out`."""
    file = out or sys.stdout
    match layout:
        case Format.TABLE:
            console = Console(file=file)
            console.print(table_of(answer))
            console.print(f"{len(answer.rows)} row{'' if len(answer.rows) == 1 else 's'}", style="dim")
        case Format.LIST:
            file.write(lists_of(answer))
        case Format.JSON:
            json.dump(answer.records(), file, ensure_ascii=False, indent=2, default=str)
            file.write("\n")
        case Format.CSV:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(answer.columns)
            rows.writerows([_text(value) for value in row] for row in answer.rows)
        case _:
            assert_never(layout)


def table_of(answer: Answer) -> Table:
    """The rows as a table."""
    table = Table()
    for name, kind in zip(answer.columns, answer.types, strict=True):
        table.add_column(Text(name), justify="right" if kind in _NUMERIC else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text(_text(value)) for value in row))
    return table


def lists_of(answer: Answer) -> str:
    """Each row as `column - value` lines, rows apart by an empty line."""
    width = max((len(name) for name in answer.columns), default=0)
    blocks = [
        "".join(f"{name:<{width}} - {_text(value)}\n" for name, value in zip(answer.columns, row, strict=True))
        for row in answer.rows
    ]
    return "\n".join(blocks)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
