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
    from bench.cli.output import out_file
    from bench.exchange.results import merge, read_results, results_file, write_results

    file = results_file(out_file(out) or Path(out)) if out is not None else None
    rows, conflicts = merge({path: read_results(Path(path)) for path in paths})
    for conflict in conflicts:
        shown = "; ".join(f"{score:.4f} in {name}" for name, score in conflict.scores)
        click.echo(f"conflict: {conflict.address}: {shown}")
    if file is not None:
        write_results(rows, file)
    click.echo(f"{len(rows)} rows, {len(conflicts)} conflicts{f', in {out}' if file else ''}")
    raise SystemExit(1 if conflicts else 0)
