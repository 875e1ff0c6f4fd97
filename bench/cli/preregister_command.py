"""`bench preregister`: write a study's contrasts down before it runs."""

import click

from bench.app.arguments import StudyArguments
from bench.cli.study_arguments import study_options


@click.command("preregister")
@study_options
def command(arguments: StudyArguments) -> None:
    """Write down the contrasts of STUDY before the store has results of them.

    Reports then show the hash and time of each, and mark those that were added or changed
    afterwards as post hoc. The same --profile and --set belong to the run.
    """
    from bench.app.preregistering import preregister
    from bench.app.session import open_session

    for line in preregister(open_session(arguments)).lines():
        click.echo(line)
