"""The options of commands that run a whole study: where, by how many, and who hears of it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from bench.cli.options import device_option, grouped, no_tracking_option, tracking_option

MOST_WORKERS = 256  # processes on one machine
OPTIONS = grouped(
    device_option,
    tracking_option,
    click.option(
        "--workers",
        type=click.IntRange(1, MOST_WORKERS),
        help="Processes on this machine that share the cells, each on a GPU of its own where "
        "there are several; by default one a core where networks are small, else one.",
    ),
    click.option("--join", is_flag=True, help="Only work on cells; another process reports."),
    click.option(
        "--log-model",
        is_flag=True,
        help="Keep every trained student in MLflow as a model; one whose score is in the store "
        "is trained again.",
    ),
    no_tracking_option,
    click.option(
        "--deterministic",
        is_flag=True,
        help="The same bits in every run on CUDA, too, where its operations allow it; slower.",
    ),
    click.option("--verbose", is_flag=True, help="A line for every stage, too."),
)
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Only the table and the paths.")
NAMES = (
    "device",
    "tracking_uri",
    "workers",
    "join",
    "log_model",
    "deterministic",
    "verbose",
    "quiet",
)


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Everything that `RunOptions` holds, as one argument `options`.

    --quiet, which help shows last, is declared by the command itself.
    """

    @wraps(command)
    def gathered(**typed: Any) -> None:
        from bench.app.running import RunOptions

        given = {name: typed.pop(name) for name in NAMES}
        command(options=RunOptions(track=not typed.pop("no_tracking"), **given), **typed)

    return OPTIONS(gathered)
