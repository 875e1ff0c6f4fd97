"""`bench merge`: results of several labs in one file, conflicts shown."""

from pathlib import Path

import click


@click.command("merge")
@click.argument("paths", nargs=-1, required=True)
@click.option("--out", metavar="FILE", help="A .json or .parquet file for the merged rows.")
def command(paths: tuple[str, ...], out: str | None) -> None:
    """Merge the results at PATHS: stores, report folders, report.csv, .json or .parquet.

    The same address with different scores is shown, kept, and makes the exit code 1.
    """
    from bench.exchange.results import merge, read_results, write_results

    rows, conflicts = merge({path: read_results(Path(path)) for path in paths})
    for conflict in conflicts:
        shown = "; ".join(f"{score:.4f} in {name}" for name, score in conflict.scores)
        click.echo(f"conflict: {conflict.address}: {shown}")
    if out:
        write_results(rows, Path(out))
    click.echo(f"{len(rows)} rows, {len(conflicts)} conflicts{f', in {out}' if out else ''}")
    raise SystemExit(1 if conflicts else 0)
