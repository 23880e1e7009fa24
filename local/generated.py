"""Files that are written from the code: write those that are not up to date, or only name them."""

import sys
from collections.abc import Mapping
from pathlib import Path


def bring_up_to_date(wanted: Mapping[Path, str], *, command: str, check: bool) -> int:
    """Exit code: 1 where `check` is asked for and a file is not what it must be, otherwise 0.

    Args:
        wanted: what each file must hold.
        command: what a person runs to write them.
        check: write nothing.
    """
    stale = {path: text for path, text in wanted.items() if _present(path) != text}
    for path, text in stale.items():
        if check:
            sys.stderr.write(f"{path.name} is not up to date: run `{command}`\n")
        else:
            path.write_text(text, encoding="utf-8")
            sys.stderr.write(f"{path.name} written\n")
    return 1 if check and stale else 0


def _present(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
