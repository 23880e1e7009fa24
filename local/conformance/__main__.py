"""``python -m local.conformance``: run the table against a cluster and print where it differs."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from local.conformance.case import differences
from local.conformance.cases import CASES
from local.conformance.cluster import Cluster, ClusterError
from local.conformance.runner import Prepared, observe, plan, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.conformance",
        description="Run the conformance table against a cluster, in tables of its own that are dropped at the end. "
        "Exit code 0: no difference, 1: differences, 2: the cluster could not be used.",
    )
    parser.add_argument("--cluster", required=True, metavar="URI", help="engine endpoint")
    parser.add_argument(
        "--ingest", metavar="URI", help="ingestion endpoint (default: ingest- before the cluster's host)"
    )
    parser.add_argument("--database", required=True, metavar="DB", help="database the tables are made in")
    parser.add_argument(
        "--auth",
        choices=("auto", "none", "azure_cli", "default"),
        default="auto",
        help="auto: none for http, the Azure CLI's login for https (default)",
    )
    parser.add_argument("--only", metavar="TEXT", help="only cases whose name contains TEXT")
    parser.add_argument("--settle", type=float, metavar="S", help="seconds to wait for new tables (300; local: 0)")
    parser.add_argument("--patience", type=float, metavar="S", help="seconds to wait for queued rows (600; local: 20)")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    return parser


def ingestion_uri(cluster: str) -> str:
    """The ingestion endpoint that belongs to an engine endpoint."""
    parts = urlsplit(cluster)
    if parts.hostname in _LOOPBACK:
        return cluster
    return urlunsplit(parts._replace(netloc=f"ingest-{parts.netloc}"))


def _token(auth: str, cluster: str) -> Callable[[], str] | None:
    if auth == "none" or (auth == "auto" and cluster.startswith("http://")):
        return None
    from azure.identity import AzureCliCredential, DefaultAzureCredential  # noqa: PLC0415 - only for real clusters

    credential = DefaultAzureCredential() if auth == "default" else AzureCliCredential()
    return lambda: credential.get_token("https://kusto.kusto.windows.net/.default").token


def run(cluster: Cluster, prepared: Sequence[Prepared], settle: float, patience: float) -> list[dict[str, Any]]:
    """Run all cases; one report each."""
    reports = []
    with tables(cluster, prepared, settle):
        for one in prepared:
            try:
                found = differences(one.case.expect, observe(cluster, one, patience))
            except (ClusterError, OSError) as error:
                found = [f"could not be run: {error}"]
            reports.append(
                {
                    "case": one.title,
                    "basis": one.case.basis.value,
                    "source": one.case.source,
                    "differences": found,
                    "deviation": one.case.deviation,
                }
            )
    return reports


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; see the parser for the exit codes."""
    parsed = _parser().parse_args(arguments)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="azure")
    local = urlsplit(parsed.cluster).hostname in _LOOPBACK
    cluster = Cluster(
        uri=parsed.cluster.rstrip("/"),
        ingest_uri=(parsed.ingest or ingestion_uri(parsed.cluster)).rstrip("/"),
        database=parsed.database,
        token=_token(parsed.auth, parsed.cluster),
    )
    chosen = [case for case in CASES if not parsed.only or parsed.only.lower() in case.name.lower()]
    settle = parsed.settle if parsed.settle is not None else (0.0 if local else 300.0)
    patience = parsed.patience if parsed.patience is not None else (20.0 if local else 600.0)
    try:
        reports = run(cluster, plan(chosen), settle, patience)
    except (ClusterError, OSError) as error:
        sys.stderr.write(f"conformance: the cluster cannot be used: {error}\n")
        return 2
    return _print(reports, as_json=parsed.json)


def _print(reports: Sequence[dict[str, Any]], *, as_json: bool) -> int:
    differing = [report for report in reports if report["differences"]]
    for report in reports if as_json else differing:
        if as_json:
            sys.stdout.write(json.dumps(report) + "\n")
            continue
        sys.stdout.write(f"{report['case']} ({report['basis']}; {report['source']})\n")
        if report["deviation"]:
            sys.stdout.write(f"    known of the local Kusto: {report['deviation']}\n")
        for difference in report["differences"]:
            sys.stdout.write(f"    {difference}\n")
    if not as_json:
        sys.stdout.write(f"{len(reports)} cases, {len(differing)} differ\n")
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
