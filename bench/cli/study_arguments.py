"""A study as the command line names it: one value for every command that takes a study."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any

import click
from click.shell_completion import CompletionItem

from bench.app.arguments import StudyArguments
from bench.cli.options import data_option, grouped, store_option
from bench.study.catalog import study_names, sweep_names


def completed(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """What the shell offers for a study or a sweep: built-in names, else files."""
    names = sweep_names() if context.info_name == "sweep" else study_names()
    found = [CompletionItem(name) for name in names if name.startswith(begun)]
    return found or [CompletionItem(begun, type="file")]


OPTIONS = grouped(
    click.argument("study", shell_complete=completed),
    click.option(
        "--profile",
        "--scale",
        "profile",
        type=click.Choice(["smoke", "quick", "paper"]),
        default="quick",
        show_default=True,
        help="How long everything runs; paper is the published length.",
    ),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="Override a study, recipe or distiller value, such as ipc=10 (repeatable).",
    ),
    click.option(
        "--plugin",
        "plugins",
        multiple=True,
        metavar="FILE",
        help="A plugin file to load first (repeatable).",
    ),
    store_option,
    data_option,
)


def study_options(command: Callable[..., None]) -> Callable[..., None]:
    """STUDY, --profile, --set, --plugin, --store and --data, as one argument `arguments`."""

    @wraps(command)
    def gathered(**typed: Any) -> None:
        given = {field.name: typed.pop(field.name) for field in fields(StudyArguments)}
        command(arguments=StudyArguments(**given), **typed)

    return OPTIONS(gathered)
