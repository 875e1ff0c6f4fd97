"""`bench run`: compute what the store lacks, show it, report it."""

import signal
from types import FrameType
from typing import TYPE_CHECKING

import click

from bench.app.arguments import StudyArguments
from bench.cli.run_options import quiet_option, run_options
from bench.cli.study_arguments import study_options

if TYPE_CHECKING:
    from bench.app.running import RunOptions


@click.command("run")
@study_options
@run_options
@quiet_option
def command(arguments: StudyArguments, options: "RunOptions") -> None:
    """Run STUDY, a built-in name or a path to a study file.

    What the store already holds is not computed again; an interrupted run goes on where it was.
    """
    from bench.app.running import run_study
    from bench.app.session import open_session

    signal.signal(signal.SIGTERM, interrupt)
    raise SystemExit(run_study(open_session(arguments), options))


def interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
