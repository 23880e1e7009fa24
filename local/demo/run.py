"""`./dev demo`: a stack of its own on free ports, the steps, the report."""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from local.cli import interrupt
from local.cli.rows import table_of
from local.demo.report import MismatchError, Report, Step
from local.demo.steps import TOP, Steps
from local.demo.storms import file_of_bytes, file_of_rows
from local.hooks import new_secret
from local.kql import Answer, Cluster
from local.paths import ROOT, RUN
from local.problems import LocalError
from local.stack import Options, Stack
from shared.webhooks.schemes import Scheme

_LARGE = 12_000_000  # bytes; over the 4 MiB that may stream
_SECRET = "GITHUB_WEBHOOK_SECRET"  # noqa: S105 - the setting's name


def demo(*, rows: int, seed: int, as_json: bool, keep: bool) -> int:
    """Run it; the exit code, 0 only if every step saw what it had to see.

    Args:
        rows: Rows of the small file.
        seed: Of its rows.
        as_json: Print the report as JSON instead of tables.
        keep: Leave logs, blobs and tables behind.

    Raises:
        LocalError: The stack did not start.
    """
    RUN.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=RUN))
    secret = new_secret(Scheme.GITHUB)
    options = Options(
        logs=folder / "logs",
        location=folder / "data" if keep else None,
        routes=ROOT / "routes.toml",
        env={_SECRET: secret},
        schema=False,
    )
    stack = Stack(options)
    run = _Run(stack, secret, folder)
    code = interrupt.run(run.main(rows, seed, as_json=as_json), at_once=stack.kill)
    if code == 0 and not keep:
        shutil.rmtree(folder, ignore_errors=True)
    return code


class _Run:
    """One run; collects the steps as they are done."""

    def __init__(self, stack: Stack, secret: str, folder: Path) -> None:
        self._stack = stack
        self._secret = secret
        self._folder = folder
        self._began = time.perf_counter()
        self._started = 0.0
        self._steps: list[Step] = []
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)

    async def main(self, rows: int, seed: int, *, as_json: bool) -> int:
        """Start, run the steps, end, report."""
        mismatch, top = None, None
        try:
            top = await self._in_stack(rows, seed)
        except MismatchError as found:
            mismatch = found
            self._steps.append(found.step)
        except LocalError as error:
            raise LocalError(f"{error}\nLogs: {self._folder}") from error
        self._report(top, as_json=as_json)
        if mismatch is not None:
            self._console.print(f"The demo stopped: {mismatch}\nLogs: {self._folder}", style="bold red", markup=False)
            return 1
        return 0

    async def _in_stack(self, rows: int, seed: int) -> Answer | None:
        with self._console.status("Starting Azurite, the local Kusto and the Functions host") as status:
            async with self._stack as stack:
                self._started = time.perf_counter() - self._began
                self._console.print(f"started in {self._started:.1f} s", style="dim")
                status.update("Running the steps")
                return await stack.guarded(self._all_steps(rows, seed))

    async def _all_steps(self, rows: int, seed: int) -> Answer | None:
        small, large = file_of_rows(rows, seed=seed), file_of_bytes(_LARGE, seed=seed + 1)
        (self._folder / "stormevents.csv").write_bytes(small.content)
        endpoints = self._stack.endpoints
        with Cluster(endpoints.kusto, endpoints.database) as cluster:
            steps = Steps(endpoints, cluster, self._secret)
            async for step in steps.run(small, large):
                self._steps.append(step)
                mode = f", {step.mode}" if step.mode else ""
                self._console.print(f"  {step.does}: {step.seen:,}{mode}, {step.milliseconds:,.0f} ms", markup=False)
            return steps.top

    def _report(self, top: Answer | None, *, as_json: bool) -> None:
        records = top.records() if top else ()
        report = Report(
            steps=tuple(self._steps),
            start_seconds=round(self._started, 2),
            seconds=round(time.perf_counter() - self._began, 2),
            top=records[0] if records else {},
            logs=str(self._folder),
        )
        if as_json:
            sys.stdout.write(report.to_json() + "\n")
            return
        console = Console(highlight=False)
        console.print(report.table())
        if top is not None:
            console.print(TOP, style="bold", markup=False)
            console.print(table_of(top))
        console.print(f"{report.seconds:.1f} s in all.")
