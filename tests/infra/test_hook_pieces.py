"""The hook's pure pieces: error envelopes, waiting, what may be printed, and where the compiler is found."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.hooks.eventsub import advice, compiler, deployment, host
from infra.hooks.eventsub.console import Console
from infra.hooks.eventsub.faults import Fault, innermost
from infra.hooks.eventsub.patience import LONGEST_PAUSE, OutOfTimeError, Patience, spoken
from infra.hooks.eventsub.target import BLOB_FUNCTION, Target
from tests.infra.hook.arm import BLOBS_KEY, COLD, ENDPOINT, HANDSHAKE, SUBSCRIPTION, TOKEN

ROOT = Path(__file__).parents[2]
HOOKS = ROOT / "infra" / "hooks"
OTHERWISE = Fault(code="HTTP 400", message="no body")
WORDS = st.text("abcdefghij XYZ", min_size=1, max_size=12).map(str.strip).filter(bool)
LEAF = st.builds(Fault, code=WORDS, message=WORDS.map(lambda text: " ".join(text.split())))

FIELD = st.sampled_from(["error", "details", "code", "message", "innererror"])
BODY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda some: st.lists(some) | st.dictionaries(FIELD, some),
)


def plain(fault: Fault) -> dict[str, Any]:
    return {"code": fault.code, "message": fault.message}


WRAPPERS: list[Callable[[dict[str, Any]], dict[str, Any]]] = [
    lambda inner: {"error": inner},
    lambda inner: {"code": "Outer", "message": "outer", "details": [inner]},
    lambda inner: {"code": "Outer", "message": "outer", "innererror": inner},
    lambda inner: {"code": "Outer", "message": json.dumps({"error": inner})},
    lambda inner: {"Code": "Outer", "Message": "outer", "Details": [{"Code": "Outer"}, inner]},
]


@given(LEAF, st.lists(st.sampled_from(WRAPPERS), max_size=6))
def test_the_innermost_error_is_found_in_any_envelope(
    leaf: Fault, wrappers: list[Callable[[dict[str, Any]], dict[str, Any]]]
) -> None:
    body = plain(leaf)
    for wrap in wrappers:
        body = wrap(body)

    assert innermost(body, otherwise=OTHERWISE) == (leaf,)


@given(BODY)
def test_no_body_breaks_the_reading(body: object) -> None:
    assert innermost(body, otherwise=OTHERWISE)


def test_several_errors_stay_in_order_and_are_told_once() -> None:
    details = [{"code": "B", "message": "b"}, {"code": "A", "message": "a"}, {"code": "B", "message": "b"}]

    found = innermost({"error": {"code": "Many", "message": "m", "details": details}}, otherwise=OTHERWISE)

    assert [fault.code for fault in found] == ["B", "A"]


def test_a_message_of_endless_envelopes_ends() -> None:
    body: dict[str, Any] = {"code": "X", "message": "x"}
    for _ in range(60):
        body = {"error": body}

    assert innermost(body, otherwise=OTHERWISE) == (OTHERWISE,)


def test_what_a_cold_host_says_passes() -> None:
    assert [deployment.is_passing(fault) for fault in innermost(COLD.body, otherwise=OTHERWISE)] == [True]
    handshake = innermost(HANDSHAKE.body["properties"]["error"], otherwise=OTHERWISE)
    assert [deployment.is_handshake(fault) for fault in handshake] == [True]


@pytest.mark.parametrize("code", ["AuthorizationFailed", "InvalidTemplate", "ResourceNotFound", "BadRequest", "Failed"])
def test_what_is_not_known_to_pass_does_not(code: str) -> None:
    assert not deployment.is_passing(Fault(code=code, message="no"))


class Recorded:
    def __init__(self) -> None:
        self.at, self.slept, self.said = 0.0, 0.0, list[str]()

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float, /) -> None:
        self.at += seconds
        self.slept += seconds


@given(
    st.integers(1, 5000),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 100), st.integers(0, 50)), max_size=60),
)
def test_all_waiting_together_stays_within_the_budget(seconds: int, pauses: list[tuple[int, int, int]]) -> None:
    clock = Recorded()
    patience = Patience(seconds=seconds, clock=clock, say=clock.said.append)
    try:
        for tries, at_least, working in pauses:
            before = clock.slept
            patience.pause("x", tries=tries, at_least=at_least)
            assert at_least <= clock.slept - before <= max(at_least, LONGEST_PAUSE)
            clock.at += working
    except OutOfTimeError as error:
        assert "x" in str(error)  # noqa: PT017 - only some examples run out of time

    assert clock.slept <= seconds


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.6, "1 min"), (60, "1 min"), (61, "1 min 1 s"), (900, "15 min")]
)
def test_lengths_of_time_are_readable(seconds: float, text: str) -> None:
    assert spoken(seconds) == text


@given(st.text(max_size=40), st.text("abcXYZ019+/=", min_size=4, max_size=60), st.text(max_size=40))
def test_a_known_secret_is_never_printed(before: str, secret: str, after: str) -> None:
    console = Console()
    console.hide(secret)

    assert secret not in console.clean(f"{before}{secret}{after}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"at {ENDPOINT}. End", "at https://func-events.azurewebsites.net/runtime/webhooks/blobs?*** End"),
        (f"'{ENDPOINT}'", "'https://func-events.azurewebsites.net/runtime/webhooks/blobs?***'"),
        (f"code={BLOBS_KEY}", "code=***"),
        ("https://x.blob.core.windows.net/c?sv=1&sig=abc", "https://x.blob.core.windows.net/c?***"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer ***"),
        ("See https://aka.ms/esvalidation.", "See https://aka.ms/esvalidation."),
        ("error code: BCP057", "error code: BCP057"),
    ],
)
def test_what_looks_like_a_secret_is_not_printed(text: str, shown: str) -> None:
    assert Console().clean(text) == shown


TARGET = Target(
    subscription=SUBSCRIPTION, resource_group="rg", function_app="func", topic="evgt", storage_account="st", tenant="t"
)
EXAMPLES: list[advice.Problem] = [
    advice.EnvironmentVariablesError("AZURE_RESOURCE_GROUP is not set"),
    advice.CompilerError("no Bicep compiler was found"),
    advice.SignInError("no"),
    advice.RefusedError(status=403, faults=(Fault(code="AuthorizationFailed", message="no"),)),
    advice.DeploymentError(faults=(Fault(code="Url validation", message="validation handshake"),), attempts=6),
    advice.OutOfTimeError(allowed=900, missing="the host"),
]


@pytest.mark.parametrize("problem", EXAMPLES, ids=lambda problem: type(problem).__name__)
@pytest.mark.parametrize("target", [TARGET, None])
def test_every_problem_comes_with_a_command_line(problem: advice.Problem, target: Target | None) -> None:
    commands = [line for line in advice.explain(problem, target).splitlines() if line.startswith("  ")]

    assert commands
    assert all(line.split()[0] in {"azd", "az", "curl", "AZURE_POSTDEPLOY_TIMEOUT=1800"} for line in commands)


def test_every_kind_of_problem_has_an_example() -> None:
    assert {type(problem) for problem in EXAMPLES} == set(advice.PROBLEMS) == set(get_args(advice.Problem))


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_compilers_are_looked_for_in_order(tmp_path: Path) -> None:
    file = tmp_path / "x.bicep"
    az = program(tmp_path / "path" / "az")
    environ = {"PATH": str(tmp_path / "path"), "AZD_CONFIG_DIR": str(tmp_path / "azd")}
    assert compiler.command(file, environ=environ) == [
        az, "bicep", "build", "--file", str(file), "--stdout", "--only-show-errors",
    ]  # fmt: skip

    of_azd = program(tmp_path / "azd" / "bin" / "bicep")
    assert compiler.command(file, environ=environ) == [of_azd, "build", str(file), "--stdout"]

    on_path = program(tmp_path / "path" / "bicep")
    assert compiler.command(file, environ=environ)[0] == on_path

    environ["BICEP_CLI"] = program(tmp_path / "mine")
    assert compiler.command(file, environ=environ)[0] == environ["BICEP_CLI"]

    environ["AZD_BICEP_TOOL_PATH"] = program(tmp_path / "theirs")
    assert compiler.command(file, environ=environ)[0] == environ["AZD_BICEP_TOOL_PATH"]


def test_a_named_compiler_that_is_not_there_is_not_passed_over(tmp_path: Path) -> None:
    program(tmp_path / "bicep")

    with pytest.raises(compiler.CompilerError, match="BICEP_CLI names"):
        compiler.command(tmp_path / "x", environ={"PATH": str(tmp_path), "BICEP_CLI": str(tmp_path / "gone")})


def test_no_compiler_at_all(tmp_path: Path) -> None:
    with pytest.raises(compiler.CompilerError, match="no Bicep compiler was found"):
        compiler.command(tmp_path / "x", environ={"PATH": str(tmp_path), "AZD_CONFIG_DIR": str(tmp_path)})


def test_the_hook_waits_for_the_function_that_the_app_has() -> None:
    tree = ast.parse((ROOT / "function_app.py").read_text("utf-8"))
    blob_triggers = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any("blob_trigger" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]

    assert blob_triggers == [BLOB_FUNCTION]
    assert host.SYSTEM_KEY == "blobs_extension"


@pytest.mark.parametrize("file", sorted(HOOKS.glob("eventsub/*.py")), ids=lambda file: file.name)
def test_the_hook_runs_on_an_older_python(file: Path) -> None:
    ast.parse(file.read_text("utf-8"), feature_version=(3, 10))


def test_a_python_that_is_too_old_can_still_read_the_message() -> None:
    ast.parse((HOOKS / "postdeploy.py").read_text("utf-8"), feature_version=(3, 7))
