"""Checks of the Bicep files as text: they parse, fit together, and say what they declare."""

import re
from pathlib import Path

from tests.infra.bicep.deployment import ENTRIES
from tests.infra.bicep.syntax import BicepFile, Module, read_bicep


def bicep_files(root: Path) -> list[BicepFile]:
    """Every Bicep file of the project.

    Raises:
        AssertionError: when there are none.
    """
    files = [read_bicep(path) for path in sorted((root / "infra").rglob("*.bicep"))]
    assert files, f"no .bicep below {root / 'infra'}"
    return files


def parse_problems(root: Path) -> list[str]:
    """What cannot be parsed, as `file:line:column: what`."""
    return [f"{file.path.name}:{error}" for file in bicep_files(root) for error in file.errors]


def module_problems(root: Path) -> list[str]:
    """Modules that are not there, arguments that are no parameters, and required parameters without one."""
    return [
        f"{file.path.name}:{module.line} module {module.name}: {told}"
        for file in bicep_files(root)
        for module in file.modules
        for told in _module(file, module)
    ]


def _module(file: BicepFile, module: Module) -> list[str]:
    path = file.path.parent / module.path
    if not path.is_file():
        return [f"{module.path} does not exist"]
    params = read_bicep(path).params
    unknown = [f"{module.path} has no parameter {name}" for name in module.params if name not in params]
    required = (name for name, param in params.items() if param.required)
    return unknown + [f"{name} is required and not given" for name in required if name not in module.params]


def stray_problems(root: Path) -> list[str]:
    """Files that are neither deployed by themselves nor used by another one."""
    files = bicep_files(root)
    named = ((file, row.path) for file in files for rows in (file.modules, file.imports) for row in rows)
    used = {(file.path.parent / path).resolve() for file, path in named}
    return [
        f"{file.path.name} is used by no file"
        for file in files
        if file.path.resolve() not in used and file.path.name not in ENTRIES
    ]


def unused_problems(root: Path) -> list[str]:
    """Parameters, variables and `existing` resources that nothing in their file mentions."""
    return [
        f"{file.path.name}:{row.line} {row.name} is not used"
        for file in bicep_files(root)
        for row in (*file.params.values(), *file.vars.values(), *(one for one in file.resources if one.existing))
        if row.name not in file.mentions and not any(one.outer == row.name for one in file.resources)
    ]


def import_problems(root: Path) -> list[str]:
    """Imported names that their file does not export, or that nobody uses."""
    rows = [(file, row, name) for file in bicep_files(root) for row in file.imports for name in row.names]
    return [
        f"{file.path.name}: {name} is not exported by {row.path}"
        for file, row, name in rows
        if not (path := file.path.parent / row.path).is_file() or name not in read_bicep(path).exported
    ] + [f"{file.path.name}: {name} is imported and not used" for file, _, name in rows if name not in file.mentions]


def conditional_output_problems(root: Path) -> list[str]:
    """`module.outputs` of a module that may not be deployed: `!` or `.?` says that this was thought of."""
    return [
        f"{file.path.name}: {found}"
        for file in bicep_files(root)
        for module in file.modules
        if module.condition is not None
        for found in re.findall(rf"\b{module.name}\.outputs\.\w+", file.text)
    ]


def idle_output_problems(root: Path) -> list[str]:
    """Outputs of modules that nobody asks for."""
    files = bicep_files(root)
    asked = {
        ((file.path.parent / module.path).resolve(), name)
        for file in files
        for module in file.modules
        for name in file.outputs_asked(module.name)
    }
    return [
        f"{file.path.name}:{row.line} output {row.name} is not used"
        for file in files
        if file.path.name not in ENTRIES
        for row in file.outputs.values()
        if (file.path.resolve(), row.name) not in asked
    ]


def output_problems(root: Path) -> list[str]:
    """`module.outputs.name` where the module has no such output."""
    return [
        f"{file.path.name}: {module.path} has no output {name}"
        for file in bicep_files(root)
        for module in file.modules
        if (path := file.path.parent / module.path).is_file()
        for name in file.outputs_asked(module.name)
        if name not in read_bicep(path).outputs
    ]


def description_problems(root: Path) -> list[str]:
    """Parameters and outputs without a `@description`."""
    return [
        f"{file.path.name}:{row.line} {row.name} has no @description"
        for file in bicep_files(root)
        for row in (*file.params.values(), *file.outputs.values())
        if not all(row.decorators.get("description", ("",)))
    ]


def loose_type_problems(root: Path) -> list[str]:
    """Parameters and outputs that may hold any object or list: the linter's rule use-user-defined-types."""
    return [
        f"{file.path.name}:{row.line} {row.name} is of type {row.type}: say what is in it"
        for file in bicep_files(root)
        for row in (*file.params.values(), *file.outputs.values())
        if row.type in {"object", "array"}
    ]


def scope_problems(root: Path) -> list[str]:
    """Targets: main.bicep makes the resource group, everything else works inside one."""
    return [
        f"{file.path.name} targets {file.target_scope}"
        for file in bicep_files(root)
        if file.target_scope != ("subscription" if file.path.name == "main.bicep" else "resourceGroup")
    ]
