"""The pages and what is in them."""

import re
import tomllib
from pathlib import Path

from local.paths import ROOT

DOCS = sorted((ROOT / "docs").glob("*.md"))
_BLOCK = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """Note and text of each code block in that language."""
    return [(row[2].strip(), row[3]) for row in _BLOCK.finditer(page.read_text(encoding="utf-8")) if row[1] == language]


def without_blocks(page: Path) -> str:
    """A page's text without its code blocks."""
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))


def page_text(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def shipped() -> dict[str, dict[str, object]]:
    routes: dict[str, dict[str, object]] = tomllib.loads((ROOT / "routes.toml").read_text(encoding="utf-8"))["routes"]
    return routes
