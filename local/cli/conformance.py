"""`conformance`: the conformance table against the running stack's Kusto, or any cluster."""

from enum import StrEnum
from typing import Annotated

import typer

from local.problems import UsageError


class ConformanceLogin(StrEnum):
    """Who asks."""

    AUTO = "auto"
    NONE = "none"
    AZURE_CLI = "azure_cli"
    DEFAULT = "default"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Check")(conformance)


def conformance(
    *,
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="URI", help="Engine endpoint; without it the running ./dev up.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option("--database", "-d", metavar="DB", help="Where the tables are made; without it the stack's."),
    ] = None,
    ingest: Annotated[
        str | None,
        typer.Option("--ingest", metavar="URI", help="Ingestion endpoint; default: ingest- before the cluster's host."),
    ] = None,
    auth: Annotated[
        ConformanceLogin,
        typer.Option("--auth", help="auto: nothing for http://, otherwise the Azure CLI's login."),
    ] = ConformanceLogin.AUTO,
    only: Annotated[str, typer.Option("--only", metavar="TEXT", help="Only cases whose name contains TEXT.")] = "",
    settle: Annotated[
        float | None,
        typer.Option("--settle", metavar="S", min=0, help="Seconds to wait for new tables; 300, on this machine 0."),
    ] = None,
    patience: Annotated[
        float | None,
        typer.Option("--patience", metavar="S", min=0, help="Seconds to wait for queued rows; 600, here 20."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per case and line.")] = False,
) -> None:
    """Compare a Kusto with the conformance table: what the service is documented, or was seen, to answer.

    Works in tables of its own (Conformance_…) and drops them. Exit code 0: no difference, 1: differences (they are
    printed), 2: the cluster could not be used.

    Examples:
      ./dev conformance
      ./dev conformance --only queued
      ./dev conformance --cluster https://mycluster.westeurope.kusto.windows.net --database Scratch
    """
    from local.conformance.__main__ import main  # noqa: PLC0415 - the clients' import time, which --help need not pay

    uri, ingest_uri, chosen = _target(cluster, ingest, database)
    given = {
        "--cluster": uri,
        "--ingest": ingest_uri,
        "--database": chosen,
        "--auth": auth.value,
        "--only": only or None,
        "--settle": settle,
        "--patience": patience,
    }
    arguments = [text for name, value in given.items() if value is not None for text in (name, str(value))]
    raise typer.Exit(main([*arguments, "--json"] if as_json else arguments))


def _target(cluster: str | None, ingest: str | None, database: str | None) -> tuple[str, str | None, str]:
    from local import endpoints  # noqa: PLC0415 - as above

    if cluster is not None:
        if database is None:
            raise UsageError("--cluster needs --database.")
        return cluster, ingest, database
    running = endpoints.load()
    if running is None:
        raise UsageError("No ./dev up is running. Start it in another terminal, or name a --cluster and a --database.")
    return running.kusto, ingest or running.kusto_ingest, database or running.database
