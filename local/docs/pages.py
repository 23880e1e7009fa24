"""Generated parts of Markdown pages: what lies between `<!-- generated: NAME -->` and `<!-- end -->`."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

#: What writes a part, by the name in its marker.
type Parts = Mapping[str, Callable[[], str]]

_MARKERS = re.compile(r"^<!-- (?:generated: (?P<name>[a-z-]+)|end) -->$", re.MULTILINE)


class PageError(ValueError):
    """The markers of a page cannot be used; the text says which, and where."""


def filled(text: str, parts: Parts) -> str:
    """A page with every generated part written anew; the rest stays as it is.

    Raises:
        PageError: for an unknown name, a part without an end, or an end without a part.
    """
    pieces: list[str] = []
    name: str | None = None
    position = 0
    for marker in _MARKERS.finditer(text):
        line = text.count("\n", 0, marker.start()) + 1
        if (marker["name"] is None) is (name is None):
            raise PageError(f"line {line}: {marker[0]} stands where it cannot; each part has one end")
        if name is None:
            if marker["name"] not in parts:
                raise PageError(f"line {line}: unknown part {marker['name']}; known are {', '.join(parts)}")
            pieces.append(text[position : marker.end()])
        else:
            pieces.append(f"\n{parts[name]().strip()}\n")
            position = marker.start()
        name = marker["name"]
    if name is not None:
        raise PageError(f"part {name} has no <!-- end -->")
    return "".join([*pieces, text[position:]])


def names_of(text: str) -> tuple[str, ...]:
    """The names of the generated parts of a page."""
    return tuple(marker["name"] for marker in _MARKERS.finditer(text) if marker["name"])


def stale(folder: Path, parts: Parts) -> dict[Path, str]:
    """The pages of a folder that differ from what the code says, with the text that they should have.

    Raises:
        PageError: with the page's name, or because there is none.
    """
    found: dict[Path, str] = {}
    pages = sorted(folder.glob("*.md"))
    if not pages:
        raise PageError(f"{folder} holds no page")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        try:
            wanted = filled(text, parts)
        except PageError as error:
            raise PageError(f"{page.name}: {error}") from None
        if wanted != text:
            found[page] = wanted
    return found
