"""`bench sweep`: search parameters on held-out data, then run the winner on the test split."""

import signal

import click

from bench.app.arguments import SearchFlags, StudyArguments
from bench.cli.options import device_option, no_tracking_option, tracking_option
from bench.cli.run_command import interrupt
from bench.cli.run_options import MOST_WORKERS
from bench.cli.search_flags import search_flags
from bench.cli.study_arguments import study_options


@click.command("sweep")
@study_options
@device_option
@click.option("--trials", "--budget-trials", type=int, help="Trials per distiller, in total. [20]")
@click.option("--budget-seconds", type=float, help="Device seconds per distiller instead.")
@search_flags
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    default=1,
    show_default=True,
    help="Processes on this machine.",
)
@click.option("--no-test", is_flag=True, help="Leave the winner off the test split.")
@click.option("--join", is_flag=True, help="Only work on trials; another process reports.")
@tracking_option
@no_tracking_option
@click.option("--verbose", is_flag=True, help="A line for every stage, too.")
@click.option("--quiet", "-q", is_flag=True, help="Only the result and the paths.")
def command(
    arguments: StudyArguments,
    device: str,
    trials: int | None,
    budget_seconds: float | None,
    search: SearchFlags,
    workers: int,
    no_test: bool,
    join: bool,
    tracking_uri: str | None,
    no_tracking: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Search the sweep STUDY: lambda, layer, joint, or a Python file with a SWEEP.

    Trials are scored on images held out of the training split; the winner is then run once on the
    test split, with fresh seeds. A sweep that was interrupted goes on where it was.
    """
    from bench.study.catalog import load_sweep

    load_sweep(arguments.study)  # a typo is answered before anything heavy is imported
    from bench.app.running import RunOptions
    from bench.app.sweep_options import SweepOptions
    from bench.app.sweeping import run_sweep

    signal.signal(signal.SIGTERM, interrupt)
    run = RunOptions(
        device, tracking_uri, not no_tracking, quiet or join, workers, join, verbose=verbose
    )
    options = SweepOptions(arguments, search, run, trials, budget_seconds, test=not no_test)
    raise SystemExit(run_sweep(options))
