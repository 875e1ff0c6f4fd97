"""Options that several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
STORE_ENV, DATA_ENV = "DDBENCH_STORE", "DDBENCH_DATA"


def store_option(function: F) -> F:
    return click.option(
        "--store",
        default=lambda: os.environ.get(STORE_ENV, ".bench"),
        show_default=f"${STORE_ENV} or ./.bench",
        metavar="DIR",
        help="Folder (or fsspec URL) of the artifact store.",
    )(function)


def data_option(function: F) -> F:
    return click.option(
        "--data",
        default=lambda: os.environ.get(DATA_ENV, str(Path.home() / ".cache/dd-bench/data")),
        show_default=f"${DATA_ENV} or ~/.cache/dd-bench/data",
        metavar="DIR",
        help="Folder of the data sets and their decoded caches.",
    )(function)


def study_options(function: F) -> F:
    """STUDY, --profile, --set and --plugin."""
    for decorate in (
        click.option(
            "--plugin",
            "plugins",
            multiple=True,
            metavar="FILE",
            help="A plugin file to load first (repeatable).",
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="Override a study, recipe or distiller value, such as ipc=10 (repeatable).",
        ),
        click.option(
            "--profile",
            "--scale",
            "profile",
            type=click.Choice(["smoke", "quick", "paper"]),
            default="quick",
            show_default=True,
            help="How long everything runs; paper is the published length.",
        ),
        click.argument("study"),
    ):
        function = decorate(function)
    return function


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def device_option(function: F) -> F:
    return click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."
    )(function)


def workers_options(function: F) -> F:
    """How many processes share a run."""
    for decorate in (
        click.option("--join", is_flag=True, help="Only work on cells; another process reports."),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="Processes on this machine that share the cells, each on a GPU of its own "
            "where there are several.",
        ),
    ):
        function = decorate(function)
    return function


def log_model_option(function: F) -> F:
    return click.option(
        "--log-model",
        is_flag=True,
        help="Keep every trained student in MLflow as a model; one whose score is in the store "
        "is trained again.",
    )(function)


def tracking_option(function: F) -> F:
    return click.option(
        "--tracking-uri",
        envvar="MLFLOW_TRACKING_URI",
        metavar="URI",
        help="Where MLflow keeps runs [$MLFLOW_TRACKING_URI or <store>/tracking/mlflow.db].",
    )(function)
