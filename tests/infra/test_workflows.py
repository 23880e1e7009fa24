"""The GitHub workflows: valid, pinned, least privileged, and in step with azure.yaml."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
PROGRAMS = Path(sys.executable).parent
#: What the sign-in and azd itself need; everything else is an input of the template.
OF_AZD = {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID", "AZURE_ENV_NAME", "AZURE_LOCATION"}
every_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)


def load(file: Path) -> dict[str, Any]:
    """The workflow; YAML 1.1 reads the key `on` as true."""
    loaded = yaml.safe_load(file.read_text("utf-8"))
    return {("on" if key is True else key): value for key, value in loaded.items()}


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - a pinned package of ours
        [str(PROGRAMS / program), *arguments], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def ci() -> dict[str, Any]:
    return load(ROOT / ".github" / "workflows" / "ci.yml")


@pytest.fixture(scope="module")
def deploy() -> dict[str, Any]:
    return load(ROOT / ".github" / "workflows" / "azure-dev.yml")


def test_they_follow_githubs_schema() -> None:
    checked = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS))

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_schema_would_find_a_mistake(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text((WORKFLOWS[0]).read_text("utf-8").replace("    steps:", "    stepz:"), encoding="utf-8")

    assert run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(broken)).returncode == 1


def test_the_auditor_finds_nothing() -> None:
    audited = run(
        "zizmor", "--offline", "--persona", "pedantic", "--format", "json", "--no-progress", *map(str, WORKFLOWS)
    )
    found = [(finding["ident"], finding["determinations"]["severity"]) for finding in json.loads(audited.stdout)]

    assert found == [], audited.stderr


@every_workflow
def test_every_action_is_pinned_by_commit_and_says_its_version(file: Path) -> None:
    lines = [line for line in file.read_text("utf-8").splitlines() if re.search(r"\buses:", line)]

    assert lines
    for line in lines:
        assert re.search(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_an_action_has_the_same_pin_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for file in WORKFLOWS:
        for action, commit in re.findall(r"uses: ([^@\s]+)@(\S+ # \S+)", file.read_text("utf-8")):
            pins.setdefault(action, set()).add(commit)

    assert {action: len(commits) for action, commits in pins.items() if len(commits) > 1} == {}


@every_workflow
def test_the_checkout_leaves_no_token_behind(file: Path) -> None:
    checkouts = [step for step in steps(load(file)) if step.get("uses", "").startswith("actions/checkout@")]

    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@every_workflow
def test_jobs_end_by_themselves_and_do_not_pile_up(file: Path) -> None:
    workflow = load(file)

    assert workflow["concurrency"]["group"]
    assert all(0 < job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())


@every_workflow
def test_nothing_may_be_written_but_by_name(file: Path) -> None:
    workflow = load(file)
    allowed = {"contents": "read"}

    assert workflow["permissions"] == allowed
    for name, job in workflow["jobs"].items():
        wanted = {**allowed, "id-token": "write"} if name == "deploy" else allowed
        assert job.get("permissions", allowed) == wanted


@every_workflow
def test_values_reach_scripts_through_the_environment_only(file: Path) -> None:
    """An expression inside a script is an injection waiting for its input."""
    assert [step["run"] for step in steps(load(file)) if "${{" in step.get("run", "")] == []


@every_workflow
def test_no_workflow_uses_a_stored_secret(file: Path) -> None:
    assert "secrets." not in file.read_text("utf-8")


def test_ci_runs_what_everybody_runs(ci: dict[str, Any]) -> None:
    assert set(ci["on"]) == {"push", "pull_request"}
    assert "bash .ci/run" in [step.get("run") for step in ci["jobs"]["check"]["steps"]]


def test_ci_compiles_with_a_pinned_compiler(ci: dict[str, Any]) -> None:
    infra = ci["jobs"]["infra"]
    scripts = "\n".join(step.get("run", "") for step in infra["steps"])

    assert re.fullmatch(r"v\d+\.\d+\.\d+", infra["env"]["BICEP_VERSION"])
    assert 'az bicep install --version "$BICEP_VERSION"' in scripts
    assert "sh .ci/bicep" in scripts


def test_a_push_deploys_only_where_it_was_asked_for(deploy: dict[str, Any]) -> None:
    job = deploy["jobs"]["deploy"]

    assert set(deploy["on"]) == {"workflow_dispatch", "push"}
    assert deploy["on"]["push"] == {"branches": ["main"]}
    assert job["if"] == "github.event_name == 'workflow_dispatch' || vars.AZURE_DEPLOY_ON_PUSH == 'true'"
    assert job["environment"] == "azure"
    assert deploy["concurrency"]["cancel-in-progress"] is False


def test_the_deployment_reads_earlier_outputs_before_it_provisions(deploy: dict[str, Any]) -> None:
    commands = [step["run"].split(" --")[0] for step in steps(deploy) if "run" in step]
    prompts = [step["run"] for step in steps(deploy) if "run" in step and "--no-prompt" not in step["run"]]

    assert [" ".join(command.split()).rstrip(" \\") for command in commands] == [
        "azd auth login",
        "azd env refresh",
        "azd provision",
        "azd deploy",
    ]
    assert [prompt.split(" --")[0].rstrip(" \\\n") for prompt in prompts] == ["azd auth login"]


def test_the_deployment_signs_in_with_githubs_own_token(deploy: dict[str, Any]) -> None:
    login = next(step["run"] for step in steps(deploy) if "auth login" in step.get("run", ""))

    assert "--federated-credential-provider github" in login
    assert "secret" not in login


def test_the_deployment_hands_every_input_over(deploy: dict[str, Any]) -> None:
    """What azure.yaml says is copied into the repository's variables must be read from there."""
    variables = yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))["pipeline"]["variables"]
    env = deploy["jobs"]["deploy"]["env"]

    assert set(env) == {*OF_AZD, *variables}
    assert {name: value for name, value in env.items() if value != f"${{{{ vars.{name} }}}}"} == {}


def test_the_deployments_azd_is_one_that_azure_yaml_allows(deploy: dict[str, Any]) -> None:
    setup = next(step for step in steps(deploy) if step.get("uses", "").startswith("Azure/setup-azd@"))
    least = yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))["requiredVersions"]["azd"].removeprefix(">= ")

    assert tuple(map(int, setup["with"]["version"].split("."))) >= tuple(map(int, least.split(".")))
    # The first one for which `azd env refresh` without a deployment is no error.
    assert tuple(map(int, setup["with"]["version"].split("."))) >= (1, 28, 0)
