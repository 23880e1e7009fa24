"""`python -m local.monitoring [--check]`: write the Workbook and the dashboard, or say which are not up to date."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local.monitoring.files import dashboard_for, files
from local.monitoring.queries import MONITORING, MonitoringError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code is 0 when the files are up to date (or have been written), 1 otherwise."""
    options = _parser().parse_args(arguments)
    try:
        if options.workspace:
            sys.stdout.write(dashboard_for(options.folder, options.workspace))
            return 0
        wanted = files(options.folder)
    except MonitoringError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    stale = {path: text for path, text in wanted.items() if _present(path) != text}
    for path, text in stale.items():
        if options.check:
            sys.stderr.write(f"{path.name} is not up to date: run `python -m local.monitoring`\n")
        else:
            path.write_text(text, encoding="utf-8")
            sys.stderr.write(f"{path.name} written\n")
    return 1 if options.check and stale else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.monitoring", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a file is not up to date")
    parser.add_argument("--folder", type=Path, default=MONITORING, help="default: infra/monitoring")
    parser.add_argument(
        "--workspace",
        metavar="RESOURCE_ID",
        help="write nothing; print the dashboard that reads this Log Analytics workspace, ready for"
        " https://dataexplorer.azure.com > Dashboards > Import from file",
    )
    return parser


def _present(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    raise SystemExit(main())
