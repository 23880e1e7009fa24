"""What the demo found: one step after another, for people and for programs."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from local.problems import LocalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step, with what it expected and what it saw.

    Attributes:
        name: Short name, a key for programs.
        does: What it does, for people.
        expected: The count (or HTTP status) that must be seen.
        seen: The one that was seen.
        mode: How the rows came: `streaming` or `queued`, as the local Kusto's records of requests prove it; None where
            no rows came.
        expected_mode: How they had to come.
        milliseconds: From the start of the step until its rows could be queried (or until the answer).
        answer_milliseconds: Until the app had answered, for requests over HTTP.
    """

    name: str
    does: str
    expected: int
    seen: int
    milliseconds: float
    mode: str | None = None
    expected_mode: str | None = None
    answer_milliseconds: float | None = None

    @property
    def ok(self) -> bool:
        """Whether all was as expected."""
        return self.expected == self.seen and self.mode == self.expected_mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole run.

    Attributes:
        start_seconds: From the command's start until the stack was ready.
        seconds: The whole run so far.
        top: The row that `MyStormEvents | top 1 by EndTime` found.
        logs: Folder of the log files; empty when they are gone.
    """

    steps: tuple[Step, ...]
    start_seconds: float
    seconds: float
    top: dict[str, Any]
    logs: str

    def to_json(self) -> str:
        """For programs: every step, and its count, mode and latency by name."""
        steps = self.steps
        tree = {
            "ok": all(step.ok for step in steps),
            "counts": {step.name: step.seen for step in steps},
            "modes": {step.name: step.mode for step in steps if step.mode},
            "latencies_ms": {step.name: step.milliseconds for step in steps},
            "start_seconds": self.start_seconds,
            "seconds": self.seconds,
            "top": self.top,
            "logs": self.logs,
            "steps": [asdict(step) | {"ok": step.ok} for step in steps],
        }
        return json.dumps(tree, indent=2, ensure_ascii=False)

    def table(self) -> Table:
        """For people."""
        table = Table(title="What was seen", title_justify="left")
        table.add_column("Step")
        for name in ("Expected", "Seen", "Answer", "Visible"):
            table.add_column(name, justify="right")
        table.add_column("Mode")
        for step in self.steps:
            table.add_row(
                step.does,
                f"{step.expected:,}",
                f"{step.seen:,}",
                _milliseconds(step.answer_milliseconds),
                _milliseconds(step.milliseconds),
                step.mode or "",
                style=None if step.ok else "bold red",
            )
        return table


class MismatchError(LocalError):
    """A step did not see what it had to see."""

    def __init__(self, step: Step) -> None:
        modes = f", by {step.expected_mode} ingestion" if step.expected_mode else ""
        seen_mode = f", by {step.mode} ingestion" if step.mode else ""
        super().__init__(f"{step.does}: expected {step.expected:,}{modes}; seen {step.seen:,}{seen_mode}.")
        self.step = step


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f} ms"
