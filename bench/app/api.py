"""The Python API: what the commands do, as functions with typed arguments and results.

    import bench
    result = bench.run("ablation", ipc=10)
    result.frame, result.table(), result.report

Bad input raises a `BenchError` whose text is the line that a command would print. Progress goes to
the console, in a notebook to the cell's output; `quiet=True` shows none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from bench.app.announcing import announce, as_data
from bench.app.arguments import (
    SEARCH_FIELDS,
    SearchFlags,
    StudyArguments,
    default_data,
    default_store,
)
from bench.app.fitting import refuse_what_does_not_fit
from bench.app.reporting import Written, build_report, report_folder, write_report, written
from bench.app.running import RunOptions, carry_out, device_for
from bench.app.session import Session, open_session
from bench.app.sweep_describing import Found
from bench.app.sweep_opening import opened_search
from bench.app.sweep_options import SweepOptions
from bench.app.sweeping import run_sweep
from bench.core.errors import BadValue, UnknownName
from bench.execution.results import row_of
from bench.plugin.recipes import Profile
from bench.search.rows import trial_rows
from bench.storage.store import Store
from bench.study.grid import Study
from bench.study.search import Pruner, Sampler

if TYPE_CHECKING:
    import torch
    from pandas import DataFrame

Values = int | str | Sequence[int | str]  # one value of a setting, or several


class Places(TypedDict, total=False):
    """What every function takes.

    Attributes:
        profile: how long everything runs; "quick" where it is left out.
        settings: settings by key, such as {"wmdd.bn_weight": 3, "relabel.epochs": 100}.
        plugins: files to load first.
        store: folder or URL of the artifact store; by default $DDBENCH_STORE or .bench.
        data: folder of data sets; by default $DDBENCH_DATA or ~/.cache/dd-bench/data.
    """

    profile: Profile
    settings: Mapping[str, object]
    plugins: Sequence[str | Path]
    store: str | Path
    data: str | Path


class Telling(TypedDict, total=False):
    """Where something is computed, and who hears of it.

    Attributes:
        device: "auto", "cpu", "cuda" or "cuda:N".
        track: log to MLflow, at `tracking_uri` or in the store; not so where both are left out.
        quiet: show no progress.
    """

    device: str
    track: bool
    tracking_uri: str | None
    quiet: bool


class StudyOptions(Places, total=False):
    """A study's own lists, replaced: one value, or several where it is a list."""

    dataset: Values | None
    ipc: Values | None
    seeds: Values | None
    recipe: str | None


class RunKeywords(StudyOptions, Telling, total=False):
    """What `run` takes."""


class SweepKeywords(Places, Telling, total=False):
    """What `sweep` takes.

    Attributes:
        trials: of each distiller; by default what the sweep declares.
        test: run the winner once on the test split.
        seeds: cells of each trial.
        seed: of the sampler.
        objectives: several make a Pareto front, top1 first.
        distillers: to search in place of the declared ones.
        spaces: "NAME=LOW:HIGH[:log]" each.
    """

    trials: int | None
    test: bool
    seeds: int
    sampler: Sampler
    seed: int
    pruner: Pruner
    fidelity: str
    grid_points: int
    objectives: Sequence[str]
    distillers: Sequence[str]
    spaces: Sequence[str]


class _Shown:
    """A value that a notebook and a console show as the text that a command would print."""

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, repr=False)
class Result(_Shown):
    """What the store holds of a study: one row a cell, and its report.

    Attributes:
        failed: label of each cell that failed in this run -> its error.
    """

    session: Session
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def frame(self) -> "DataFrame":
        """A tidy frame, one row a cell; accuracies are fractions, `status` says what was run."""
        from pandas import DataFrame

        plan, store = self.session.plan, self.session.store
        return DataFrame([row_of(cell, plan, store) for cell in plan.cells])

    @cached_property
    def written(self) -> Written:
        """The report's files, written when they are first asked for."""
        return written(build_report(self.session), report_folder(self.session))

    @property
    def report(self) -> Path:
        """The HTML report; the other formats stand beside it."""
        return self.written.folder / "report.html"

    def table(self) -> str:
        """The table that the command prints."""
        return self.written.terminal

    def __str__(self) -> str:
        return self.table()


@dataclass(frozen=True, repr=False)
class Planned(_Shown):
    """What a run on a device would do."""

    session: Session
    device: "torch.device"

    @property
    def frame(self) -> "DataFrame":
        """One row an artifact: kind, address, whether it is in the store, seconds and bytes."""
        from pandas import DataFrame

        tasks = self.data["tasks"]
        assert isinstance(tasks, dict)
        return DataFrame([{"address": address, **values} for address, values in tasks.items()])

    @property
    def data(self) -> dict[str, object]:
        """All of it as JSON data."""
        return as_data(self.session, self.device)

    def refuse(self) -> None:
        """Raises a BenchError where it needs more memory or disk than this machine has."""
        refuse_what_does_not_fit(self.session, self.device)

    def __str__(self) -> str:
        return announce(self.session, self.device)


