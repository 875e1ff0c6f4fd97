"""What the command line asks of a sweep, and the sweep that it makes of a declared one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

from bench.app.arguments import SearchFlags, StudyArguments
from bench.app.running import RunOptions
from bench.app.session import find_source, load_plugins
from bench.core.errors import BadValue
from bench.execution.planner import Locate
from bench.graph.request import Source
from bench.plugin.discovery import get
from bench.search.settings import Search, searches
from bench.search.spaces import space_of
from bench.study.catalog import load_sweep
from bench.study.grid import Row
from bench.study.overrides import parse
from bench.study.search import Sweep, at_least


@dataclass(frozen=True)
class SweepOptions:
    """One `bench sweep` as it was typed; the study of its arguments is the sweep."""

    arguments: StudyArguments
    search: SearchFlags = field(default_factory=SearchFlags)
    run: RunOptions = field(default_factory=RunOptions)
    trials: int | None = None
    budget_seconds: float | None = None
    test: bool = True

    def __post_init__(self) -> None:
        at_least("--workers", 1 if self.run.workers is None else self.run.workers, 1)
        if self.budget_seconds is not None and not 0 < self.budget_seconds < inf:
            raise BadValue(
                "--budget-seconds: expected a positive, finite number, given "
                f"{self.budget_seconds:g}; give --trials for a budget of trials"
            )

    def declared(self) -> Sweep:
        """The sweep with the command line's changes."""
        sweep = load_sweep(self.arguments.study)
        changes: dict[str, Any] = {k: v for k, v in self.search.changes.items() if v is not None}
        changes |= {"trials": self.trials} if self.trials is not None else {}
        spaces = dict(space_of(text) for text in self.search.spaces)
        if spaces:
            changes["space"] = {**sweep.space, **spaces}
            changes["parameters"] = tuple(dict.fromkeys((*sweep.parameters, *spaces)))
        sweep = replace(sweep, **changes)
        names = self.search.distillers
        return _of_distillers(sweep, names) if names else sweep

    def searches(self) -> list[Search]:
        """One search per distiller, with plugins loaded and overrides applied."""
        load_plugins(self.arguments)
        sweep = self.declared()
        base = sweep.study(sweep.rows, sweep.dataset, tuple(range(sweep.seeds)))
        overrides = parse(self.arguments.settings, base)
        locate = _remembering(self.arguments.data_root)
        return searches(sweep, overrides, self.arguments.profile, locate)


def _of_distillers(sweep: Sweep, names: Sequence[str]) -> Sweep:
    """The sweep over other distillers; where one lacks its parameters, each searches its own."""
    known = {row.distiller: row for row in sweep.rows}
    rows = tuple(known.get(name, Row(name, name)) for name in names)
    fields = [set(get("distiller", row.distiller).fields()) for row in rows]
    plain = {name for name in sweep.parameters if "." not in name}
    parameters = sweep.parameters if all(plain <= have for have in fields) else ()
    return replace(sweep, rows=rows, parameters=parameters)


def _remembering(root: Path) -> Locate:
    """Looks every data set up once, since each trial asks again."""
    found: dict[str, Source] = {}

    def locate(name: str) -> Source:
        if name not in found:
            found[name] = find_source(name, root)
        return found[name]

    return locate
