"""`bench reproduce`: the tables and figures of a paper from one command."""

import signal
from typing import TYPE_CHECKING

import click

from bench.cli.options import data_option, store_option
from bench.cli.run_options import quiet_option, run_options
from bench.plugin.recipes import Profile

if TYPE_CHECKING:
    from bench.app.running import RunOptions

PAPERS = ("wmdd",)


@click.command("reproduce")
@click.argument("paper", type=click.Choice(PAPERS), default=PAPERS[0])
@click.option("--table", "tables", multiple=True, metavar="N", help="Only this table (repeatable).")
@click.option("--figure", "figures", multiple=True, metavar="N", help="Only this figure, as 5a.")
@click.option("--dataset", metavar="NAME", help="On this data set instead of the scale's own.")
@click.option(
    "--scale",
    type=click.Choice(["smoke", "quick", "paper"]),
    default="quick",
    show_default=True,
    help="smoke and quick: digits, shortened; paper: the paper's data sets and lengths.",
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="As in bench run.")
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE",
    help="A plugin file to load first (repeatable); its distillers get rows in Table 1.",
)
@store_option
@data_option
@run_options
@click.option("--report-only", is_flag=True, help="Compute nothing: bind what the store holds.")
@quiet_option
def command(
    paper: str,
    tables: tuple[str, ...],
    figures: tuple[str, ...],
    dataset: str | None,
    scale: Profile,
    settings: tuple[str, ...],
    plugins: tuple[str, ...],
    store: str,
    data: str,
    options: "RunOptions",
    report_only: bool,
) -> None:
    """Reproduce the tables and figures of PAPER, all of them unless some are named.

    Everything goes through one store, so that what studies share is computed once; the result is
    one page. What was interrupted goes on where it was.
    """
    from bench.app.arguments import StudyArguments
    from bench.app.reproducing import open_edition, write_book
    from bench.app.reproduction import chosen
    from bench.app.running import run_study
    from bench.cli.run_command import interrupt

    signal.signal(signal.SIGTERM, interrupt)
    given = [*settings, *([f"dataset={dataset}"] if dataset is not None else [])]
    arguments = StudyArguments(paper, scale, given, plugins, store, data)
    edition = open_edition(arguments, chosen(tables, figures))
    for text in () if options.join else edition.missing:
        click.echo(f"not run: {text}", err=True)
    if report_only:
        made = write_book(edition)
        click.echo(made.terminal)
        click.echo(f"report: {made.folder}/report.html (also .md, .csv, .tex)")
        return
    raise SystemExit(run_study(edition.session, options, lambda _: write_book(edition)))
