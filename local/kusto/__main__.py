"""``python -m local.kusto``: one local Kusto, engine and ingestion endpoint on one port."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.kusto import dm, faults
from local.kusto.engine import Engine
from local.kusto.latency import parse_latency
from local.kusto.limits import Limits
from local.kusto.server import build_app, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.kusto.extension import Extension

_DEFAULT: Final = Limits()
_SWITCH: Final = 0.0005
"""Seconds: the event loop waits for its turn on each piece of a body while threads parse; 5 ms is Python's default."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.kusto",
        description="A local Kusto with streaming and queued ingestion. Prints one line of JSON when it is ready.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one (default)")
    parser.add_argument(
        "--storage",
        metavar="CONNECTION_STRING",
        help="Azure Storage (Azurite) for queued ingestion; without it there is streaming ingestion only",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the databases here (default: in memory)")
    parser.add_argument(
        "--database", action="append", metavar="NAME", help="database to create; may be repeated (default: Events)"
    )
    parser.add_argument(
        "--cores",
        type=int,
        default=_DEFAULT.cores,
        help="cores of the pretended cluster: six streaming requests at once for each (default: %(default)s)",
    )
    parser.add_argument(
        "--requests-per-second",
        type=_rate,
        metavar="N",
        help="answer 429 to streaming requests beyond N a second (default: no limit, the service documents none)",
    )
    parser.add_argument(
        "--latency",
        type=_latency_text,
        default="none",
        metavar="none|documented|MS",
        help="time that a streaming request takes (default: none)",
    )
    parser.add_argument(
        "--propagation",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="age of the schema that streaming ingestion sees; up to 300 in the service (default: 0)",
    )
    parser.add_argument("--verbose", action="store_true", help="log every step to stderr")
    faults.add_arguments(parser)
    dm.add_arguments(parser)
    return parser


def _latency_text(text: str) -> str:
    try:
        parse_latency(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither none, documented nor milliseconds") from None
    return text


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests above 0")
    return rate


async def _serve(arguments: argparse.Namespace) -> None:
    sys.setswitchinterval(_SWITCH)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    limits = replace(
        _DEFAULT,
        cores=arguments.cores,
        propagation=arguments.propagation,
        requests_per_second=arguments.requests_per_second,
    )
    engine = Engine(folder=arguments.data, limits=limits)
    try:
        for name in arguments.database or ["Events"]:
            engine.create_database(name)
        extensions: list[Extension] = [
            faults.from_arguments(engine, arguments),
            dm.from_arguments(engine, arguments),
        ]
        app = build_app(engine, extensions, latency=parse_latency(arguments.latency))
        async with serving(app, host=arguments.host, port=arguments.port) as url:
            sys.stdout.write(json.dumps({"ready": "kusto", "url": url, "ingestUrl": url}) + "\n")
            sys.stdout.flush()
            await stop.wait()
    finally:
        await asyncio.to_thread(engine.close)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; 0 after a clean end, 2 for what cannot be started."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    if parsed.cores < 1:
        parser.error("--cores: at least 1")
    logging.basicConfig(
        level=logging.DEBUG if parsed.verbose else logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s kusto %(levelname)s %(name)s: %(message)s",
    )
    if not _is_loopback(parsed.host):
        logging.getLogger(__name__).warning(
            "listening on %s: anybody who reaches it can read and change everything", parsed.host
        )
    try:
        asyncio.run(_serve(parsed))
    except dm.StorageError as error:
        sys.stderr.write(f"kusto: --storage: {error}\n")
        return 2
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        sys.stderr.write(
            f"kusto: cannot listen on {parsed.host}:{parsed.port}: {reason}. "
            "Choose another --port, or 0 for a free one.\n"
        )
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
