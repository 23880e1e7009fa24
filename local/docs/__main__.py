"""`python -m local.docs [--check]`: write the generated parts of docs/*.md, or say which are not up to date."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local.docs.pages import PageError, stale
from local.docs.parts import PARTS
from local.generated import bring_up_to_date
from local.paths import ROOT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code is 0 when all pages are up to date (or have been written), 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m local.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a page is not up to date")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs", help="folder of the pages (default: docs)")
    options = parser.parse_args(arguments)
    try:
        pages = stale(options.folder, PARTS)
    except PageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return bring_up_to_date(pages, command="python -m local.docs", check=options.check)


if __name__ == "__main__":
    raise SystemExit(main())
