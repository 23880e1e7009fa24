"""Route templates as ASP.NET Core reads them, and the table that finds a function for a request.

Microsoft docs, functions-bindings-http-webhook-trigger ("Customize the HTTP endpoint") and ASP.NET Core routing:
``{x}``, ``{x?}`` (last segment), ``{x=default}``, ``{*rest}``, constraints ``{x:int}``; literals ignore case.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from local.functions.worker import AppError

_PARAMETER = re.compile(
    r"\{(?P<star>\*{0,2})(?P<name>\w+)(?P<constraints>(?::[^}=?]+)*)(?:=(?P<default>[^}]*))?(?P<optional>\?)?\}"
)
# Constraints with a simple form of their own; others (min(), regex() …) are accepted and not checked.
_CONSTRAINTS = {
    "int": r"[+-]?\d+",
    "long": r"[+-]?\d+",
    "bool": r"(?i:true|false)",
    "alpha": r"[A-Za-z]*",
    "guid": r"\{?[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?",
    "decimal": r"[+-]?\d+(?:\.\d+)?",
    "double": r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?",
    "float": r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?",
}
# Order in which templates are tried, segment by segment (ASP.NET Core RoutePrecedence.ComputeInbound).
_LITERAL, _CONSTRAINED, _PLAIN, _CONSTRAINED_REST, _REST = 1, 3, 4, 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One compiled route template.

    Attributes:
        text: As declared, with the prefix.
        precedence: Sort key; smaller is tried first.
    """

    text: str
    precedence: tuple[int, ...]
    pattern: re.Pattern[str]
    checks: Mapping[str, tuple[re.Pattern[str], ...]]
    defaults: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Compile a template.

        Raises:
            AppError: A brace is unbalanced, or a catch-all or optional parameter is not at the end.
        """
        segments = [segment for segment in text.split("/") if segment]
        pieces = [_Segment.parse(segment, text) for segment in segments]
        for piece in pieces[:-1]:
            if piece.rest:
                raise AppError(f"its route '{text}' goes on after a catch-all parameter; that must come last.")
        names = [name for piece in pieces for name in piece.names]
        if len(set(names)) != len(names):
            raise AppError(f"its route '{text}' names one parameter twice.")
        pattern = "".join(piece.pattern for piece in pieces) + "/?"
        return cls(
            text=text,
            precedence=tuple(piece.precedence for piece in pieces),
            pattern=re.compile(pattern, re.IGNORECASE | re.DOTALL),
            checks={name: check for piece in pieces for name, check in piece.checks.items()},
            defaults={name: default for piece in pieces for name, default in piece.defaults.items()},
        )

    def match(self, path: str) -> dict[str, str] | None:
        """Route values of a raw (percent-encoded) path, or None; an absent optional parameter is left out."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        values = dict(self.defaults) | {name: unquote(text) for name, text in found.groupdict().items() if text}
        for name, checks in self.checks.items():
            if name in values and not all(check.fullmatch(values[name]) for check in checks):
                return None
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    pattern: str
    precedence: int
    rest: bool
    names: tuple[str, ...]
    checks: Mapping[str, tuple[re.Pattern[str], ...]]
    defaults: Mapping[str, str]

    @classmethod
    def parse(cls, segment: str, template: str) -> Self:
        found = list(_PARAMETER.finditer(segment))
        literal = _PARAMETER.sub("", segment)
        if "{" in literal or "}" in literal:
            raise AppError(f"its route '{template}' has a part that is no parameter: '{segment}'.")
        rest = any(match["star"] for match in found)
        whole = len(found) == 1 and not literal
        absent = whole and (found[0]["optional"] is not None or found[0]["default"] is not None or rest)
        pattern = "/" + _segment_pattern(segment, found)
        checks = {match["name"]: _checks(match["constraints"]) for match in found}
        constrained = any(match["constraints"] for match in found)
        return cls(
            pattern=f"(?:{pattern})?" if absent else pattern,
            precedence=_precedence(plain=not found, mixed=bool(found and literal), rest=rest, constrained=constrained),
            rest=rest,
            names=tuple(match["name"] for match in found),
            checks={name: check for name, check in checks.items() if check},
            defaults={match["name"]: match["default"] for match in found if match["default"] is not None},
        )


def _segment_pattern(segment: str, found: list[re.Match[str]]) -> str:
    pattern, end = "", 0
    for match in found:
        pattern += re.escape(segment[end : match.start()])
        pattern += f"(?P<{match['name']}>{'.*' if match['star'] else '[^/]+'})"
        end = match.end()
    return pattern + re.escape(segment[end:])


def _checks(constraints: str) -> tuple[re.Pattern[str], ...]:
    known = (_CONSTRAINTS.get(name) for name in constraints.split(":") if name)
    return tuple(re.compile(pattern) for pattern in known if pattern is not None)


def _precedence(*, plain: bool, mixed: bool, rest: bool, constrained: bool) -> int:
    if plain:
        return _LITERAL
    if rest:
        return _CONSTRAINED_REST if constrained else _REST
    return _CONSTRAINED if constrained or mixed else _PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry[T]:
    """A template that leads to ``target``; ``methods`` None means all."""

    template: Template
    methods: frozenset[str] | None
    target: T


class RouteTable[T]:
    """All routes, the most specific first."""

    def __init__(self, entries: list[Entry[T]]) -> None:
        self._entries = sorted(entries, key=lambda entry: entry.template.precedence)

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | None:
        """The target of a request and its route values.

        A route whose methods do not fit is passed over, so the end of it is 404 and never 405
        (Azure/azure-functions-host: WebScriptHostHttpRoutesManager.cs, HttpMethodRouteConstraint).
        """
        for entry in self._entries:
            if entry.methods is not None and method not in entry.methods:
                continue
            values = entry.template.match(path)
            if values is not None:
                return entry.target, values
        return None
