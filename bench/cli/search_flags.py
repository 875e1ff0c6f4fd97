"""The options that say which search is meant, for every command that names a sweep."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import click

from bench.app.arguments import SEARCH_FIELDS, SearchFlags
from bench.study.search import FIDELITIES, OBJECTIVES, PRUNERS, SAMPLERS


def _names(known: Iterable[str]) -> str:
    """Names as the help shows them; the sweep itself refuses others, with the nearest match."""
    return f"[{'|'.join(known)}]"


OPTIONS = (
    click.option("--seeds", type=int, help="Cells per trial. [3]"),
    click.option("--sampler", metavar=_names(SAMPLERS), help="[tpe]"),
    click.option("--sampler-seed", "seed", type=int, help="Seed of the draws. [0]"),
    click.option("--pruner", metavar=_names(PRUNERS), help="[none]"),
    click.option("--fidelity", metavar=_names(FIDELITIES), help="What hyperband shortens."),
    click.option("--grid-points", type=int, help="Levels of a real parameter in a grid. [9]"),
    click.option(
        "--objective", "objectives", multiple=True, metavar=_names(OBJECTIVES),
        help="Search for a Pareto front of several (repeatable; top1 first).",
    ),
    click.option(
        "--space", "spaces", multiple=True, metavar="NAME=LOW:HIGH[:log]",
        help="Search a parameter, or elsewhere than declared; NAME=A,B,C for choices (repeatable).",
    ),
    click.option(
        "--distiller", "distillers", multiple=True,
        help="Search these distillers, each with the same budget (repeatable).",
    ),
    click.option("--storage", metavar="URL", help="Database of the trials [journal in the store]."),
)  # fmt: skip


def search_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options to a command, which takes them as one argument `search`."""

    @wraps(command)
    def gathered(**typed: Any) -> None:
        changes = {name: typed.pop(name) for name in SEARCH_FIELDS}
        changes["objectives"] = changes["objectives"] or None
        places = {name: typed.pop(name) for name in ("spaces", "distillers", "storage")}
        command(search=SearchFlags(changes, **places), **typed)

    for option in reversed(OPTIONS):
        gathered = option(gathered)
    return gathered
