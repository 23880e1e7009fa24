"""`test`, `check` and `lock`: what the checks run, here and in CI."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import typer

from local.paths import INSTALLED, ROOT
from local.problems import LocalError

_PYTHON = sys.executable
# A file's tests stay together: they share servers that are started once for a process.
_PARALLEL = ("-n", "auto", "--dist", "loadfile")
_STAGES = (
    ("ruff check", (_PYTHON, "-m", "ruff", "check", ".")),
    ("ruff format", (_PYTHON, "-m", "ruff", "format", "--check", ".")),
    ("mypy", (_PYTHON, "-m", "mypy")),
    ("tests", (_PYTHON, "-m", "pytest", *_PARALLEL)),
)
_ANY_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel="Check", context_settings=_ANY_ARGUMENTS)(test)
    app.command(rich_help_panel="Check")(check)
    app.command(rich_help_panel="Check")(lock)


def test(ctx: typer.Context) -> None:
    """Run all tests, on all cores; with arguments, which go to pytest, on one.

    Examples:
      ./dev test
      ./dev test tests/unit -k routes -x
    """
    raise typer.Exit(run((_PYTHON, "-m", "pytest", *(ctx.args or _PARALLEL))))


def check() -> None:
    """Run ruff, mypy --strict and all tests; stops at the first that fails. CI runs the same.

    Example:
      ./dev check
    """
    for name, argv in _STAGES:
        typer.secho(f"== {name}", bold=True, err=True)
        began = time.monotonic()
        code = run(argv)
        verdict = "ok" if code == 0 else f"failed with exit code {code}"
        typer.secho(f"== {name}: {verdict}, {time.monotonic() - began:.1f} s", bold=True, err=True)
        if code:
            raise typer.Exit(code)


def lock(
    *, upgrade: Annotated[bool, typer.Option("--upgrade", help="Take the newest versions that fit.")] = False
) -> None:
    """Write requirements.txt and requirements-dev.txt from the .in files: exact versions, no addresses.

    Examples:
      ./dev lock
      ./dev lock --upgrade
    """
    uv = _uv()
    options = ["--universal", "--python-version", "3.13", "--no-header", "--no-annotate", "--quiet"]
    options += ["--upgrade"] if upgrade else []
    for source, more in (("requirements", ()), ("requirements-dev", ("--constraint", "requirements.txt"))):
        argv = [uv, "pip", "compile", *options, *more, f"{source}.in", "--output-file", f"{source}.txt"]
        code = run(argv)
        if code:
            raise typer.Exit(code)
        typer.echo(f"wrote {source}.txt")


def run(argv: Sequence[str]) -> int:
    """Run a program in the checkout's folder; its exit code.

    Ctrl-C reaches it from the terminal: we wait for its own end. SIGTERM is passed on.
    """
    process: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, _: FrameType | None) -> None:
        if process is not None and number == signal.SIGTERM:
            process.terminate()

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        process = subprocess.Popen(argv, cwd=ROOT)
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _uv() -> str:
    own = INSTALLED / "uv" / "bin" / "uv"
    found = shutil.which("uv") or (str(own) if own.exists() else None)
    if found is None:
        code = run((_PYTHON, "-m", "pip", "install", "--quiet", "--target", str(INSTALLED / "uv"), "uv"))
        if code or not own.exists():
            raise LocalError("uv is not on PATH and could not be installed (see above). Install uv, then try again.")
        found = str(own)
    return found
