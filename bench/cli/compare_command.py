"""`bench compare`: two reports, row by row, paired by seed."""

from pathlib import Path

import click

from bench.cli.options import store_option


@click.command("compare")
@click.argument("a")
@click.argument("b")
@store_option
@click.option(
    "--format", "kind", type=click.Choice(["text", "md", "csv", "latex"]), default="text",
    show_default=True, help="How the table is printed.",
)  # fmt: skip
@click.option("--out", metavar="FILE", help="Where to write it instead of standard output.")
def command(a: str, b: str, store: str, kind: str, out: str | None) -> None:
    """Compare report A with report B: differences over the seeds that both have.

    A and B are folders of reports, their report.csv, or names of reports in the store, such as
    ablation-quick. They may come from other machines, commits, recipes or profiles.
    """
    from bench.app.comparing import comparison
    from bench.cli.output import out_file, write_out

    file = out_file(out)
    write_out(file, comparison(a, b, Path(store) / "reports", kind).encode(), kind)