@dataclass(frozen=True)
class Searched:
    """What a sweep found, by distiller.

    Attributes:
        code: 0 where all trials and the winner's test went well.
    """

    found: Mapping[str, Found]
    code: int

    @property
    def frame(self) -> "DataFrame":
        """One row a trial: its parameters, its score and what it cost."""
        from pandas import DataFrame

        rows = [
            {"distiller": name, **row}
            for name, one in self.found.items()
            for row in trial_rows(one.search, one.study)
        ]
        return DataFrame(rows)


def run(study: str | Study, **options: Unpack[RunKeywords]) -> Result:
    """Computes what the store lacks of a study, as `bench run` does.

    Args:
        study: a built-in name, a path to a study file, or a `Study`.
        options: `dataset`, `ipc`, `seeds`, `recipe` in place of the study's own, `settings` by key,
            `profile`, `plugins`, `store`, `data`, `device`, `track`, `tracking_uri`, `quiet`.

    Raises:
        BenchError: bad input, or a plan that cannot be met.
    """
    session, how = _session(study, options, RunKeywords), _telling(options)
    ran = carry_out(session, how, device_for(session, how.device), write_report, [])
    result = Result(session, {one.plan.cell.label: one.error for one in ran.failed})
    vars(result)["written"] = ran.report
    return result


def plan(study: str | Study, *, device: str = "auto", **options: Unpack[StudyOptions]) -> Planned:
    """What `run` would do with the same arguments: nothing is computed.

    Raises:
        BenchError: bad input, or a plan that cannot be met.
    """
    session = _session(study, options, StudyOptions)
    return Planned(session, device_for(session, device))


def report(study: str | Study, **options: Unpack[StudyOptions]) -> Result:
    """The result of what the store holds already; cells that were not run say so.

    Raises:
        BenchError: bad input.
    """
    return Result(_session(study, options, StudyOptions))


def sweep(name: str, **options: Unpack[SweepKeywords]) -> Searched:
    """Searches on held-out data, then tests the winner once, as `bench sweep` does.

    Args:
        name: `lambda`, `layer`, `joint`, or a path to a sweep file.
        options: fields of the sweep (`seeds=3`, `sampler="random"`, ...), `trials`, `test`,
            `distillers`, `spaces`, and what `run` takes of places, device and progress.

    Raises:
        BenchError: bad input, or a plan that cannot be met.
    """
    _check(options, SweepKeywords)
    changes = {key: value for key, value in options.items() if key in SEARCH_FIELDS}
    found = SweepOptions(
        _arguments(name, options, {}),
        SearchFlags(
            changes, tuple(options.get("spaces", ())), tuple(options.get("distillers", ()))
        ),
        _telling(options),
        trials=options.get("trials"),
        test=options.get("test", True),
    )
    code = run_sweep(found)
    place = Store(found.arguments.store)
    opened = [opened_search(search, place, found) for search in found.searches()]
    return Searched({o.search.row.label: Found(o.search, o.study) for o in opened}, code)


LISTS = ("dataset", "ipc", "seeds", "recipe")


def _session(study: str | Study, options: StudyOptions, known: type) -> Session:
    _check(options, known)
    name = study.name if isinstance(study, Study) else study
    chosen = {key: value for key, value in options.items() if key in LISTS and value is not None}
    arguments = _arguments(name, options, chosen)
    return open_session(arguments, study=study if isinstance(study, Study) else None)


def _check(given: Iterable[str], known: type) -> None:
    """Refuses keywords that no function takes, as Python itself does of a written-out signature."""
    names = getattr(known, "__annotations__", {})
    strange = [name for name in given if name not in names]
    if strange:
        raise UnknownName.of("argument", strange[0], names)


def _telling(options: Telling) -> RunOptions:
    uri = options.get("tracking_uri")
    return RunOptions(
        options.get("device", "auto"),
        uri,
        options.get("track", uri is not None),
        options.get("quiet", False),
    )


def _arguments(study: str, options: Places, chosen: Mapping[str, object]) -> StudyArguments:
    given = {**chosen, **options.get("settings", {})}
    return StudyArguments(
        study,
        options.get("profile", "quick"),
        [f"{key}={_text(key, value)}" for key, value in given.items()],
        [str(plugin) for plugin in options.get("plugins", ())],
        str(options.get("store", default_store())),
        str(options.get("data", default_data())),
    )


def _text(key: str, value: object) -> str:
    """A value as the command line has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        if not value:
            raise BadValue(f"{key}: expected at least one value, given none")
        one = ",".join(map(str, value))
        return f"{one}," if key == "seeds" and len(value) == 1 else one
    return str(value)
