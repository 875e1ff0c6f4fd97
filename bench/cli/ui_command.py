"""`bench ui`: the MLflow UI on the right store."""

import click

from bench.cli.options import store_option, tracking_option


@click.command("ui")
@store_option
@tracking_option
@click.option("--port", default=5000, show_default=True)
@click.option("--dry-run", is_flag=True, help="Print the command and the address only.")
def command(store: str, tracking_uri: str | None, port: int, dry_run: bool) -> None:
    """Start the MLflow UI on 127.0.0.1 and print the address of a prepared comparison."""
    from bench.cli.serving import serve

    raise SystemExit(serve(store, tracking_uri, port, dry_run))
