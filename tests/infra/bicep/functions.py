"""Functions and operators of Bicep over known values. None: it is not known what they come to."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from tests.infra.bicep.values import Expression, Lambda, Value


class Context(Protocol):
    """What functions need of the place where they are called."""

    @property
    def folder(self) -> Path:
        """The folder of the file: paths are relative to it."""

    def apply(self, function: Lambda, item: Value) -> Value:
        """What a lambda makes of an item."""


def computed(operator: str, operands: tuple[Value, ...]) -> Value:
    """What an operator comes to, None where its operands are not known."""
    known: Value = None
    match operator, operands:
        case "!", (bool() as one,):
            known = not one
        case ("&&" | "||") as word, _ if (word == "||") in operands:
            known = word == "||"
        case (("&&" | "||"), (bool(), bool())):
            known = operands[0]
        case ("==" | "!=") as word, (str() | int() as one, str() | int() as two):
            known = (one == two) is (word == "==")
        case (">" | "<") as word, (int() as one, int() as two):
            known = one > two if word == ">" else one < two
        case "??", (one, two) if not isinstance(one, Expression):
            known = two if one is None else one
        case _:
            pass
    return known


def shown(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _union(_: Context, values: tuple[Value, ...]) -> Value:
    if all(isinstance(value, dict) for value in values):
        return {key: item for value in values if isinstance(value, dict) for key, item in value.items()}
    return _concat(_, values)


def _concat(_: Context, values: tuple[Value, ...]) -> Value:
    if all(isinstance(value, list) for value in values):
        return [item for value in values if isinstance(value, list) for item in value]
    if all(isinstance(value, str) for value in values):
        return "".join(map(str, values))
    return None


def _to_object(scope: Context, values: tuple[Value, ...]) -> Value:
    match values:
        case (list() as items, Lambda() as key, *rest):
            worth = rest[0] if rest else None
            rows = [
                (scope.apply(key, item), scope.apply(worth, item) if isinstance(worth, Lambda) else item)
                for item in items
            ]
            return {str(name): item for name, item in rows}
        case _:
            return None


def _map(scope: Context, values: tuple[Value, ...]) -> Value:
    match values:
        case (list() as items, Lambda() as function):
            return [scope.apply(function, item) for item in items]
        case _:
            return None


def _filter(scope: Context, values: tuple[Value, ...]) -> Value:
    match values:
        case (list() as items, Lambda() as test):
            kept = [(item, scope.apply(test, item)) for item in items]
            return [item for item, keep in kept if keep] if all(isinstance(keep, bool) for _, keep in kept) else None
        case _:
            return None


def _empty(_: Context, values: tuple[Value, ...]) -> Value:
    return None if isinstance(values[0], Expression) else not values[0]


def _replace(_: Context, values: tuple[Value, ...]) -> Value:
    match values:
        case (str() as text, str() as old, str() as new):
            return text.replace(old, new)
        case _:
            return None


def _load(scope: Context, values: tuple[Value, ...]) -> Value:
    path = scope.folder / str(values[0])
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _load_json(scope: Context, values: tuple[Value, ...]) -> Value:
    text = _load(scope, values)
    loaded: Value = json.loads(text) if isinstance(text, str) else None
    return loaded


def _string(_: Context, values: tuple[Value, ...]) -> Value:
    return None if isinstance(values[0], Expression | list | dict) else shown(values[0])


FUNCTIONS: Mapping[str, Callable[[Context, tuple[Value, ...]], Value]] = {
    "concat": _concat,
    "empty": _empty,
    "filter": _filter,
    "loadJsonContent": _load_json,
    "loadTextContent": _load,
    "map": _map,
    "replace": _replace,
    "string": _string,
    "toObject": _to_object,
    "union": _union,
}
