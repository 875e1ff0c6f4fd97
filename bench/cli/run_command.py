"""`bench run`: compute what the store lacks, show it, report it."""

import signal
from types import FrameType

import click

from bench.cli.options import (
    data_option,
    device_option,
    log_model_option,
    store_option,
    study_options,
    tracking_option,
    workers_options,
)
from bench.recipes import Profile


@click.command("run")
@study_options
@store_option
@data_option
@device_option
@tracking_option
@workers_options
@log_model_option
@click.option("--no-tracking", is_flag=True, help="Do not log to MLflow.")
@click.option("--quiet", "-q", is_flag=True, help="Only the table and the paths.")
def command(
    study: str,
    profile: Profile,
    settings: tuple[str, ...],
    plugins: tuple[str, ...],
    store: str,
    data: str,
    device: str,
    tracking_uri: str | None,
    no_tracking: bool,
    workers: int,
    join: bool,
    log_model: bool,
    quiet: bool,
) -> None:
    """Run STUDY, a built-in name or a path to a study file.

    What the store already holds is not computed again; an interrupted run goes on where it was.
    """
    from bench.cli.running import RunOptions, run_study
    from bench.cli.session import open_session

    signal.signal(signal.SIGTERM, interrupt)
    session = open_session(study, profile, settings, plugins, store, data)
    options = RunOptions(device, tracking_uri, not no_tracking, quiet, workers, join, log_model)
    raise SystemExit(run_study(session, options))


def interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
