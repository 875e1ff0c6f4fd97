"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

from bench.app.arguments import DATA_ENV, STORE_ENV, default_data, default_store
from bench.core.errors import BadValue

Command = Callable[..., Any]

store_option = click.option(
    "--store",
    default=default_store,
    show_default=f"${STORE_ENV} or ./.bench",
    metavar="DIR",
    help="Folder (or fsspec URL) of the artifact store.",
)


def _named_folder(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not value.strip():
        raise BadValue("--data: expected a folder, given an empty name")
    return value


data_option = click.option(
    "--data",
    callback=_named_folder,
    default=default_data,
    show_default=f"${DATA_ENV} or ~/.cache/dd-bench/data",
    metavar="DIR",
    help="Folder of the data sets and their decoded caches.",
)
plugin_option = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE",
    help="A plugin file to load first (repeatable).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
device_option = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."
)
tracking_option = click.option(
    "--tracking-uri",
    envvar="MLFLOW_TRACKING_URI",
    metavar="URI",
    help="Where MLflow keeps runs [$MLFLOW_TRACKING_URI or <store>/tracking/mlflow.db].",
)
no_tracking_option = click.option("--no-tracking", is_flag=True, help="Do not log to MLflow.")


def grouped(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator; help shows them in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
