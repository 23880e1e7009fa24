"""`demo`, `up` and `kusto`: options in, stack out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from local.problems import UsageError

_PORTS = "Ports (0 takes any free one)"
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_Port = Annotated[int, typer.Option(min=0, max=65535, rich_help_panel=_PORTS, show_default=True)]
_Folder = Annotated[
    Path | None,
    typer.Option("--data", file_okay=False, metavar="DIR", help="Keep blobs and tables here between runs."),
]
_Cores = Annotated[
    int | None, typer.Option(min=1, help="Cores of the pretended cluster: it takes six streaming requests per core.")
]
_Latency = Annotated[str | None, typer.Option(metavar="none|documented|MS", help="How slow the local Kusto answers.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel="Run")(demo)
    app.command(rich_help_panel="Run")(up)
    app.command(rich_help_panel="Run")(kusto)


def demo(
    *,
    as_json: _Json = False,
    rows: Annotated[int, typer.Option(min=1, max=1_000_000, help="Rows of the generated file.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the generated rows.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Keep logs, files and tables below .dev/run/.")] = False,
) -> None:
    """Show the main job end to end: files and events become rows in Kusto. Exit code 0 only if every count was right.

    Starts a stack of its own on free ports (a running ./dev up is not touched) and ends it.

    Examples:
      ./dev demo
      ./dev demo --json | python3 -m json.tool
    """
    from local.demo.run import demo as run_demo  # noqa: PLC0415 - SDKs that ./dev --help need not load

    raise typer.Exit(run_demo(rows=rows, seed=seed, as_json=as_json, keep=keep))


def up(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON when all are ready.")] = False,
    functions_port: _Port = 7071,
    kusto_port: _Port = 8080,
    blob_port: _Port = 10000,
    queue_port: _Port = 10001,
    table_port: _Port = 10002,
    functions_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Start no Functions host: send blob events to this one (func start)."),
    ] = None,
    data: _Folder = None,
    routes: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, metavar="FILE", help="Route file of the app.")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option("--env", metavar="NAME=VALUE", help="An app setting; repeatable.")
    ] = None,
    cores: _Cores = None,
    latency: _Latency = None,
) -> None:
    """Keep Azurite, the local Kusto and the Functions host running until Ctrl-C; the schema is applied.

    Prints the addresses. ./dev query and ./dev send find the running stack by themselves.

    Examples:
      ./dev up
      ./dev up --data .dev/run/mine --routes my-routes.toml --env GITHUB_WEBHOOK_SECRET=secret
      ./dev up --functions-url http://127.0.0.1:7071      (with `func start` in another terminal)
      ./dev up --json --functions-port 0 --kusto-port 0 --blob-port 0 --queue-port 0 --table-port 0
    """
    from local.azurite import StoragePorts  # noqa: PLC0415 - as above
    from local.cli import up as staying  # noqa: PLC0415 - as above
    from local.stack import Options  # noqa: PLC0415 - as above

    options = Options(
        logs=staying.run_folder("up"),
        location=data.resolve() if data else None,
        routes=routes.resolve() if routes else None,
        env=_settings(env or ()),
        functions_url=(functions_url or "").rstrip("/"),
        functions_port=functions_port,
        kusto_port=kusto_port,
        storage_ports=StoragePorts(blob=blob_port, queue=queue_port, table=table_port),
        cores=cores,
        latency=latency,
    )
    ports = {
        "--functions-port": 0 if functions_url else functions_port,
        "--kusto-port": kusto_port,
        "--blob-port": blob_port,
        "--queue-port": queue_port,
        "--table-port": table_port,
    }
    raise typer.Exit(staying.up(options, ports, as_json=as_json))


def kusto(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON when it is ready.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of both its endpoints; 0 takes a free one.")] = 8080,
    data: _Folder = None,
    cores: _Cores = None,
    latency: _Latency = None,
) -> None:
    """Run the local Kusto alone, with storage of its own on free ports, until Ctrl-C. No table is made.

    Its endpoint takes queries, commands, streaming and queued ingestion of the official clients, without login.

    Examples:
      ./dev kusto --port 8081
      ./dev query --cluster http://127.0.0.1:8081 --database Events '.show tables'
    """
    from local.cli import up as staying  # noqa: PLC0415 - as above
    from local.stack import Options  # noqa: PLC0415 - as above

    options = Options(
        logs=staying.run_folder("kusto"),
        location=data.resolve() if data else None,
        functions=False,
        schema=False,
        kusto_port=port,
        cores=cores,
        latency=latency,
    )
    raise typer.Exit(staying.up(options, {"--port": port}, as_json=as_json))


def _settings(texts: Sequence[str]) -> dict[str, str]:
    settings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--env takes NAME=VALUE, not {name!r} without a value.")
        settings[name] = value
    return settings
