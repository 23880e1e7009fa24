"""`send`: a file or an event to the app, as a caller, as a webhook's sender, or through storage."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Use")(send)


def send(
    route: Annotated[str, typer.Argument(help="Name of the route, or ROUTE/TABLE.")],
    file: Annotated[Path | None, typer.Argument(metavar="[FILE|-]", help="What to send; - reads stdin.")] = None,
    *,
    text: Annotated[str | None, typer.Option("--data", metavar="TEXT", help="Send this text instead.")] = None,
    hook: Annotated[bool, typer.Option("--hook", help="POST to /api/hooks/ROUTE, signed.")] = False,
    blob: Annotated[bool, typer.Option("--blob", help="Put FILE into the landing container instead.")] = False,
    scheme: Annotated[str | None, typer.Option(metavar="github|standard", help="How to sign.")] = None,
    secret_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="Environment variable that holds the webhook's secret.")
    ] = None,
    event: Annotated[str, typer.Option(help="X-GitHub-Event of a signed GitHub event.")] = "push",
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="The app, https://<app>.azurewebsites.net; default: ./dev up.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="KEY", envvar="FUNCTION_KEY", help="Function key of that app.")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="CONNECTION_STRING", envvar="LANDING", help="Storage account for --blob; default: ./dev up."
        ),
    ] = None,
    content_type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Default: by the file's extension, or what the text looks like.")
    ] = None,
    gzip: Annotated[bool, typer.Option("--gzip", help="Compress it before sending.")] = False,
) -> None:
    """Send a file or an event. Prints status and answer; the exit code is 0 only for 2xx.

    Examples:
      ./dev send storms stormevents.csv
      ./dev send storms stormevents.csv --blob
      ./dev send events --data '{"id":"1","source":"me","type":"hello","time":"2026-01-01T00:00:00Z","data":{}}'
      ./dev send github push.json --hook
      ./dev send github push.json --hook --secret-env MY_SECRET --url https://myapp.azurewebsites.net
    """
    from local.cli import send as sender  # noqa: PLC0415 - SDKs that ./dev --help need not load

    request = sender.Request(
        route=route,
        body=sender.body_of(file, text, gzip=gzip, content_type=content_type),
        hook=hook,
        blob=blob,
        scheme=sender.scheme_of(scheme),
        secret_env=secret_env,
        event=event,
        url=url,
        key=key,
        storage=storage,
    )
    raise typer.Exit(sender.send(request))
