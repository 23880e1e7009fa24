"""`query` and `schema`: the running stack's Kusto, or any cluster."""

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from local.problems import UsageError

if TYPE_CHECKING:
    from local.kql import Cluster


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    LIST = "list"
    JSON = "json"
    CSV = "csv"


class Login(StrEnum):
    """Who asks. The values of the app setting KUSTO_AUTH."""

    AUTO = "auto"
    AZURE_CLI = "azure_cli"
    INTERACTIVE = "interactive"
    DEFAULT = "default"
    MANAGED_IDENTITY = "managed_identity"
    NONE = "none"


_ClusterOption = Annotated[
    str | None,
    typer.Option("--cluster", metavar="URI", help="Engine endpoint; without it the running ./dev up."),
]
_DatabaseOption = Annotated[
    str | None, typer.Option("--database", "-d", metavar="DB", help="Database; without it the running stack's.")
]
_AuthOption = Annotated[
    Login,
    typer.Option("--auth", help="auto: nothing for http:// on this machine, otherwise the Azure CLI's login."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel="Use")(query)
    app.command(rich_help_panel="Use")(schema)


def query(
    text: Annotated[str, typer.Argument(metavar="KQL", help="A query or a management command; - reads stdin.")],
    *,
    layout: Annotated[Format, typer.Option("--format", "-f", help="How rows are printed.")] = Format.TABLE,
    cluster: _ClusterOption = None,
    database: _DatabaseOption = None,
    auth: _AuthOption = Login.AUTO,
) -> None:
    """Run a query or a management command.

    Examples:
      ./dev query 'MyStormEvents | count'
      ./dev query 'MyStormEvents | top 1 by EndTime' --format list
      ./dev query '.show tables' --format json
      ./dev query --cluster https://help.kusto.windows.net --database Samples 'StormEvents | take 3'
    """
    from local.cli.rows import write  # noqa: PLC0415 - the client's 0.6 s, which ./dev --help need not pay

    kql = sys.stdin.read() if text == "-" else text
    with _cluster(cluster, database, auth) as chosen:
        write(chosen.run(kql), layout)


def schema(
    *,
    cluster: _ClusterOption = None,
    database: _DatabaseOption = None,
    auth: _AuthOption = Login.AUTO,
    identity: Annotated[
        bool,
        typer.Option(
            "--managed-identity",
            help="Let the cluster read blobs by its own identity (05-managed-identity.kql). It must have one, and you "
            "AllDatabasesAdmin. On this machine always.",
        ),
    ] = False,
) -> None:
    """Create or update the tables, mappings and policies: runs infra/kql/*.kql. Safe to run again.

    {database} in a script is replaced by the database's name. Then the cluster's schema cache is cleared, so that
    streaming sees the change at once. Needs Admin of the database.

    Examples:
      ./dev schema
      ./dev schema --cluster https://mycluster.westeurope.kusto.windows.net --database Events
      ./dev schema --cluster https://mycluster.westeurope.kusto.windows.net --database Events --managed-identity
    """
    from shared.settings import is_loopback  # noqa: PLC0415 - what ./dev --help need not pay

    with _cluster(cluster, database, auth) as chosen:
        local = is_loopback(chosen.uri)
        for name in chosen.apply(managed_identity=identity or local):
            typer.echo(f"applied infra/kql/{name} to database {chosen.database} of {chosen.uri}")
        if not (identity or local):
            typer.echo("left out: the script for a cluster with an identity of its own (--managed-identity)")
        if not chosen.clear_schema_cache():
            typer.echo("The cluster did not clear its schema cache: streaming may not see the change for 5 minutes.")


def _cluster(uri: str | None, database: str | None, login: Login) -> "Cluster":
    from local import endpoints  # noqa: PLC0415 - as above
    from local.kql import Cluster  # noqa: PLC0415 - as above
    from shared.settings import Auth  # noqa: PLC0415 - as above

    if uri is not None:
        if database is None:
            raise UsageError("--cluster needs --database.")
        return Cluster(uri, database, auth=Auth(login), client_id=os.environ.get("AZURE_CLIENT_ID"))
    running = endpoints.load()
    if running is None:
        raise UsageError("No ./dev up is running. Start it in another terminal, or name a --cluster and a --database.")
    return Cluster(running.kusto, database or running.database)
