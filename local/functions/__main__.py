"""``python -m local.functions``: run the function app of a folder, without Azure and without Core Tools."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from local.functions.host import Options, Ready, serve
from local.functions.keys import Keys, new_key
from local.functions.worker import AppError

_STORAGE_CONNECTIONS = ("AzureWebJobsStorage", "LANDING")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the host until SIGINT or SIGTERM; the exit code is 0 after an orderly end, 1 when it cannot run."""
    options = parse_options(arguments)
    # The ready line is the only one on stdout; what the app prints goes with the logs.
    output, sys.stdout = sys.stdout, sys.stderr
    try:
        asyncio.run(_run(options, output))
    except AppError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


async def _run(options: Options, output: TextIO) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            os._exit(1)  # asked twice: do not wait for running calls
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    await serve(options, lambda ready: _announce(ready, options.keys, output), stop)


def _announce(ready: Ready, keys: Keys, output: TextIO) -> None:
    line = {
        "ready": "functions",
        "url": ready.url,
        "functionKey": keys.function,
        "adminKey": keys.admin,
        "blobsExtensionKey": keys.blobs_extension,
        "functions": ready.functions,
    }
    output.write(json.dumps(line) + "\n")
    output.flush()


def parse_options(arguments: Sequence[str] | None) -> Options:
    """The command line, typed; ends the process with code 2 and a usage text where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m local.functions",
        description="Runs the functions of an app (Python v2 model) on the real Python worker: HTTP, blob events, "
        "queues, timers. Prints one line of JSON when ready; logs to stderr; Ctrl-C waits for running calls.",
    )
    parser.add_argument("--app", type=Path, required=True, metavar="DIR", help="folder of function_app.py")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=7071, help="0 = any free one (default: %(default)s)")
    parser.add_argument(
        "--storage",
        metavar="CONNECTION_STRING",
        help="storage account for AzureWebJobsStorage and LANDING, unless --env gives those",
    )
    parser.add_argument(
        "--env", action="append", default=[], type=_setting, metavar="NAME=VALUE", help="an app setting; repeatable"
    )
    parser.add_argument("--function-key", metavar="KEY", help="key of functions of level 'function' (default: random)")
    parser.add_argument("--admin-key", metavar="KEY", help="master key (default: random)")
    given = parser.parse_args(arguments)
    settings: dict[str, str] = dict(given.env)
    keys = Keys(function=given.function_key or new_key(), admin=given.admin_key or new_key())
    env = _with_storage(settings, given.storage)
    return Options(app_dir=given.app.resolve(), host=given.host, port=given.port, env=env, keys=keys)


def _with_storage(settings: dict[str, str], storage: str | None) -> dict[str, str]:
    if storage is None:
        return settings
    filled = {
        name: storage
        for name in _STORAGE_CONNECTIONS
        if not any(key == name or key.startswith(f"{name}__") for key in settings)
    }
    return filled | settings


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stderr.flush()
    # Azure ends a worker without running the app's exit code (no atexit, no finalisers); neither may an app keep
    # this process alive with a thread or fill its last lines with unclosed sessions of its own.
    os._exit(code)
