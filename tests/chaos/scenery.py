"""What the stories play in: tables, routes, a clock that skips what it would wait for, and the log."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "webhook-secret-of-the-chaos-tests"
LANDING = "landing"
ROUTES = """
[routes.lines]
table = "Lines"
format = "csv"

[routes.events]
table = "Docs"
format = "json"
mapping = "docs"

[routes.queued]
table = "Lines"
format = "csv"
streaming = "never"

[routes.hooks]
table = "Docs"
mapping = "docs"
webhook = { scheme = "github", secret = "CHAOS_SECRET" }

[routes.files]
table = "Lines"
format = "csv"
blobs = ["files/**"]
"""
SCHEMA = (
    ".create table Lines (Id:string, Text:string)",
    ".create table Docs (Id:string, Data:dynamic)",
    """.create table Docs ingestion json mapping "docs"
    '[{"Column":"Id","Properties":{"Path":"$.id"}},{"Column":"Data","Properties":{"Path":"$.data"}}]'""",
    ".alter database Events policy streamingingestion enable",
)


class SkippingClock:
    """The machine's clock, except that waiting costs nothing: it moves the clock instead."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped

    def now(self) -> float:
        return time.time() + self.skipped

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.skipped += seconds
        await asyncio.sleep(0)


class Captured(logging.Handler):
    """Every line that this process logs, but for the local Kusto's own."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("local.", "asyncio", "hypothesis")):
            self.lines.append(self.format(record))


@contextmanager
def captured() -> Iterator[Captured]:
    """What is logged meanwhile, at the level that host.json asks for."""
    root, log = logging.getLogger(), Captured()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.INFO)
    try:
        yield log
    finally:
        root.setLevel(level)
        root.removeHandler(log)
