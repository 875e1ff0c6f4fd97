"""`bench board`: one static page of any number of stores or result files."""

from pathlib import Path

import click


@click.command("board")
@click.argument("paths", nargs=-1, required=True)
@click.option("--claims", "ledgers", multiple=True, metavar="CSV", help="A further claim ledger.")
@click.option("--out", default="board.html", show_default=True, metavar="FILE", help="Or -.")
def command(paths: tuple[str, ...], ledgers: tuple[str, ...], out: str) -> None:
    """Make a board of the results at PATHS: stores, report folders or result files."""
    from bench.cli.output import out_file, write_out
    from bench.exchange.board import board_html
    from bench.exchange.claims import read_claims
    from bench.exchange.results import merge, read_results
    from bench.plugin.discovery import ROOT

    file = out_file(out)
    rows, conflicts = merge({path: read_results(Path(path)) for path in paths})
    ledgers_of = [ROOT / "reports" / "published" / "claims.csv", *map(Path, ledgers)]
    claims = [claim for ledger in ledgers_of for claim in read_claims(ledger)]
    write_out(file, board_html(rows, claims, conflicts, paths).encode(), "board")
    click.echo(f"{len(rows)} rows, {len(conflicts)} conflicts", err=True)
