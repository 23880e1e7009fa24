"""What a Bicep file declares: parameters, variables, outputs, resources and modules, each with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from tests.infra.bicep.values import Call, Expression, Loop, Value, members_of, parts_of, text_of, value_of

_LANGUAGE = Language(tree_sitter_bicep.language())


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What all declarations have: a name, the line (from 1), and decorators by name with their arguments."""

    name: str
    line: int
    decorators: dict[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Param(Declaration):
    """A parameter; `required` where it has neither a default nor a nullable type."""

    type: str
    default: Value
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Var(Declaration):
    """A variable."""

    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Declaration):
    """An output."""

    type: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource(Declaration):
    """A resource. `type` is full, also for one that stands inside its parent; `body` is one item of its loop."""

    type: str
    version: str
    existing: bool
    body: dict[str, Value]
    condition: Value
    loop: Loop | None
    outer: str | None

    @property
    def parent(self) -> str | None:
        """The symbol of the parent: the resource that it stands in, or what `parent:` names."""
        given = self.body.get("parent")
        return self.outer or (str(given) if isinstance(given, Expression) else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Module(Declaration):
    """A module: `path` as written, relative to the file."""

    path: str
    params: dict[str, Value]
    body: dict[str, Value]
    condition: Value
    loop: Loop | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """`import { names } from 'path'`."""

    path: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BicepFile:
    """One file. `mentions` are the names that its expressions use, each as often as it is used."""

    path: Path
    text: str
    target_scope: str
    params: dict[str, Param]
    vars: dict[str, Var]
    outputs: dict[str, Output]
    resources: tuple[Resource, ...]
    modules: tuple[Module, ...]
    imports: tuple[Import, ...]
    exported: tuple[str, ...]
    mentions: tuple[str, ...]
    errors: tuple[str, ...]

    def outputs_asked(self, module: str) -> frozenset[str]:
        """The outputs of a module that this file reads."""
        return frozenset(re.findall(rf"\b{module}(?:\[[^\]]*\])?!?\.\??outputs\.(\w+)", self.text))


def read_bicep(path: Path) -> BicepFile:
    """Read a file. What cannot be parsed is in `errors` as `line:column: what`, and is not declared."""
    return _parsed(path, path.read_text(encoding="utf-8"))


@cache
def _parsed(path: Path, text: str) -> BicepFile:
    root = Parser(_LANGUAGE).parse(text.encode()).root_node
    declared = [found for node, decorators in _decorated(root) for found in _declared(node, decorators)]
    scopes = [_literal(node) for node in root.children if node.type == "target_scope_assignment"]
    return BicepFile(
        path=path,
        text=text,
        target_scope=scopes[0] if scopes else "resourceGroup",
        params={row.name: row for row in declared if isinstance(row, Param)},
        vars={row.name: row for row in declared if isinstance(row, Var)},
        outputs={row.name: row for row in declared if isinstance(row, Output)},
        resources=tuple(row for row in declared if isinstance(row, Resource)),
        modules=tuple(row for row in declared if isinstance(row, Module)),
        imports=tuple(_import(node) for node in root.children if node.type == "import_functionality"),
        exported=tuple(text_of(parts_of(node)[0]) for node, marks in _decorated(root) if "export" in marks),
        mentions=tuple(_mentions(root)),
        errors=tuple(_errors(root)),
    )


def _decorated(node: Node) -> Iterator[tuple[Node, dict[str, tuple[Value, ...]]]]:
    decorators: dict[str, tuple[Value, ...]] = {}
    for child in parts_of(node):
        if child.type == "decorators":
            calls = [value_of(parts_of(row)[0]) for row in parts_of(child)]
            decorators = {call.name: call.arguments for call in calls if isinstance(call, Call)}
        else:
            yield child, decorators
            decorators = {}


def _declared(node: Node, decorators: dict[str, tuple[Value, ...]]) -> Iterator[Declaration]:
    parts = parts_of(node)
    name, line = text_of(parts[0]) if parts else "", node.start_point[0] + 1
    match node.type:
        case "parameter_declaration":
            kind, default = text_of(parts[1]), value_of(parts[2]) if len(parts) > 2 else None
            required = len(parts) < 3 and not kind.endswith("?")
            yield Param(name=name, line=line, decorators=decorators, type=kind, default=default, required=required)
        case "variable_declaration":
            yield Var(name=name, line=line, decorators=decorators, value=value_of(parts[-1]))
        case "output_declaration":
            kind, value = text_of(parts[1]), value_of(parts[-1])
            yield Output(name=name, line=line, decorators=decorators, type=kind, value=value)
        case "resource_declaration":
            yield from _resources(node, decorators, outer=None)
        case "module_declaration":
            body, condition, loop = _body(parts[-1])
            fields, params = _fields(body), _fields(body).get("params")
            yield Module(
                name=name,
                line=line,
                decorators=decorators,
                path=_literal(node),
                params=params if isinstance(params, dict) else {},
                body=fields,
                condition=condition,
                loop=loop,
            )
        case _:
            return


def _resources(node: Node, decorators: dict[str, tuple[Value, ...]], outer: Resource | None) -> Iterator[Resource]:
    kind, _, version = _literal(node).partition("@")
    body, condition, loop = _body(parts_of(node)[-1])
    resource = Resource(
        name=text_of(parts_of(node)[0]),
        line=node.start_point[0] + 1,
        decorators=decorators,
        type=f"{outer.type}/{kind}" if outer else kind,
        version=version or (outer.version if outer else ""),
        existing=any(child.type == "existing" for child in node.children),
        body=_fields(body),
        condition=condition,
        loop=loop,
        outer=outer.name if outer else None,
    )
    yield resource
    for child, marks in _decorated(body):
        for inner in child.children:
            if inner.type == "resource_declaration":
                yield from _resources(inner, marks, outer=resource)


def _body(node: Node) -> tuple[Node, Value, Loop | None]:
    """The object that describes one of what is declared, the condition, and the loop."""
    if node.type == "for_statement":
        found = value_of(node)
        loop = found if isinstance(found, Loop) else None
        inner, condition, _ = _body(parts_of(node)[-1])
        return inner, condition, loop
    if node.type == "if_statement":
        test, inner = parts_of(node)
        return inner, value_of(test), None
    return node, None, None


def _fields(node: Node) -> dict[str, Value]:
    return {key: value_of(child) for key, child in members_of(node)}


def _import(node: Node) -> Import:
    names = tuple(text_of(child) for child in parts_of(node) if child.type == "identifier")
    return Import(path=_literal(node), names=names)


def _literal(node: Node) -> str:
    strings = [child for child in node.children if child.type == "string"]
    return str(value_of(strings[0])) if strings else ""


def _mentions(node: Node) -> Iterator[str]:
    """Names in expressions. A declaration's own name and the keys of objects are none."""
    if node.type == "import_functionality":
        return
    own = node.type.endswith("_declaration") or node.type == "object_property"
    for index, child in enumerate(parts_of(node)):
        if own and index == 0 and child.type == "identifier":
            continue
        if child.type == "identifier":
            yield text_of(child)
        yield from _mentions(child)


def _errors(node: Node) -> Iterator[str]:
    if node.is_error or node.is_missing:
        line, column = node.start_point
        what = f"{node.type} is missing" if node.is_missing else f"cannot parse {text_of(node)[:40]!r}"
        yield f"{line + 1}:{column + 1}: {what}"
        return
    for child in node.children:
        yield from _errors(child)
