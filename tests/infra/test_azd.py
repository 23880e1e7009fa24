"""azure.yaml and what azd makes of it: the package, the names it shares with Bicep, and the inputs it hands over."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pathspec
import pytest
import yaml

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
#: What azd puts into an environment by itself, or reads back from the outputs of the last deployment.
OF_AZD = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_PRINCIPAL_ID", "AZURE_PRINCIPAL_TYPE", "AZURE_KEY_VAULT_NAME"}

NAME = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*[a-z0-9]$"}
#: The part of azure.yaml that is used here, more narrowly than azd itself has it: a misspelt key is an error.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "requiredVersions", "infra", "services", "hooks", "pipeline"],
    "properties": {
        "name": NAME,
        "metadata": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"template": {"type": "string", "pattern": r"^[a-z-]+@\d+\.\d+\.\d+$"}},
        },
        "requiredVersions": {
            "type": "object",
            "additionalProperties": False,
            "required": ["azd"],
            "properties": {"azd": {"type": "string", "pattern": r"^>= \d+\.\d+\.\d+$"}},
        },
        "infra": {
            "type": "object",
            "additionalProperties": False,
            "required": ["provider", "path", "module"],
            "properties": {"provider": {"const": "bicep"}, "path": {"const": "infra"}, "module": {"const": "main"}},
        },
        "services": {
            "type": "object",
            "propertyNames": NAME,
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["project", "language", "host"],
                "properties": {
                    "project": {"type": "string"},
                    "language": {"const": "python"},
                    "host": {"const": "function"},
                    "remoteBuild": {"const": True},
                },
            },
        },
        "hooks": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "postdeploy": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["run", "kind"],
                    "properties": {
                        "run": {"type": "string", "pattern": r"^\./.*\.py$"},
                        "kind": {"const": "python"},
                        "interactive": {"type": "boolean"},
                    },
                }
            },
        },
        "pipeline": {
            "type": "object",
            "additionalProperties": False,
            "required": ["provider", "variables"],
            "properties": {
                "provider": {"const": "github"},
                "variables": {"type": "array", "uniqueItems": True, "items": {"pattern": "^[A-Z][A-Z0-9_]+$"}},
            },
        },
    },
}


@pytest.fixture(scope="module")
def project() -> Any:
    return yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))


def repository() -> set[str]:
    """What git knows of: a note that somebody keeps in the folder is nobody's mistake."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - the developer's git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(listed.stdout.split("\0")) - {""}


def packaged(root: Path) -> set[str]:
    """Paths that azd would zip: it asks .funcignore for each folder and file, and does not enter ignored folders."""
    spec = pathspec.GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text("utf-8").splitlines())
    kept: set[str] = set()
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = [name for name in folders if not spec.match_file(f"{(here / name).as_posix()}/")]
        kept |= {(here / name).as_posix() for name in files if not spec.match_file((here / name).as_posix())}
    # azd leaves the ignore file itself out (its pkg/project/project_utils.go).
    return kept - {".funcignore"}


def test_azure_yaml_has_only_what_azd_knows(project: Any) -> None:
    jsonschema.validate(project, SCHEMA)


@pytest.mark.parametrize(
    "change",
    [{"service": {}}, {"hooks": {"postdeply": {}}}, {"requiredVersions": {"azd": "1.23.15"}}, {"pipeline": None}],
)
def test_the_schema_refuses_mistakes(project: Any, change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(project | change, SCHEMA)


def test_azd_is_new_enough_for_hooks_in_python(project: Any) -> None:
    least = project["requiredVersions"]["azd"].removeprefix(">= ")

    assert tuple(map(int, least.split("."))) >= (1, 23, 15)


def test_what_azure_yaml_points_to_is_there(project: Any) -> None:
    hook = ROOT / project["hooks"]["postdeploy"]["run"]

    assert (INFRA / "main.bicep").is_file()
    assert (INFRA / "main.parameters.json").is_file()
    assert hook.is_file()
    # azd makes a virtual environment only where it finds this beside the script.
    assert (hook.parent / "requirements.txt").is_file()
    assert (ROOT / project["services"]["ingest"]["project"] / "host.json").is_file()


def test_the_hook_gives_the_subscription_exactly_its_parameters() -> None:
    text = (INFRA / "eventsub.bicep").read_text("utf-8")
    given = set(re.findall(r'"(\w+)": \{"value"', (INFRA / "hooks" / "eventsub" / "deployment.py").read_text("utf-8")))
    needed = set(re.findall(r"^param (\w+) \w+$", text, re.MULTILINE))

    assert given == needed == {"functionAppName", "topicName", "storageAccountName"}


def test_every_input_reaches_the_pipeline(project: Any) -> None:
    """An input that is set on a laptop and forgotten in CI would, say, make a second cluster."""
    parameters = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"]
    inputs = {name for value in parameters.values() for name in re.findall(r"\$[{]([A-Z0-9_]+)", str(value["value"]))}
    inputs |= {name for value in parameters.values() for name in re.findall(r"\$[(]\w+ \$[{]([A-Z0-9_]+)", str(value))}

    assert set(project["pipeline"]["variables"]) == inputs - OF_AZD


def test_the_package_is_the_app_and_nothing_else() -> None:
    app = {"function_app.py", "host.json", "requirements.txt", "routes.toml"}
    tracked = repository()
    code = {name for name in tracked if name.startswith("shared/")}
    assert len(code) > 10

    assert packaged(ROOT) & tracked == app | code


def test_what_a_laptop_leaves_about_is_not_packaged(tmp_path: Path) -> None:
    needed = ("function_app.py", "shared/settings.py", "shared/storage/names.py", "routes.toml", "local_routes.toml")
    left = (
        "local.settings.json", ".env", ".azure/dev/.env", ".azure/config.json", "main_env/bin/python",
        ".venv/pyvenv.cfg", "venv/pyvenv.cfg", "infra/hooks/hooks_env/bin/python", "shared/__pycache__/settings.pyc",
        "shared/storage/old.pyc", "node_modules/azurite/package.json", ".dev/run/up", ".hypothesis/x", ".git/HEAD",
        "tests/unit/test_x.py", "docs/deploy.md", ".vscode/settings.json", ".coverage", ".pytest_cache/x", "azure.yaml",
    )  # fmt: skip
    for name in (*needed, *left):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert packaged(tmp_path) == set(needed)


def test_what_the_app_reads_at_run_time_is_packaged() -> None:
    """Other than code: files beside function_app.py that shared/ opens by name."""
    texts = "\n".join(path.read_text("utf-8") for path in (ROOT / "shared").rglob("*.py"))
    opened = {name for name in re.findall(r'"([\w.-]+\.(?:toml|json|txt|kql))"', texts) if (ROOT / name).is_file()}

    assert "routes.toml" in opened
    assert opened <= packaged(ROOT)
