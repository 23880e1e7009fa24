"""`python -m local.monitoring [--check]`: write the Workbook and the dashboard, or say which are not up to date."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local.generated import bring_up_to_date
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
    return bring_up_to_date(wanted, command="python -m local.monitoring", check=options.check)


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


if __name__ == "__main__":
    raise SystemExit(main())
