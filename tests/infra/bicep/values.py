"""Expressions of a Bicep file as Python values, read with tree-sitter-bicep.

Literals become Python's own: `str`, `int`, `bool`, `None`, `list` and `dict`. The rest is an `Expression`, of a kind of
its own where tests look inside. Grammar: Microsoft docs, "Bicep expressions".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from tree_sitter import Node

type Value = str | int | bool | list[Value] | dict[str, Value] | Expression | None

_COMMENTS = frozenset({"comment", "diagnostic_comment"})
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|(.))", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """What is not a literal; `text` is how the file writes it, `closed` whether it stands in parentheses."""

    text: str
    closed: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Expression):
    """A parameter, variable, resource, module, or the variable of a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Expression):
    """`base.key`, also `base.?key`, `base['key']`, `base[0]` and `parent::child`."""

    base: Value
    key: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(Expression):
    """A string with expressions in it: `parts` in their order."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Expression):
    """`name(arguments)`; `base` is what a method is called on."""

    name: str
    arguments: tuple[Value, ...]
    base: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Expression):
    """An operator and its one or two operands."""

    operator: str
    operands: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Expression):
    """`condition ? then : otherwise`."""

    condition: Value
    then: Value
    otherwise: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Lambda(Expression):
    """`(names) => body`."""

    names: tuple[str, ...]
    body: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop(Expression):
    """`[for names in items: if (condition) body]`; the second name, where there is one, is the index."""

    names: tuple[str, ...]
    items: Value
    body: Value
    condition: Value = None


def text_of(node: Node) -> str:
    """A node's source."""
    return (node.text or b"").decode()


def parts_of(node: Node) -> list[Node]:
    """The children of a node that mean something: no punctuation, no comments."""
    return [child for child in node.children if child.is_named and child.type not in _COMMENTS]


def value_of(node: Node) -> Value:
    """The value that a node writes."""
    read = _READERS.get(node.type)
    return read(node) if read else Expression(text=text_of(node))


def members_of(node: Node) -> Iterator[tuple[str, Node]]:
    """Key and value node of each property of an object; nested resources are not among them."""
    for child in parts_of(node):
        pair = parts_of(child) if child.type == "object_property" else []
        if len(pair) == 2 and pair[0].type in {"identifier", "string"}:
            key = value_of(pair[0]) if pair[0].type == "string" else text_of(pair[0])
            yield str(key), pair[1]


def _string(node: Node) -> Value:
    text = text_of(node)
    if text.startswith("'''"):
        return text[3:-3].removeprefix("\r").removeprefix("\n")
    source = node.text or b""
    parts: list[Value] = []
    position = 1
    for child in node.children:
        if child.type == "interpolation":
            begin, end = child.start_byte - node.start_byte, child.end_byte - node.start_byte
            parts += [_unescaped(source[position:begin].decode()), value_of(parts_of(child)[0])]
            position = end
    parts = [part for part in (*parts, _unescaped(source[position:-1].decode())) if part != ""]
    if any(isinstance(part, Expression) for part in parts):
        return Joined(text=text, parts=tuple(parts))
    return "".join(map(str, parts))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2]), text)


def _array(node: Node) -> Value:
    return [value_of(child) for child in parts_of(node)]


def _object(node: Node) -> Value:
    return {key: value_of(child) for key, child in members_of(node)}


def _inner(node: Node) -> Value:
    inner = parts_of(node)
    value = value_of(inner[0]) if len(inner) == 1 else Expression(text=text_of(node))
    return replace(value, closed=True) if isinstance(value, Expression) else value


def _member(node: Node) -> Value:
    base, key = parts_of(node)
    plain = key.type in {"property_identifier", "identifier"} and node.type != "subscript_expression"
    name = text_of(key) if plain else value_of(key)
    return _attached(node, base, lambda value, text: Member(text=text, base=value, key=name), postfix=True)


def _call(node: Node) -> Value:
    function, arguments = parts_of(node)
    given = tuple(value_of(child) for child in parts_of(arguments))
    if function.type == "identifier":
        return Call(text=text_of(node), name=text_of(function), arguments=given)
    base, name = parts_of(function)[0], text_of(parts_of(function)[1])
    return _attached(
        node, base, lambda value, text: Call(text=text, name=name, arguments=given, base=value), postfix=True
    )


def _unary(node: Node) -> Value:
    operand = parts_of(node)[0]
    operator = text_of(node).removesuffix(text_of(operand)).strip()
    return Operation(text=text_of(node), operator=operator, operands=(value_of(operand),))


def _binary(node: Node) -> Value:
    left, right = parts_of(node)
    operator = text_of(node).removeprefix(text_of(left)).removesuffix(text_of(right)).strip()

    def build(value: Value, text: str) -> Value:
        return Operation(text=text, operator=operator, operands=(value, value_of(right)))

    return _attached(node, left, build, postfix=False)


def _attached(node: Node, base: Node, build: Callable[[Value, str], Value], *, postfix: bool) -> Value:
    """What follows `base` binds to its last operand: the grammar reads `a ? b : c.d` as `(a ? b : c).d`."""
    rest = text_of(node).removeprefix(text_of(base))

    def attach(value: Value) -> Value:
        if not isinstance(value, Expression) or value.closed:
            return build(value, f"({value}){rest}" if isinstance(value, Expression) else text_of(node))
        match value:
            case Choice(otherwise=last):
                return replace(value, text=f"{value}{rest}", otherwise=attach(last))
            case Lambda(body=last):
                return replace(value, text=f"{value}{rest}", body=attach(last))
            case Operation(operands=(*first, last)) if postfix:
                return replace(value, text=f"{value}{rest}", operands=(*first, attach(last)))
            case _:
                return build(value, f"{value}{rest}")

    return attach(value_of(base))


def _choice(node: Node) -> Value:
    condition, then, otherwise = map(value_of, parts_of(node))
    return Choice(text=text_of(node), condition=condition, then=then, otherwise=otherwise)


def _lambda(node: Node) -> Value:
    *names, body = parts_of(node)
    found = [text_of(inner) for name in names for inner in (parts_of(name) or [name])]
    return Lambda(text=text_of(node), names=tuple(found), body=value_of(body))


def _loop(node: Node) -> Value:
    variables, items, body = parts_of(node)
    condition: Value = None
    if body.type == "if_statement":
        test, body = parts_of(body)
        condition = value_of(test)
    names = tuple(text_of(inner) for inner in (parts_of(variables) or [variables]))
    return Loop(text=text_of(node), names=names, items=value_of(items), body=value_of(body), condition=condition)


_READERS: Mapping[str, Callable[[Node], Value]] = {
    "string": _string,
    "number": lambda node: int(text_of(node)),
    "boolean": lambda node: text_of(node) == "true",
    "null": lambda _: None,
    "array": _array,
    "object": _object,
    "identifier": lambda node: Name(text=text_of(node)),
    "parenthesized_expression": _inner,
    "member_expression": _member,
    "subscript_expression": _member,
    "resource_expression": _member,
    "call_expression": _call,
    "unary_expression": _unary,
    "binary_expression": _binary,
    "ternary_expression": _choice,
    "lambda_expression": _lambda,
    "for_statement": _loop,
}
