"""Every shell script of the repository and of its workflows passes shellcheck; `.ci/bicep` does what it says."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SHELLCHECK = str(Path(sys.executable).with_name("shellcheck"))
#: Checked beside the tests of what they do, in tests/unit/local/test_dev_script.py.
ELSEWHERE = {"dev", ".ci/run"}


def tracked_and_new() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - the developer's git
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in sorted(listed.split("\0")) if name]


def scripts() -> list[str]:
    """By suffix or first line, so that a new script cannot be forgotten."""
    found = []
    for path in tracked_and_new():
        if not path.is_file():
            continue
        with path.open("rb") as opened:
            first = opened.readline(100)
        if path.suffix in {".sh", ".bash"} or (first.startswith(b"#!") and b"sh" in first.split(b"/")[-1]):
            found.append(path.relative_to(ROOT).as_posix())
    return found


def workflow_steps() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / ".github" / "workflows").glob("*.y*ml")):
        for name, job in yaml.safe_load(file.read_text("utf-8"))["jobs"].items():
            for number, step in enumerate(job["steps"]):
                if "run" in step:
                    yield f"{file.name}:{name}:{number}", step["run"]


def test_the_scripts_that_we_know_of_are_found() -> None:
    assert {*ELSEWHERE, ".ci/bicep"} <= set(scripts())


@pytest.mark.parametrize("file", [name for name in scripts() if name not in ELSEWHERE])
def test_shellcheck_finds_nothing(file: str) -> None:
    checked = subprocess.run([SHELLCHECK, str(ROOT / file)], capture_output=True, text=True, check=False)  # noqa: S603 - our own

    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize(("where", "text"), list(workflow_steps()), ids=[where for where, _ in workflow_steps()])
def test_shellcheck_finds_nothing_in_workflow_steps(where: str, text: str) -> None:
    checked = subprocess.run(  # noqa: S603 - our own
        [SHELLCHECK, "--shell", "bash", "-"], input=text, capture_output=True, text=True, check=False
    )

    assert (where, checked.returncode, checked.stdout) == (where, 0, "")


def compiler(folder: Path, script: str) -> Path:
    """A stand-in for the Bicep CLI: `$1` is --version, build or lint, `$2` the file."""
    program = folder / "bicep"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "$1 $2" >>\'{folder / "asked"}\'\n{script}\n', "utf-8"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def check_bicep(compiler: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own script
        ["/bin/sh", str(ROOT / ".ci" / "bicep")], env={"PATH": os.environ["PATH"], "BICEP_CLI": str(compiler)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_bicep_files_are_built_and_linted(tmp_path: Path) -> None:
    done = check_bicep(compiler(tmp_path, "echo '{}'"))

    files = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "infra").rglob("*.bicep"))
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted((tmp_path / "asked").read_text("utf-8").split("\n")[:-1]) == sorted(
        f"{action} {file}" for action in ("build", "lint") for file in files
    )


@pytest.mark.parametrize("kind", ["Warning", "Error"])
@pytest.mark.parametrize("action", ["build", "lint"])
def test_a_finding_of_the_compiler_fails_even_when_the_compiler_does_not(
    tmp_path: Path, kind: str, action: str
) -> None:
    finding = f"infra/eventsub.bicep(3,7) : {kind} BCP318: may be null"

    done = check_bicep(compiler(tmp_path, f'case "$1$2" in {action}*eventsub.bicep) echo "{finding}" >&2 ;; esac'))

    assert done.returncode == 1
    assert finding in done.stderr
    assert f"== bicep {action} infra/eventsub.bicep: exit code 0" in done.stderr


def test_the_compilers_own_failure_fails_and_every_file_is_still_checked(tmp_path: Path) -> None:
    done = check_bicep(compiler(tmp_path, 'case "$2" in */eventsub.bicep) echo broken >&2; exit 3 ;; esac'))

    assert done.returncode == 1
    assert done.stderr.count("exit code 3") == 2
    assert "modules/" in (tmp_path / "asked").read_text("utf-8")


def test_without_a_compiler_it_says_so(tmp_path: Path) -> None:
    done = check_bicep(tmp_path / "none")

    assert done.returncode == 1
    assert "Install the Bicep CLI" in done.stderr
