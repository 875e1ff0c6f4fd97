"""`bench ui`: the MLflow UI on the right store."""

import signal

import click

from bench.cli.options import store_option, tracking_option
from bench.cli.run_command import interrupt
from bench.core.errors import BadValue


@click.command("ui")
@store_option
@tracking_option
@click.option("--study", metavar="NAME", help="The study to compare.  [default: the newest]")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.option("--dry-run", is_flag=True, help="Print the command and the address only.")
def command(
    store: str, tracking_uri: str | None, study: str | None, port: int, dry_run: bool
) -> None:
    """Start the MLflow UI on 127.0.0.1 and print the addresses of a prepared comparison."""
    from bench.app.serving import serve

    if study is not None and not study:
        raise BadValue("--study: expected a study's name, given ''; leave it out for the newest")
    signal.signal(signal.SIGTERM, interrupt)
    raise SystemExit(serve(store, tracking_uri, port, study or "", dry_run))
