"""Log lines of host, worker and app, on stderr."""

import logging
import sys
from collections.abc import Mapping

from local.functions.worker import current_invocation

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}
# Each is one line or more a request at INFO, and says nothing about the app.
_QUIET = ("azure.functions", "azure.core.pipeline.policies.http_logging_policy", "azure.identity", "asyncio")


class _Invocation(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        current = current_invocation()
        record.invocation = f" {current[:8]}" if current else ""
        return True


def start_logging(levels: Mapping[str, str]) -> None:
    """Send all logging to stderr, each line with the start of its invocation id.

    Args:
        levels: host.json's ``logging.logLevel``; ``default`` is the level of the root logger.
    """
    output = logging.StreamHandler(sys.stderr)
    output.addFilter(_Invocation())
    output.setFormatter(
        logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)s %(name)s%(invocation)s: %(message)s", "%H:%M:%S")
    )
    root = logging.getLogger()
    root.addHandler(output)
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name, level in levels.items():
        target = root if name.lower() == "default" else logging.getLogger(name)
        target.setLevel(_LEVELS.get(level.lower(), logging.INFO))
