"""`./dev` itself, as far as it can be seen without installing anything: on a copy of the checkout's few files."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("sh", "dirname", "readlink", "cat", "cksum", "ln", "rm", "mv", "mkdir", "cp", "sleep")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that looks as if it was set up: a venv whose Python prints what it is called with, and a node."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("dev", "package.json", "requirements-dev.txt", ".python-version"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def set_up(checkout: Path) -> None:
    """What a set-up leaves behind, with programs that print."""
    script(checkout / ".dev/venv/bin/python", 'printf "%s|" "$PWD" "$@"')
    script(checkout / ".dev/node/bin/node", "exit 1")
    (checkout / ".dev/venv/stamp").write_text(f"1 3.13 {cksum(checkout / 'requirements-dev.txt')}")
    (checkout / ".dev/node/stamp").write_text(f"1 {cksum(checkout / 'package.json')}")


def cksum(file: Path) -> str:
    with file.open() as stdin:
        return subprocess.run(["cksum"], stdin=stdin, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607


def bare_path(tmp_path: Path) -> str:
    """A PATH with a POSIX system's tools and no Python, uv or Node.js."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        if not (folder / tool).exists():
            (folder / tool).symlink_to(found)
    return str(folder)


def run(
    dev: Path, *arguments: str, cwd: Path, path: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        ["sh", str(dev), *arguments],  # noqa: S607 - whatever sh there is
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PATH": path} | dict(env or {}),
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("file", ["dev", ".ci/run"])
def test_shellcheck_finds_nothing(file: str) -> None:
    checked = subprocess.run(  # noqa: S603 - our own command
        [str(Path(sys.executable).with_name("shellcheck")), str(ROOT / file)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.stdout == ""
    assert checked.returncode == 0


def test_with_its_stamps_right_it_only_runs_the_command(checkout: Path, tmp_path: Path) -> None:
    set_up(checkout)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    ran = run(checkout / "dev", "query", "a | b", cwd=elsewhere, path=bare_path(tmp_path))

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"{elsewhere}|-P|-m|local|query|a | b|"


def test_it_finds_its_checkout_through_links(checkout: Path, tmp_path: Path) -> None:
    set_up(checkout)
    (tmp_path / "first").symlink_to(checkout / "dev")
    (tmp_path / "second").symlink_to("first")

    ran = run(tmp_path / "second", "up", cwd=Path("/"), path=bare_path(tmp_path))

    assert (ran.returncode, ran.stdout) == (0, "/|-P|-m|local|up|")


def test_without_any_python_it_says_what_to_install(checkout: Path, tmp_path: Path) -> None:
    ran = run(checkout / "dev", cwd=tmp_path, path=bare_path(tmp_path))

    assert ran.returncode == 1
    assert "Install Python 3.13 or uv" in ran.stderr
    assert not (checkout / ".dev/lock").is_symlink()


def test_a_shim_that_does_not_run_is_no_python(checkout: Path, tmp_path: Path) -> None:
    path = bare_path(tmp_path)
    script(tmp_path / "bin/python3.13", 'echo "pyenv: python3.13: command not found" >&2; exit 127')

    ran = run(checkout / "dev", cwd=tmp_path, path=path)

    assert ran.returncode == 1
    assert "Install Python 3.13 or uv" in ran.stderr


def test_a_python_without_venv_and_pip_is_named(checkout: Path, tmp_path: Path) -> None:
    path = bare_path(tmp_path)
    script(tmp_path / "bin/python3", 'case "$2" in *3,\\ 8*) exit 0 ;; *) exit 1 ;; esac')

    ran = run(checkout / "dev", cwd=tmp_path, path=path)

    assert ran.returncode == 1
    assert "python3 can make no virtual environment and has no pip" in ran.stderr


@pytest.mark.parametrize(
    ("changed", "done"),
    [
        ("requirements-dev.txt", "Python packages of requirements-dev.txt"),
        (".python-version", "Python packages of requirements-dev.txt"),
        ("package.json", "no Node.js 20 or newer"),
    ],
)
def test_changed_requirements_set_up_again(checkout: Path, tmp_path: Path, changed: str, done: str) -> None:
    set_up(checkout)
    with (checkout / changed).open("a") as file:
        file.write("\n# changed\n")

    ran = run(checkout / "dev", cwd=tmp_path, path=bare_path(tmp_path))

    assert done in ran.stderr


def test_the_lock_of_a_process_that_is_gone_is_taken_over(checkout: Path, tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])  # noqa: S607 - any program that ends
    gone.wait()
    (checkout / ".dev").mkdir()
    (checkout / ".dev/lock").symlink_to(str(gone.pid))

    ran = run(checkout / "dev", cwd=tmp_path, path=bare_path(tmp_path))

    assert "Install Python 3.13 or uv" in ran.stderr  # it went on to the set-up
    assert not (checkout / ".dev/lock").is_symlink()


def test_a_second_run_waits_for_the_first_and_uses_its_work(checkout: Path, tmp_path: Path) -> None:
    (checkout / ".dev").mkdir()
    lock = checkout / ".dev/lock"
    lock.symlink_to(str(os.getpid()))
    path = bare_path(tmp_path)
    ran: list[subprocess.CompletedProcess[str]] = []
    waiting = threading.Thread(target=lambda: ran.append(run(checkout / "dev", cwd=tmp_path, path=path)))
    waiting.start()

    set_up(checkout)
    lock.unlink()
    waiting.join(60)

    assert ran[0].returncode == 0
    assert ran[0].stdout == f"{tmp_path}|-P|-m|local|"
