"""Blob patterns: `*` and `?` within a path segment, `**` for any number of segments, `{table}` for one segment.

Pure. Two patterns overlap when some blob name matches both; the route file may not hold such a pair, because a blob
must have one route.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Self

_WILD = {"*": r"[^/]*", "?": r"[^/]"}
_TABLE = "{table}"


@dataclass(frozen=True, slots=True)
class BlobPattern:
    """A pattern for blob names below the landing container."""

    text: str

    def match(self, name: str) -> re.Match[str] | None:
        """The match of a whole blob name; its group `table` holds what `{table}` stands for, where it occurs."""
        return _compiled(self.text).fullmatch(name)

    @property
    def has_table(self) -> bool:
        """Whether the blob's path names the table."""
        return _TABLE in self.text

    @property
    def prefix(self) -> str:
        """The literal start of every name that matches, up to its last slash."""
        literal = re.split(r"[*?{]", self.text, maxsplit=1)[0]
        return literal[: literal.rfind("/") + 1]

    def overlaps(self, other: Self) -> bool:
        """Whether some name matches both patterns."""
        return _paths_meet(_segments(self.text), _segments(other.text))


def problem_of(text: str) -> str | None:
    """Why a pattern cannot be used, or None."""
    if not text or text.startswith("/") or text.endswith("/") or "//" in text:
        return "it must be a path below the container, without a leading, trailing or double slash"
    if any("**" in segment and segment != "**" for segment in text.split("/")):
        return "`**` must be a whole path segment"
    if text.count(_TABLE) > 1 or any("{" in s.replace(_TABLE, "") or "}" in s.replace(_TABLE, "") for s in [text]):
        return "`{table}` is the only placeholder, and may stand once"
    return None


def _segments(text: str) -> tuple[str, ...]:
    return tuple(text.replace(_TABLE, "*").split("/"))


@cache
def _compiled(text: str) -> re.Pattern[str]:
    parts: list[str] = []
    segments = text.split("/")
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == "**":
            parts.append(r".*" if last else r"(?:[^/]+/)*")
        else:
            parts.append(_segment_expression(segment) + ("" if last else "/"))
    return re.compile("".join(parts), re.DOTALL)


def _segment_expression(segment: str) -> str:
    pieces = re.split(r"(\{table\}|[*?])", segment)
    return "".join(r"(?P<table>[^/]+)" if p == _TABLE else _WILD.get(p, re.escape(p)) for p in pieces)


@cache
def _paths_meet(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    if not left or not right:
        return not left and not right
    if left == ("**",):
        return True  # at the end it stands for one segment or more, and the other side has one left
    if left[0] == "**":
        return _paths_meet(left[1:], right) or _paths_meet(left, right[1:])
    if right[0] == "**":
        return _paths_meet(right, left)
    return _segments_meet(left[0], right[0]) and _paths_meet(left[1:], right[1:])


@cache
def _segments_meet(left: str, right: str) -> bool:
    if not left or not right:
        return not (left + right).strip("*")
    if left[0] == "*":
        return _segments_meet(left[1:], right) or _segments_meet(left, right[1:])
    if right[0] == "*":
        return _segments_meet(right, left)
    same = left[0] == right[0] or "?" in (left[0], right[0])
    return same and _segments_meet(left[1:], right[1:])
