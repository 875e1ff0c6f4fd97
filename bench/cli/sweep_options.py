"""What the command line asks of a sweep, and the sweep that it makes of a declared one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any, Self

from bench.catalog import load_sweep
from bench.cli.running import RunOptions
from bench.cli.search_flags import SearchFlags
from bench.cli.session import find_source
from bench.cli.study_arguments import StudyArguments
from bench.errors import BadValue
from bench.overrides import parse
from bench.plan import Source
from bench.planner import Locate
from bench.plugins import get, load_file
from bench.recipes import Profile
from bench.search import Sweep, at_least
from bench.study import Row
from bench.sweep.settings import Search, searches
from bench.sweep.spaces import space_of

FLAGS = {
    "seeds": "--seeds",
    "sampler": "--sampler",
    "seed": "--sampler-seed",
    "pruner": "--pruner",
    "fidelity": "--fidelity",
    "grid_points": "--grid-points",
}


@dataclass(frozen=True)
class SweepOptions:
    """One `bench sweep` as it was typed.

    Attributes:
        changes: fields of the sweep -> values; None leaves the declared one.
    """

    sweep: str
    profile: Profile = "quick"
    settings: Sequence[str] = ()
    plugins: Sequence[str] = ()
    store: str = ".bench"
    data: str = ""
    trials: int | None = None
    budget_seconds: float | None = None
    changes: Mapping[str, object] = field(default_factory=dict)
    spaces: Sequence[str] = ()
    distillers: Sequence[str] = ()
    workers: int = 1
    storage: str | None = None
    test: bool = True
    join: bool = False
    run: RunOptions = field(default_factory=RunOptions)

    @classmethod
    def typed(cls, arguments: StudyArguments, search: SearchFlags, **others: Any) -> Self:
        """From what a command was given; the study of its arguments is the sweep."""
        given = {**vars(arguments), **vars(search), **others}
        return cls(sweep=given.pop("study"), **given)

    def __post_init__(self) -> None:
        at_least("--workers", self.workers, 1)
        if self.budget_seconds is not None and not 0 < self.budget_seconds < inf:
            raise BadValue(
                "--budget-seconds: expected a positive, finite number, given "
                f"{self.budget_seconds:g}; give --trials for a budget of trials"
            )

    @property
    def data_root(self) -> Path:
        return Path(self.data).expanduser()

    def declared(self) -> Sweep:
        """The sweep with the command line's changes."""
        sweep = load_sweep(self.sweep)
        changes: dict[str, Any] = {k: v for k, v in self.changes.items() if v is not None}
        changes |= {"trials": self.trials} if self.trials is not None else {}
        spaces = dict(space_of(text) for text in self.spaces)
        if spaces:
            changes["space"] = {**sweep.space, **spaces}
            changes["parameters"] = tuple(dict.fromkeys((*sweep.parameters, *spaces)))
        sweep = replace(sweep, **changes)
        return _of_distillers(sweep, self.distillers) if self.distillers else sweep

    def searches(self) -> list[Search]:
        """One search per distiller, with plugins loaded and overrides applied."""
        for plugin in self.plugins:
            load_file(Path(plugin))
        sweep = self.declared()
        base = sweep.study(sweep.rows, sweep.dataset, tuple(range(sweep.seeds)))
        overrides = parse(self.settings, base)
        return searches(sweep, overrides, self.profile, _remembering(self.data_root))

    def worker(self) -> list[str]:
        """Arguments of another process that helps with the same trials."""
        words = ["sweep", self.sweep, "--profile", self.profile, "--store", self.store]
        words += ["--data", self.data, "--device", self.run.device, "--join", "--quiet"]
        pairs = {
            "--set": self.settings,
            "--plugin": self.plugins,
            "--space": self.spaces,
            "--distiller": self.distillers,
            "--objective": _texts(self.changes.get("objectives")),
            "--trials": _one(self.trials),
            "--budget-seconds": _one(self.budget_seconds),
            "--storage": _one(self.storage),
            "--tracking-uri": _one(self.run.tracking_uri),
            **{flag: _one(self.changes.get(name)) for name, flag in FLAGS.items()},
        }
        words += [] if self.run.track else ["--no-tracking"]
        return words + [
            word for flag, values in pairs.items() for v in values for word in (flag, v)
        ]


def _one(value: object) -> Sequence[str]:
    return () if value is None else (str(value),)


def _texts(value: object) -> Sequence[str]:
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


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
