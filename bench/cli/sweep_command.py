"""`bench sweep`: search parameters on held-out data, then run the winner on the test split."""

import signal
from collections.abc import Iterable

import click

from bench.cli.options import (
    data_option,
    device_option,
    store_option,
    study_options,
    tracking_option,
)
from bench.cli.run_command import interrupt
from bench.recipes import Profile
from bench.search import FIDELITIES, OBJECTIVES, PRUNERS, SAMPLERS


def _names(known: Iterable[str]) -> str:
    """Names as the help shows them; the sweep itself refuses others, with the nearest match."""
    return f"[{'|'.join(known)}]"


@click.command("sweep")
@study_options
@store_option
@data_option
@device_option
@click.option("--trials", "--budget-trials", type=int, help="Trials per distiller, in total. [20]")
@click.option("--budget-seconds", type=float, help="Device seconds per distiller instead.")
@click.option("--seeds", type=int, help="Cells per trial. [3]")
@click.option("--sampler", metavar=_names(SAMPLERS), help="[tpe]")
@click.option("--sampler-seed", type=int, help="Seed of the draws. [0]")
@click.option("--pruner", metavar=_names(PRUNERS), help="[none]")
@click.option("--fidelity", metavar=_names(FIDELITIES), help="What hyperband shortens.")
@click.option("--grid-points", type=int, help="Levels of a real parameter in a grid. [9]")
@click.option(
    "--objective", "objectives", multiple=True, metavar=_names(OBJECTIVES),
    help="Search for a Pareto front of several (repeatable; top1 first).",
)  # fmt: skip
@click.option(
    "--space", "spaces", multiple=True, metavar="NAME=LOW:HIGH[:log]",
    help="Search a parameter, or elsewhere than declared; NAME=A,B,C for choices (repeatable).",
)  # fmt: skip
@click.option(
    "--distiller", "distillers", multiple=True,
    help="Search these distillers, each with the same budget (repeatable).",
)  # fmt: skip
@click.option("--workers", default=1, show_default=True, help="Processes on this machine.")
@click.option("--storage", metavar="URL", help="Database of the trials [journal in the store].")
@click.option("--no-test", is_flag=True, help="Leave the winner off the test split.")
@click.option("--join", is_flag=True, help="Only work on trials; another process reports.")
@tracking_option
@click.option("--no-tracking", is_flag=True, help="Do not log to MLflow.")
@click.option("--quiet", "-q", is_flag=True, help="Only the result and the paths.")
def command(
    study: str,
    profile: Profile,
    settings: tuple[str, ...],
    plugins: tuple[str, ...],
    store: str,
    data: str,
    device: str,
    trials: int | None,
    budget_seconds: float | None,
    seeds: int | None,
    sampler: str | None,
    sampler_seed: int | None,
    pruner: str | None,
    fidelity: str | None,
    grid_points: int | None,
    objectives: tuple[str, ...],
    spaces: tuple[str, ...],
    distillers: tuple[str, ...],
    workers: int,
    storage: str | None,
    no_test: bool,
    join: bool,
    tracking_uri: str | None,
    no_tracking: bool,
    quiet: bool,
) -> None:
    """Search the sweep STUDY: lambda, layer, joint, or a Python file with a SWEEP.

    Trials are scored on images held out of the training split; the winner is then run once on the
    test split, with fresh seeds. A sweep that was interrupted goes on where it was.
    """
    from bench.catalog import load_sweep

    load_sweep(study)  # a typo is answered before anything heavy is imported
    from bench.cli.running import RunOptions
    from bench.cli.sweep_options import SweepOptions
    from bench.cli.sweeping import run_sweep

    signal.signal(signal.SIGTERM, interrupt)
    options = SweepOptions(
        sweep=study,
        profile=profile,
        settings=settings,
        plugins=plugins,
        store=store,
        data=data,
        trials=trials,
        budget_seconds=budget_seconds,
        changes={
            "seeds": seeds,
            "sampler": sampler,
            "seed": sampler_seed,
            "pruner": pruner,
            "fidelity": fidelity,
            "grid_points": grid_points,
            "objectives": objectives or None,
        },
        spaces=spaces,
        distillers=distillers,
        workers=workers,
        storage=storage,
        test=not no_test,
        join=join,
        run=RunOptions(device, tracking_uri, not no_tracking, quiet),
    )
    raise SystemExit(run_sweep(options))
