"""Plain evaluation of a Bicep file's values: what can be known without Azure is computed, the rest stays as it is.

Known are literals, parameters with an argument or a default, variables, outputs of modules, members of objects,
interpolation, decided conditions, loops over known arrays, and the functions of bicep_functions.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.infra.bicep.functions import FUNCTIONS, computed, shown
from tests.infra.bicep.syntax import BicepFile, Module, read_bicep
from tests.infra.bicep.values import Call, Choice, Expression, Joined, Lambda, Loop, Member, Name, Operation, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A file with the arguments of its parameters, already evaluated where they were given.

    In an `entry` file, whose parameters come from outside, a switch stays undecided: a default that is a bool or
    empty. So both sides of what hangs on it are seen.
    """

    file: BicepFile
    entry: bool = False
    given: Mapping[str, Value] = field(default_factory=dict)
    local: Mapping[str, Value] = field(default_factory=dict)

    def within(self, names: Mapping[str, Value]) -> "Scope":
        """The same with the variables of a loop or a lambda."""
        return replace(self, local={**self.local, **names})

    def of_module(self, module: Module) -> "Scope":
        """The file of a module with what is passed to it."""
        given = {name: self.value(argument) for name, argument in module.params.items()}
        return Scope(file=read_bicep((self.folder / module.path).resolve()), given=given)

    def value(self, value: Value) -> Value:
        """A value as far as it is known."""
        found = value
        match value:
            case list():
                found = [self.value(item) for item in value]
            case dict():
                found = {key: self.value(item) for key, item in value.items()}
            case Name():
                found = self._name(value)
            case Member():
                found = self._member(value)
            case Joined():
                parts = tuple(self.value(part) for part in value.parts)
                known = all(not isinstance(part, Expression) for part in parts)
                found = "".join(map(shown, parts)) if known else replace(value, parts=parts)
            case Choice():
                found = self._choice(value)
            case Operation():
                operands = tuple(self.value(operand) for operand in value.operands)
                result = computed(value.operator, operands)
                found = replace(value, operands=operands) if result is None else result
            case Loop():
                found = self._loop(value)
            case Call():
                found = self._call(value)
            case _:
                pass
        return found

    def rounds(self, loop: Loop) -> "list[Scope] | None":
        """The scope of each round that a loop may have, None where the array is not known."""
        items = _items(self.value(loop.items))
        if items is None:
            return None
        return [self.within(dict(zip(loop.names, (item, index), strict=False))) for index, item in enumerate(items)]

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.file.path.parent

    def apply(self, function: Lambda, item: Value) -> Value:
        """What a lambda makes of an item."""
        return self.within({function.names[0]: item}).value(function.body)

    def _name(self, name: Name) -> Value:
        file, text = self.file, name.text
        if text in self.local:
            return self.local[text]
        if text in self.given:
            return self.given[text]
        if text in file.vars:
            return replace(self, local={}).value(file.vars[text].value)
        param = file.params.get(text)
        if param is None or param.required or (self.entry and _is_switch(param.default)):
            return name
        return replace(self, local={}).value(param.default)

    def _member(self, member: Member) -> Value:
        key, output = self.value(member.key), self._output(member)
        if output is not None:
            return output
        base = self.value(member.base)
        if isinstance(base, dict) and isinstance(key, str) and key in base:
            return base[key]
        if isinstance(base, list) and isinstance(key, int) and key < len(base):
            return base[key]
        return replace(member, base=base, key=key)

    def _output(self, member: Member) -> Value:
        """The value behind `module.outputs.name`."""
        match member.base:
            case Member(base=Name(text=symbol), key="outputs"):
                for module in self.file.modules:
                    path = self.folder / module.path
                    if module.name == symbol and module.loop is None and path.is_file():
                        scope = self.of_module(module)
                        output = scope.file.outputs.get(str(member.key))
                        return scope.value(output.value) if output else None
            case _:
                pass
        return None

    def _choice(self, choice: Choice) -> Value:
        condition = self.value(choice.condition)
        if isinstance(condition, bool):
            return self.value(choice.then if condition else choice.otherwise)
        then, otherwise = self.value(choice.then), self.value(choice.otherwise)
        return replace(choice, condition=condition, then=then, otherwise=otherwise)

    def _loop(self, loop: Loop) -> Value:
        rounds = self.rounds(loop)
        if rounds is None or loop.condition is not None or not isinstance(self.value(loop.items), list):
            return loop
        return [scope.value(loop.body) for scope in rounds]

    def _call(self, call: Call) -> Value:
        arguments = tuple(self.value(argument) for argument in call.arguments)
        compute = FUNCTIONS.get(call.name)
        known = compute(self, arguments) if compute and call.base in (None, Name(text="sys")) else None
        return replace(call, arguments=arguments, base=self.value(call.base)) if known is None else known


def alternatives(value: Value) -> list[Value]:
    """All that a value may come to: both branches of each condition that is not decided."""
    if isinstance(value, Choice):
        return [*alternatives(value.then), *alternatives(value.otherwise)]
    return [value]


def _items(value: Value) -> list[Value] | None:
    """The items of an array, on both sides of conditions that are not decided."""
    match value:
        case list():
            return value
        case Choice(then=one, otherwise=two) | Call(name="concat", arguments=(one, two)):
            first, second = _items(one), _items(two)
            return None if first is None or second is None else [*first, *second]
        case _:
            return None


def _is_switch(default: Value) -> bool:
    return isinstance(default, bool) or default in ("", [])
