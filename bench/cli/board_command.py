"""`bench board`: one static page of any number of stores or result files."""

from pathlib import Path

import click


@click.command("board")
@click.argument("paths", nargs=-1, required=True)
@click.option("--claims", "ledgers", multiple=True, metavar="CSV", help="A further claim ledger.")
@click.option("--out", default="board.html", show_default=True, metavar="FILE")
def command(paths: tuple[str, ...], ledgers: tuple[str, ...], out: str) -> None:
    """Make a board of the results at PATHS: stores, report folders or result files."""
    from bench.exchange.board import board_html
    from bench.exchange.claims import read_claims
    from bench.exchange.results import merge, read_results
    from bench.plugin.discovery import ROOT
    from bench.storage.store import write_atomically

    rows, conflicts = merge({path: read_results(Path(path)) for path in paths})
    files = [ROOT / "reports" / "published" / "claims.csv", *map(Path, ledgers)]
    claims = [claim for file in files for claim in read_claims(file)]
    write_atomically(Path(out), board_html(rows, claims, conflicts, paths).encode())
    click.echo(f"board: {out} ({len(rows)} rows, {len(conflicts)} conflicts)")
