"""The postdeploy hook in this process: fixtures and stand-ins around its command line."""

import json
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.identity import CredentialUnavailableError

from infra.hooks.eventsub import cli
from tests.infra.hook.arm import (
    TOKEN,
    ArmStandIn,
    arm_stand_in,
    azd_environment,
    without_secrets,
)

TEMPLATE = {
    "$schema": "s",
    "parameters": {},
    "resources": [{"type": "Microsoft.EventGrid/systemTopics/eventSubscriptions"}],
}


@dataclass(slots=True)
class FakeClock:
    """Time that passes only by sleeping."""

    at: float = 500.0
    slept: list[float] = field(default_factory=list)
    on_sleep: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float, /) -> None:
        assert seconds > 0
        self.on_sleep()
        self.slept.append(seconds)
        self.at += seconds


class SignedIn:
    """A credential that always has the test's token."""

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken(TOKEN, 2**31)


class SignedOut:
    """What azure-identity does where neither azd nor the Azure CLI is signed in."""

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        raise CredentialUnavailableError(message="Please run 'azd auth login' from a command prompt to authenticate.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(slots=True)
class Hook:
    """Runs the hook in this process. Whatever a test is about, nothing secret may be printed."""

    arm: ArmStandIn
    environ: dict[str, str]
    capsys: pytest.CaptureFixture[str]
    clock: FakeClock = field(default_factory=FakeClock)
    credential: Any = field(default_factory=SignedIn)

    def run(self, *argv: str, environ: Mapping[str, str] | None = None) -> Ended:
        code = cli.main(argv, environ=environ or self.environ, clock=self.clock, credential=self.credential)
        out, err = self.capsys.readouterr()
        assert without_secrets((out, err))
        return Ended(code=code, out=out, err=err)


def compiler(folder: Path, prints: str, *, code: int = 0, says: str = "") -> Path:
    """A program that is called like the Bicep CLI and notes how."""
    program = folder / "bicep-stand-in"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"open({str(folder / 'argv')!r}, 'a').write(repr(sys.argv[1:]) + '\\n')\n"
        f"sys.stderr.write({says!r})\nsys.stdout.write({prints!r})\nsys.exit({code})\n",
        encoding="utf-8",
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


@pytest.fixture
def arm() -> Iterator[ArmStandIn]:
    with arm_stand_in() as started:
        yield started


@pytest.fixture
def hook(arm: ArmStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Hook:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    bicep = compiler(tmp_path, json.dumps(TEMPLATE))
    return Hook(arm=arm, environ={**azd_environment(arm), "BICEP_CLI": str(bicep), "PATH": ""}, capsys=capsys)
