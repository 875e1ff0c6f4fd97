"""`bench report`: what the store holds of a study, in any format."""

import sys
from pathlib import Path

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
    from bench.app.reporting import build_report, write_report
    from bench.app.session import open_session
    from bench.storage.store import write_atomically

    if out and not kind:
        raise click.UsageError("--out needs --format md, csv, latex or html")
    session = open_session(arguments)
    if kind is None:
        written = write_report(session)
        click.echo(written.terminal)
        click.echo(f"report: {written.folder}/report.html (also .md, .csv, .tex)")
        return
    content = build_report(session).files[FILES[kind]]
    if out is None or out == "-":
        sys.stdout.buffer.write(content)
    else:
        write_atomically(Path(out), content)
        click.echo(f"{kind}: {out}", err=True)
