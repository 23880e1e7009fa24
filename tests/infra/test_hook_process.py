"""The hook as azd runs it: a script of its own process, in its folder, with azd's and Bicep's programs on PATH."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.hook.arm import TOKEN, ArmStandIn, Asked, azd_environment, error, keys, without_secrets

HOOKS = Path(__file__).parents[2] / "infra" / "hooks"
SECONDS = 60


def program(path: Path, text: str) -> None:
    path.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def environ(arm: ArmStandIn, tmp_path: Path) -> dict[str, str]:
    """`azd auth token` as azd 1.31 answers it, and a compiler; nothing else is on PATH."""
    token = {"token": TOKEN, "expiresOn": "2099-01-01T00:00:00Z"}
    program(
        tmp_path / "azd",
        f"import sys\nassert sys.argv[1:3] == ['auth', 'token'], sys.argv\nprint({json.dumps(token)!r})\n",
    )
    program(tmp_path / "bicep", f"print({json.dumps({'resources': []})!r})\n")
    kept = {name: os.environ[name] for name in ("HOME", "SYSTEMROOT", "LANG") if name in os.environ}
    return {**kept, **azd_environment(arm), "PATH": f"{tmp_path}:/bin:/usr/bin", "NO_PROXY": "127.0.0.1"}


def run(environ: dict[str, str], *argv: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own script
        [python, str(HOOKS / "postdeploy.py"), *argv],
        cwd=HOOKS, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_with_the_login_of_azd(environ: dict[str, str], arm: ArmStandIn) -> None:
    done = run(environ)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("postdeploy: done: new blobs of stevents")
    assert {seen.authorization for seen in arm.seen} == {f"Bearer {TOKEN}"}
    assert without_secrets((done.stdout, done.stderr))


def test_a_refusal_ends_with_code_1_and_no_traceback(environ: dict[str, str], arm: ArmStandIn) -> None:
    arm.script(Asked.DEPLOY, error(403, "AuthorizationFailed", "not allowed"))

    done = run(environ)

    assert done.returncode == 1
    assert "AuthorizationFailed: not allowed" in done.stderr
    assert "Traceback" not in done.stderr
    assert without_secrets((done.stdout, done.stderr))


def test_nobody_signed_in_to_anything(environ: dict[str, str], arm: ArmStandIn, tmp_path: Path) -> None:
    program(tmp_path / "azd", "import sys\nsys.exit('ERROR: not logged in, run `azd auth login` to login')\n")
    program(tmp_path / "az", "import sys\nsys.exit(\"Please run 'az login' to setup account.\")\n")

    done = run(environ)

    assert done.returncode == 1
    assert "azd auth login --client-id" in done.stderr
    assert "Traceback" not in done.stderr
    assert arm.seen == []


def test_control_c_ends_it_at_once(environ: dict[str, str], arm: ArmStandIn) -> None:
    arm.script(Asked.KEYS, keys())
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, str(HOOKS / "postdeploy.py")],
        cwd=HOOKS, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        for line in running.stdout:
            if "no blobs_extension key yet" in line:
                break
        running.send_signal(signal.SIGINT)
        _, complaints = running.communicate(timeout=SECONDS)

    assert running.returncode == 130
    assert complaints == "postdeploy: interrupted. What Azure has begun goes on; running this again is safe.\n"


def test_help_needs_nothing(environ: dict[str, str]) -> None:
    done = run({"PATH": environ["PATH"]}, "--help")

    assert done.returncode == 0
    for word in ("--timeout", "azd hooks run postdeploy", "AZURE_FUNCTION_NAME", "BICEP_CLI", "exit codes"):
        assert word in done.stdout


def test_without_its_package_it_says_how_to_get_it(environ: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-S", "-E", str(HOOKS / "postdeploy.py")],
        cwd=HOOKS, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "the package azure" in done.stderr
    assert "azd hooks run postdeploy" in done.stderr
