"""Reading the text of a management command: words, entity names, string literals, properties."""

from __future__ import annotations

import re
from typing import Final

from local.kusto.errors import KustoError, syntax_error

_SPACE: Final = re.compile(r"(?:\s+|//[^\n]*)*")
_WORD: Final = re.compile(r"[.]?[A-Za-z_][\w-]*")
_NAME: Final = re.compile(r"[A-Za-z_0-9][\w]*(?:[-.][\w]+)*")
_BRACKETED: Final = re.compile(r"\[\s*(?:'([^'\n]*)'|\"([^\"\n]*)\")\s*\]")
_FENCED: Final = re.compile(r"(?:```|~~~)(.*?)(?:```|~~~)", re.DOTALL)
_VERBATIM: Final = re.compile(r"[hH]?@(?:'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\")")
_QUOTED: Final = re.compile(r"[hH]?(?:'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\")")
_ESCAPED: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_BARE_VALUE: Final = re.compile(r"[^\s,()]+")


class Reader:
    """A position in a command; every read skips white space and comments before it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._at = 0
        self._skip()

    @property
    def rest(self) -> str:
        """What is not read yet."""
        return self.text[self._at :]

    def accept(self, *words: str) -> bool:
        """Read the words if they come next, in any case; otherwise read nothing."""
        start = self._at
        for word in words:
            found = _WORD.match(self.text, self._at)
            if found is None or found[0].lower() != word:
                self._at = start
                return False
            self._to(found.end())
        return True

    def expect(self, *words: str) -> None:
        """Read the words; raises ``KustoError`` if something else comes."""
        if not self.accept(*words):
            raise self.error(f"Expected: '{' '.join(words)}'.")

    def choose(self, *words: str) -> str:
        """Read one of the words; raises ``KustoError`` if something else comes."""
        for word in words:
            if self.accept(word):
                return word
        raise self.error(f"Expected one of: {', '.join(words)}.")

    def mark(self, sign: str) -> bool:
        """Read the sign if it comes next."""
        if not self.text.startswith(sign, self._at):
            return False
        self._to(self._at + len(sign))
        return True

    def need(self, sign: str) -> None:
        """Read the sign; raises ``KustoError`` if something else comes."""
        if not self.mark(sign):
            raise self.error(f"Expected: '{sign}'.")

    def name(self) -> str:
        """An entity name: bare, ``['quoted']``, or a string literal."""
        bracketed = _BRACKETED.match(self.text, self._at)
        if bracketed:
            self._to(bracketed.end())
            return bracketed[1] if bracketed[1] is not None else bracketed[2]
        quoted = self.string()
        if quoted is not None:
            return quoted
        bare = _NAME.match(self.text, self._at)
        if bare is None:
            raise self.error("Expected an entity name.")
        self._to(bare.end())
        return bare[0]

    def one_name(self) -> str:
        """A name that another string literal may follow directly: reads one literal only."""
        quoted = self._string()
        return self.name() if quoted is None else quoted

    def names(self) -> list[str]:
        """``(A, B)``, or one name."""
        if not self.mark("("):
            return [self.name()]
        found = [self.name()]
        while self.mark(","):
            found.append(self.name())
        self.need(")")
        return found

    def string(self) -> str | None:
        """A string literal; adjacent ones are one string."""
        parts: list[str] = []
        while (part := self._string()) is not None:
            parts.append(part)
        return "".join(parts) if parts else None

    def literal(self, what: str) -> str:
        """A string literal that has to be there."""
        found = self.string()
        if found is None:
            raise self.error(f"Expected {what} as a string literal.")
        return found

    def properties(self) -> dict[str, str]:
        """``with (name = value, …)`` with lower-case names, or nothing."""
        if not self.accept("with"):
            return {}
        self.need("(")
        found: dict[str, str] = {}
        while not self.mark(")"):
            name = self.name().lower()
            self.need("=")
            found[name] = self.value()
            self.mark(",")
        return found

    def value(self) -> str:
        """A property value: a string literal or a bare word or number, ``datetime(…)`` and the like included."""
        quoted = self.string()
        if quoted is not None:
            return quoted
        bare = _BARE_VALUE.match(self.text, self._at)
        if bare is None:
            raise self.error("Expected a value.")
        end = bare.end()
        if self.text.startswith("(", end):
            end = self.text.find(")", end) + 1 or end
        value = self.text[self._at : end]
        self._to(end)
        return value.partition("(")[2].rstrip(")") if "(" in value else value

    def end(self) -> None:
        """Nothing may follow; raises ``KustoError`` otherwise."""
        if self.rest.strip().rstrip(";"):
            raise self.error("Unexpected text after the command.")

    def error(self, reason: str) -> KustoError:
        """The syntax error at this place."""
        line = self.text.count("\n", 0, self._at) + 1
        column = self._at - (self.text.rfind("\n", 0, self._at) + 1)
        return syntax_error(self.text, f"{reason} [line:position={line}:{column}].")

    def _string(self) -> str | None:
        for pattern, unescape in ((_FENCED, _as_is), (_VERBATIM, _undouble), (_QUOTED, _unescape)):
            found = pattern.match(self.text, self._at)
            if found:
                self._to(found.end())
                return unescape(next((g for g in found.groups() if g is not None), ""))
        return None

    def _to(self, position: int) -> None:
        self._at = position
        self._skip()

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self._at)
        if found:
            self._at = found.end()


def _as_is(text: str) -> str:
    return text


def _undouble(text: str) -> str:
    return text.replace("''", "'").replace('""', '"')


def _unescape(text: str) -> str:
    def swap(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] == "u" and len(code) > 1:
            return chr(int(code[1:], 16))
        return _ESCAPES.get(code, code)

    return _ESCAPED.sub(swap, text)
