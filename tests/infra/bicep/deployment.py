"""What a Bicep file deploys, its modules included: each resource with its values as far as they are known."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.infra.bicep.scope import Scope
from tests.infra.bicep.syntax import Resource, read_bicep
from tests.infra.bicep.values import Call, Choice, Expression, Joined, Lambda, Loop, Member, Operation, Value

#: The files that are deployed as they are: the others are their modules.
ENTRIES = ("main.bicep", "eventsub.bicep")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One resource of a deployment, evaluated; `conditional` where it or its module stands under a condition."""

    declared: Resource
    scope: Scope
    body: dict[str, Value]
    conditional: bool

    @property
    def type(self) -> str:
        """The full resource type."""
        return self.declared.type

    @property
    def where(self) -> str:
        """File, line and symbol, for messages."""
        return f"{self.scope.file.path.name}:{self.declared.line} {self.declared.name}"

    def at(self, path: str) -> Value:
        """The value below a path of keys, None where there is none; `properties.a.b`."""
        return at(self.body, path)


def at(value: Value, path: str) -> Value:
    """The value below a path of keys, None where there is none."""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def deployed(root: Path) -> list[Deployed]:
    """Every resource that the project's entry files deploy; `existing` ones are not among them."""
    found = (row for entry in _entries(root) for row in _of_entry(entry))
    return [row for row in found if not row.declared.existing]


def of_type(root: Path, kind: str) -> list[Deployed]:
    """The resources of one type.

    Raises:
        AssertionError: when there are none, so that no check passes over nothing.
    """
    found = [row for row in deployed(root) if row.type.lower() == kind.lower()]
    assert found, f"nothing deploys {kind}"
    return found


def scopes(root: Path) -> Iterator[Scope]:
    """Each file of the deployment, once for each use as a module."""
    for entry in _entries(root):
        yield from (scope for scope, _ in _scopes(entry, conditional=False))


def _entries(root: Path) -> list[Scope]:
    return [Scope(file=read_bicep(root / "infra" / name), entry=True) for name in ENTRIES]


def expressions(value: Value) -> Iterator[Expression]:
    """All expressions in a value, outer ones first."""
    if isinstance(value, Expression):
        yield value
    for inner in _inside(value):
        yield from expressions(inner)


def strings(value: Value) -> Iterator[str]:
    """All literal texts in a value, also the parts of interpolated ones."""
    if isinstance(value, str):
        yield value
    for inner in _inside(value):
        yield from strings(inner)


def _inside(value: Value) -> list[Value]:
    found: list[Value] = []
    match value:
        case list():
            found = value
        case dict():
            found = list(value.values())
        case Joined(parts=parts):
            found = list(parts)
        case Call(base=base, arguments=arguments):
            found = [base, *arguments]
        case Member(base=base, key=key):
            found = [base, key]
        case Operation(operands=operands):
            found = list(operands)
        case Choice(condition=condition, then=then, otherwise=otherwise):
            found = [condition, then, otherwise]
        case Lambda(body=body):
            found = [body]
        case Loop(items=items, body=body, condition=condition):
            found = [items, body, condition]
        case _:
            pass
    return found


def _of_entry(entry: Scope) -> Iterator[Deployed]:
    for scope, conditional in _scopes(entry, conditional=False):
        for resource in scope.file.resources:
            yield from _of_resource(resource, scope, conditional=conditional)


def _scopes(scope: Scope, *, conditional: bool) -> Iterator[tuple[Scope, bool]]:
    yield scope, conditional
    for module in scope.file.modules:
        if not (scope.file.path.parent / module.path).is_file():
            continue  # told by the check of module references
        rounds = [scope] if module.loop is None else scope.rounds(module.loop) or [scope]
        for one in rounds:
            yield from _scopes(one.of_module(module), conditional=conditional or module.condition is not None)


def _of_resource(resource: Resource, scope: Scope, *, conditional: bool) -> Iterator[Deployed]:
    rounds = [scope] if resource.loop is None else scope.rounds(resource.loop) or [scope]
    for one in rounds:
        body = {key: one.value(value) for key, value in resource.body.items()}
        yield Deployed(
            declared=resource, scope=one, body=body, conditional=conditional or resource.condition is not None
        )
