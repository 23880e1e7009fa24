"""The Bicep compiler: found wherever azd, the Azure CLI or the person has put it."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

#: Variables that name a Bicep CLI: azd's own, and ours.
_VARIABLES = ("AZD_BICEP_TOOL_PATH", "BICEP_CLI")
_SECONDS = 180


class CompilerError(Exception):
    """There is no Bicep compiler, or it refused the file."""


def compile_template(file: Path, *, environ: Mapping[str, str]) -> dict[str, object]:
    """The ARM template of a Bicep file.

    Raises:
        CompilerError: with the compiler's own words where it has some.
    """
    argv = command(file, environ=environ)
    try:
        done = subprocess.run(  # noqa: S603 - the person's own compiler, on our own file
            argv, capture_output=True, text=True, encoding="utf-8", timeout=_SECONDS, check=False, env=dict(environ)
        )
    except (OSError, subprocess.TimeoutExpired) as broken:
        raise CompilerError(f"{argv[0]} did not run: {broken}") from None
    if done.returncode:
        raise CompilerError(f"{argv[0]} exited with code {done.returncode}:\n{done.stderr.strip()}")
    try:
        template: object = json.loads(done.stdout)
    except ValueError:
        template = None
    if not isinstance(template, dict) or "resources" not in template:
        raise CompilerError(f"{argv[0]} printed no ARM template for {file.name}")
    return template


def command(file: Path, *, environ: Mapping[str, str]) -> list[str]:
    """The command line that prints the compiled file.

    Looked for in this order: AZD_BICEP_TOOL_PATH, BICEP_CLI, `bicep` on PATH, the copy that azd downloads to
    `bin` of its configuration folder (azd's pkg/tools/bicep), and `az bicep`.

    Raises:
        CompilerError: there is none.
    """
    for variable in _VARIABLES:
        if named := environ.get(variable):
            if found := shutil.which(named, path=environ.get("PATH")):
                return [found, "build", str(file), "--stdout"]
            raise CompilerError(f"{variable} names {named}, which is no program")
    path = environ.get("PATH", os.defpath)
    if found := shutil.which("bicep", path=path) or shutil.which(str(_of_azd(environ))):
        return [found, "build", str(file), "--stdout"]
    if found := shutil.which("az", path=path):
        return [found, "bicep", "build", "--file", str(file), "--stdout", "--only-show-errors"]
    raise CompilerError("no Bicep compiler was found")


def _of_azd(environ: Mapping[str, str]) -> Path:
    home = environ.get("AZD_CONFIG_DIR")
    folder = Path(home) if home else Path.home() / ".azd"
    return folder / "bin" / ("bicep.exe" if os.name == "nt" else "bicep")
