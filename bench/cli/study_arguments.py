"""A study as the command line names it: one value for every command that takes a study."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from bench.cli.options import data_option, grouped, store_option
from bench.recipes import Profile


@dataclass(frozen=True)
class StudyArguments:
    """Which study is meant, how it is changed, and where its results and data are.

    Attributes:
        study: a built-in name or a path to a study file.
        settings: overrides as they were typed, such as `ipc=10`.
        plugins: files to load first.
    """

    study: str
    profile: Profile = "quick"
    settings: Sequence[str] = ()
    plugins: Sequence[str] = ()
    store: str = ".bench"
    data: str = ""

    @property
    def data_root(self) -> Path:
        return Path(self.data).expanduser()


OPTIONS = grouped(
    click.argument("study"),
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
