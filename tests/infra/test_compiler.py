"""The real compiler and linter, where they are installed: the authority on types and properties."""

import os
import shutil
import subprocess

import pytest

from local.paths import ROOT

_BICEP = os.environ.get("BICEP_CLI") or shutil.which("bicep")
_SCRIPT = ROOT / ".ci" / "bicep"


@pytest.mark.skipif(
    _BICEP is None,
    reason="no Bicep CLI: neither BICEP_CLI nor `bicep` on PATH. The job `infra` of .github/workflows/ci.yml runs this",
)
def test_every_file_compiles_and_the_linter_is_silent() -> None:
    environment = {**os.environ, "BICEP_CLI": str(_BICEP)}
    argv = ["/bin/sh", str(_SCRIPT)]

    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=600)  # noqa: S603 - our own script

    assert done.returncode == 0, done.stderr


def test_continuous_integration_runs_the_compiler() -> None:
    """So that a skip here is no gap."""
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")

    assert "sh .ci/bicep" in workflow
    assert " build " in _SCRIPT.read_text(encoding="utf-8")
    assert " lint " in _SCRIPT.read_text(encoding="utf-8")
