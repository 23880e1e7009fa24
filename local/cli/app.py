"""The command line: the commands, in the order of the help. What they do is imported when they run."""

import sys

import typer

from local.cli import checking, conformance, kusto_commands, sending, stack_commands
from local.problems import LocalError

app = typer.Typer(
    name="./dev",
    help="Everything a developer needs: the laptop stack, the demo, queries and tests. No Azure subscription needed.",
    epilog="Begin with [bold]./dev demo[/]. Then [bold]./dev up[/], and in another terminal "
    "[bold]./dev query 'MyStormEvents | take 5'[/].",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def root(ctx: typer.Context) -> None:
    """Show the help when no command is given."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


stack_commands.register(app)
kusto_commands.register(app)
sending.register(app)
checking.register(app)
conformance.register(app)


def main() -> None:
    """Run the command line; a problem is one message on stderr and its exit code."""
    try:
        app(prog_name="./dev")
    except LocalError as problem:
        typer.secho("./dev: ", fg="red", bold=True, nl=False, err=True)
        typer.echo(str(problem), err=True)
        sys.exit(problem.exit_code)
