"""Breaks a copy of the checkout on purpose, one change each: the check of the named test must find it."""

import ast
import shutil
from functools import partial
from pathlib import Path

import pytest

from local.paths import ROOT
from tests.infra.breakages.breakage import Breakage
from tests.infra.breakages.policies import BREAKAGES as POLICIES
from tests.infra.breakages.wiring import BREAKAGES as WIRING

BREAKAGES = (*WIRING, *POLICIES)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the checks read, in another folder."""
    for name in ("infra", "shared", ".github"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", ".venv"))
    for name in (
        "function_app.py",
        "routes.toml",
        "host.json",
        "azure.yaml",
        "pyproject.toml",
        ".python-version",
        "dev",
    ):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda one: f"{one.what} -> {one.test}")
def test_it_is_found(breakage: Breakage, copy: Path) -> None:
    path = copy / breakage.file
    text = path.read_text(encoding="utf-8")
    assert breakage.old in text, "the change finds nothing to change: mend it"
    assert breakage.check(ROOT) == []

    path.write_text(text.replace(breakage.old, breakage.new, 1), encoding="utf-8")

    problems = breakage.check(copy)
    assert any(breakage.told in problem for problem in problems), problems


def test_the_named_tests_run_the_checks() -> None:
    """A breakage that a check finds is caught by a test only if that test runs the check."""
    calls: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests" / "infra").glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and path.name != Path(__file__).name:
                names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
                calls.setdefault(node.name, set()).update(names)

    for breakage in BREAKAGES:
        check = breakage.check.func if isinstance(breakage.check, partial) else breakage.check
        assert check.__name__ in calls.get(breakage.test, set()), breakage.test
