"""`bench report`: what the store holds of a study, in any format."""

import click

from bench.app.arguments import StudyArguments
from bench.cli.study_arguments import study_options

FILES = {"md": "report.md", "csv": "report.csv", "latex": "table.tex", "html": "report.html"}


@click.command("report")
@study_options
@click.option("--format", "kind", type=click.Choice(sorted(FILES)), help="Only this format.")
@click.option("--out", metavar="FILE", help="Where to write that format; - is standard output.")
def command(arguments: StudyArguments, kind: str | None, out: str | None) -> None:
    """Write the report of STUDY from whatever the store holds; nothing is computed."""
    from bench.app.api import Result
    from bench.app.reporting import build_report
    from bench.app.session import open_session
    from bench.cli.output import out_file, write_out

    if out is not None and not kind:
        raise click.UsageError("--out needs --format md, csv, latex or html")
    file = out_file(out)  # what cannot be written is told before anything is read
    session = open_session(arguments)
    if kind is None:
        result = Result(session)
        click.echo(result.table())
        click.echo(f"report: {result.report} (also .md, .csv, .tex)")
        return
    write_out(file, build_report(session).files[FILES[kind]], kind)
