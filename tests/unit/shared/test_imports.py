"""What a module may load and read: a cold start pays for nothing it does not use, and the core knows no environment."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "shared").rglob("*.py")
    if path.stem != "__init__"
)

#: Modules that talk to the outside by themselves. Even they load its libraries when first used, and not before.
HEAVY = (
    "azure.kusto",
    "azure.identity",
    "azure.storage",
    "azure.core",
    "aiohttp",
    "requests",
    "cryptography",
    "pandas",
)


def loaded_by(*modules: str) -> set[str]:
    script = f"import {', '.join(modules)}, sys; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return set(done.stdout.split())


def heavy(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith(HEAVY)}


def test_no_module_loads_an_sdk_when_it_is_imported() -> None:
    assert heavy(loaded_by(*MODULES)) == set()


def test_the_start_loads_no_pipeline_of_a_trigger_that_may_never_come() -> None:
    loaded = loaded_by("shared.bootstrap")
    assert heavy(loaded) == set()
    assert not loaded & {
        "shared.pipelines.requests",
        "shared.pipelines.blobs",
        "shared.ingest.queued",
        "shared.storage.landing",
        "shared.kusto",
    }


def names_of(module: str) -> set[str]:
    tree = ast.parse((ROOT / Path(*module.split("."))).with_suffix(".py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    from_ = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    used = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    return imported | from_ | used


@pytest.mark.parametrize("module", MODULES)
def test_only_the_start_may_read_the_environment(module: str) -> None:
    assert not names_of(module) & {"os.environ", "os.getenv", "os.environb", "os.putenv"}


PURE = [
    *(f"framing.{name}" for name in ("formats", "body", "records", "separated", "salvage")),
    *(f"routing.{name}" for name in ("routes", "route_file", "globs")),
    *(f"http.{name}" for name in ("call", "api", "answer")),
    *(f"webhooks.{name}" for name in ("schemes", "configuration", "events")),
    *("settings", "outcome", "payload", "numbers", "pipelines.blob_letters", "pipelines.blob_work"),
    *("ingest.policy", "ingest.errors", "ingest.shapes", "storage.account", "storage.names", "storage.held"),
]


@pytest.mark.parametrize("module", PURE)
def test_the_core_has_no_clock_and_no_chance(module: str) -> None:
    names = names_of(f"shared.{module}")
    assert not names & {"time.time", "time.monotonic", "datetime.now", "datetime.utcnow", "random.random", "uuid.uuid4"}
    assert not {name for name in names if name.split(".")[0] in {"asyncio", "socket", "threading", "random"}}


@pytest.mark.parametrize("module", PURE)
def test_the_core_depends_on_the_core_only(module: str) -> None:
    imported = {name for name in names_of(f"shared.{module}") if name.startswith("shared.")}
    allowed = tuple(f"shared.{name}." for name in PURE)
    assert all(name.startswith(allowed) for name in imported), imported


VALUES = {"outcome", "payload", "deadline", "numbers", "settings"}
BOOKS = {"accounting", "lifecycle"}
#: Room by room, what it may import beside the values (docs/adr/0020).
MAY_IMPORT = {
    "framing": set(),
    "telemetry": {"__version__"},
    "webhooks": {"framing"},
    "routing": {"framing", "webhooks"},
    "storage": {"framing", "routing", "telemetry"},
    "ingest": {"framing", "routing", "storage", "telemetry"},
    "http": {"framing", "routing"},
    "pipelines": {"framing", "webhooks", "routing", "storage", "ingest", "http", "telemetry", *BOOKS},
    "desk": {"framing", "routing", "storage", "ingest", "http", "pipelines"},
}


def test_every_room_has_its_rule() -> None:
    rooms = {path.parent.name for path in (ROOT / "shared").glob("*/__init__.py")}
    assert rooms == set(MAY_IMPORT)


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_what_it_may(module: str) -> None:
    _, *parts = module.split(".")
    if len(parts) < 2:
        return  # values, books and the start: the tests above
    used = {name.split(".")[1] for name in names_of(module) if name.startswith("shared.")}
    assert used <= MAY_IMPORT[parts[0]] | VALUES | {parts[0]}


def test_what_measures_the_application_shares_nothing_with_it() -> None:
    for path in (ROOT / "local" / "kusto").rglob("*.py"):
        assert not re.search(r"^\s*(from|import) shared\b", path.read_text(), re.MULTILINE), path
