"""``python -m local.managed_table``: the conformance table of managed ingestion, ours beside the official client's."""

import argparse
import asyncio
import sys
import tempfile
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from local.docs.__main__ import main as write_docs
from local.managed_table import facts
from local.managed_table.cases import CASES
from local.managed_table.measure import measure
from local.managed_table.page import page
from local.problems import LocalError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.managed_table",
        description="Print the conformance table of managed ingestion. Our columns are what the tests assert; the "
        "official client's are a record, which --measure makes anew.",
    )
    parser.add_argument(
        "--measure",
        nargs="?",
        const="",
        metavar="TEXT",
        help="run the cases, or only those whose name contains TEXT, through the official client first, against local "
        "Kustos and an Azurite that are started for it, and record what it did (about five minutes)",
    )
    parser.add_argument("--write", action="store_true", help="write the table into docs/managed-ingestion.md")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0: done, 1: something is missing or did not start, and the text says what."""
    options = _parser().parse_args(arguments)
    try:
        if options.measure is not None:
            _measure(options.measure)
        if options.write:
            return write_docs([])
        sys.stdout.write(f"{page(CASES, facts.read())}\n")
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (OSError, msgspec.DecodeError, KeyError) as error:
        sys.stderr.write(f"The record of the official client does not fit the table: run --measure. ({error!r})\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _measure(only: str) -> None:
    # azure-kusto-ingest 6.0.4 calls datetime.utcnow(), which Python 3.12 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    chosen = [case for case in CASES if only.lower() in case.name.lower()]
    known = facts.read().cases if only else {}
    with tempfile.TemporaryDirectory() as logs:
        found = {**known, **asyncio.run(measure(chosen, Path(logs), _tell))}
    cases = {case.name: found[case.name] for case in CASES}
    day = datetime.now(UTC).date().isoformat()
    facts.write(facts.Record(version=version("azure-kusto-ingest"), day=day, cases=cases))


if __name__ == "__main__":
    raise SystemExit(main())
