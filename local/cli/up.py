"""`./dev up` and `./dev kusto`: processes that stay until Ctrl-C."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local import endpoints as state
from local.cli import interrupt
from local.endpoints import Endpoints
from local.health import complaints
from local.paths import RUN
from local.processes import require_free
from local.stack import Options, Stack

_errors = Console(stderr=True, soft_wrap=True, highlight=False)


def up(options: Options, ports: Mapping[str, int], *, as_json: bool) -> int:
    """Start everything, say where it is, stay.

    Args:
        options: What to start.
        ports: The ports that must be free, by the command line option that changes each.
        as_json: Print one line of JSON on stdout instead of a table.

    Returns:
        The exit code: 0 after Ctrl-C or SIGTERM.

    Raises:
        LocalError: A port is in use, something did not start, or one of the processes died.
    """
    for option, port in ports.items():
        require_free(port, option)
    stack = Stack(options)
    return interrupt.run(_stay(stack, as_json=as_json), at_once=stack.kill)


def run_folder(name: str) -> Path:
    """The folder for the logs of a command that stays."""
    return RUN / name


async def _stay(stack: Stack, *, as_json: bool) -> int:
    ready = False
    try:
        async with stack:
            await _announce(stack, as_json=as_json)
            ready = True
            raise await stack.death()
    except asyncio.CancelledError:
        if not ready:
            raise
        return 0
    finally:
        state.clear()


async def _announce(stack: Stack, *, as_json: bool) -> None:
    endpoints = stack.endpoints
    if endpoints.functions and not state.save(endpoints):
        _errors.print("Another ./dev up is running: ./dev query and ./dev send keep using that one.")
    for complaint in await complaints(endpoints.functions) if stack.functions else ():
        _errors.print(f"[yellow]The app is not ready:[/] {complaint}", markup=True)
    if as_json:
        sys.stdout.write(endpoints.to_json() + "\n")
        sys.stdout.flush()
    else:
        _show(endpoints)


def _show(endpoints: Endpoints) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    rows = {
        "Functions": endpoints.functions,
        "Kusto": endpoints.kusto,
        "Kusto ingestion": endpoints.kusto_ingest,
        "Database": endpoints.database,
        "Blobs": endpoints.blob,
        "Queues": endpoints.queue,
        "Tables": endpoints.table,
        "Storage": endpoints.storage_connection_string,
        "Function key": endpoints.function_key,
        "Admin key": endpoints.admin_key,
        **endpoints.webhook_secrets,
        "Logs": endpoints.logs,
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, value)
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    console.print("Ready. Ctrl-C ends it all.")
