"""The subset of JSONPath that ingestion mappings use: ``$``, names, quoted names and array positions."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from local.kusto.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.kusto.conversion import Json

type Step = str | int

_STEP: Final = re.compile(
    r"""\.?\[\s*'((?:[^'\\]|\\.)*)'\s*\]|\.?\[\s*"((?:[^"\\]|\\.)*)"\s*\]|\[\s*(\d+)\s*\]|\.([^.\[\]'"]+)"""
)


@lru_cache(maxsize=4096)
def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path below the root; raises ``KustoError`` for what is no path."""
    path = text.strip()
    if not path.startswith("$"):
        raise bad_request("BadRequest_InvalidMapping", f"'{text}' is not a JSON path: it must start with '$'.")
    steps: list[Step] = []
    position = 1
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None:
            raise bad_request("BadRequest_InvalidMapping", f"'{text}' is not a supported JSON path.")
        single, double, index, bare = found.groups()
        quoted = single if single is not None else double
        if quoted is not None:
            steps.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            steps.append(int(index) if index is not None else bare)
        position = found.end()
    return tuple(steps)


def look_up(document: Json, steps: Sequence[Step]) -> Json:
    """The value at the end of the path, or ``None`` where the path leads nowhere."""
    current = document
    for step in steps:
        if isinstance(step, int):
            if not isinstance(current, list) or step >= len(current):
                return None
            current = current[step]
        else:
            if not isinstance(current, dict):
                return None
            current = current.get(step)
    return current
