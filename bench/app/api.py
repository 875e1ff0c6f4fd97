"""The Python API: what the commands do, as functions with typed arguments and results.

    import bench
    result = bench.run("ablation", ipc=10)
    result.frame, result.table(), result.report

Bad input raises a `BenchError` whose text is the line that a command would print. Progress goes to
the console, in a notebook to its output; `quiet=True` shows none.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bench.app.announcing import announce, as_data
from bench.app.arguments import SearchFlags, StudyArguments
from bench.app.fitting import refuse_what_does_not_fit
from bench.app.observing import observed
from bench.app.reporting import Written, build_report, report_folder, written
from bench.app.running import RunOptions
from bench.app.session import Session, open_session
from bench.app.sweep_describing import Found
from bench.app.sweep_opening import opened_search
from bench.app.sweep_options import SweepOptions
from bench.app.sweeping import run_sweep
from bench.core.errors import BadValue
from bench.core.events import ReportWritten, StudyFinished
from bench.execution.results import Outcome, row_of
from bench.execution.runner import run_plan
from bench.execution.workshop import Workshop
from bench.plugin.recipes import Profile
from bench.search.rows import trial_rows
from bench.stages.compute import choose_device
from bench.storage.store import Store
from bench.study.grid import Study

if TYPE_CHECKING:
    from pandas import DataFrame

Values = int | str | Sequence[int | str]  # one value of a setting, or several
DATA = Path.home() / ".cache/dd-bench/data"


@dataclass(frozen=True)
class Result:
    """What the store holds of a study: one row a cell, and its report.

    Attributes:
        failed: label of each cell that failed in this run -> its error.
    """

    session: Session
    failed: Mapping[str, str]

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


@dataclass(frozen=True)
class Planned:
    """What a run would do."""

    session: Session
    device: str

    @property
    def frame(self) -> "DataFrame":
        """One row an artifact: kind, address, whether it is in the store, seconds and bytes."""
        from pandas import DataFrame

        tasks = as_data(self.session, choose_device(self.device))["tasks"]
        assert isinstance(tasks, dict)
        return DataFrame([{"address": address, **values} for address, values in tasks.items()])

    def __str__(self) -> str:
        return announce(self.session, choose_device(self.device))


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


def run(
    study: str | Study,
    *,
    profile: Profile = "quick",
    dataset: Values | None = None,
    ipc: Values | None = None,
    seeds: Values | None = None,
    recipe: str | None = None,
    settings: Mapping[str, object] | None = None,
    plugins: Sequence[str | Path] = (),
    store: str | Path = ".bench",
    data: str | Path | None = None,
    device: str = "auto",
    track: bool = False,
    tracking_uri: str | None = None,
    quiet: bool = False,
) -> Result:
    """Computes what the store lacks of a study, as `bench run` does.

    Args:
        study: a built-in name, a path to a study file, or a `Study`.
        dataset, ipc, seeds, recipe: in place of the study's own; several values where it is a list.
        settings: other settings by key, such as {"wmdd.bn_weight": 3, "relabel.epochs": 100}.
        plugins: files to load first.
        data: folder of data sets; by default $DDBENCH_DATA or ~/.cache/dd-bench/data.
        track: log to MLflow, at `tracking_uri` or in the store.

    Raises:
        BenchError: bad input, or a plan that cannot be met.
    """
    chosen = {"dataset": dataset, "ipc": ipc, "seeds": seeds, "recipe": recipe}
    session = _session(study, profile, chosen, settings, plugins, store, data)
    where = choose_device(device)
    refuse_what_does_not_fit(session, where)
    options = RunOptions(device, tracking_uri, track or tracking_uri is not None, quiet)
    watch = observed(session, options)
    outcomes: list[Outcome] = []
    try:
        shop = Workshop(session.store, session.data_root, where, watch.emit)
        outcomes.extend(run_plan(session.plan, shop, watch.emit))
    except BaseException:
        watch.finish("KILLED")
        raise
    result = Result(session, {o.plan.cell.label: o.error for o in outcomes if o.failed})
    status = "FAILED" if result.failed else "FINISHED"
    watch.emit(ReportWritten([str(path) for path in result.written.paths]))
    watch.emit(StudyFinished(session.plan.study.name, status, result.written.metrics))
    watch.finish(status)
    return result


def plan(
    study: str | Study,
    *,
    profile: Profile = "quick",
    dataset: Values | None = None,
    ipc: Values | None = None,
    seeds: Values | None = None,
    recipe: str | None = None,
    settings: Mapping[str, object] | None = None,
    plugins: Sequence[str | Path] = (),
    store: str | Path = ".bench",
    data: str | Path | None = None,
    device: str = "auto",
) -> Planned:
    """What `run` would do with the same arguments: nothing is computed.

    Raises:
        BenchError: bad input, or a plan that cannot be met.
    """
    chosen = {"dataset": dataset, "ipc": ipc, "seeds": seeds, "recipe": recipe}
    return Planned(_session(study, profile, chosen, settings, plugins, store, data), device)


def report(
    study: str | Study,
    *,
    profile: Profile = "quick",
    dataset: Values | None = None,
    ipc: Values | None = None,
    seeds: Values | None = None,
    recipe: str | None = None,
    settings: Mapping[str, object] | None = None,
    plugins: Sequence[str | Path] = (),
    store: str | Path = ".bench",
    data: str | Path | None = None,
) -> Result:
    """The result of what the store holds already; cells that were not run say so.

    Raises:
        BenchError: bad input.
    """
    chosen = {"dataset": dataset, "ipc": ipc, "seeds": seeds, "recipe": recipe}
    return Result(_session(study, profile, chosen, settings, plugins, store, data), {})


def sweep(
    name: str,
    *,
    trials: int | None = None,
    profile: Profile = "quick",
    settings: Mapping[str, object] | None = None,
    plugins: Sequence[str | Path] = (),
    store: str | Path = ".bench",
    data: str | Path | None = None,
    device: str = "auto",
    test: bool = True,
    track: bool = False,
    tracking_uri: str | None = None,
    quiet: bool = False,
    **changes: object,
) -> Searched:
    """Searches on held-out data, then tests the winner once, as `bench sweep` does.

    Args:
        name: `lambda`, `layer`, `joint`, or a path to a sweep file.
        changes: fields of the sweep, such as seeds=3 or sampler="random".

    Raises:
        BenchError: bad input, or a plan that cannot be met.
    """
    arguments = _arguments(name, profile, {}, settings, plugins, store, data)
    options = SweepOptions(
        arguments,
        SearchFlags(changes),
        RunOptions(device, tracking_uri, track or tracking_uri is not None, quiet),
        trials=trials,
        test=test,
    )
    code = run_sweep(options)
    place = Store(arguments.store)
    opened = [opened_search(search, place, options) for search in options.searches()]
    return Searched({o.search.row.label: Found(o.search, o.study) for o in opened}, code)


def _session(
    study: str | Study,
    profile: Profile,
    chosen: Mapping[str, Values | None],
    settings: Mapping[str, object] | None,
    plugins: Sequence[str | Path],
    store: str | Path,
    data: str | Path | None,
) -> Session:
    name = study.name if isinstance(study, Study) else study
    arguments = _arguments(name, profile, chosen, settings, plugins, store, data)
    return open_session(arguments, study=study if isinstance(study, Study) else None)


def _arguments(
    study: str,
    profile: Profile,
    chosen: Mapping[str, Values | None],
    settings: Mapping[str, object] | None,
    plugins: Sequence[str | Path],
    store: str | Path,
    data: str | Path | None,
) -> StudyArguments:
    given = {**{k: v for k, v in chosen.items() if v is not None}, **(settings or {})}
    root = data if data is not None else os.environ.get("DDBENCH_DATA", DATA)
    return StudyArguments(
        study,
        profile,
        [f"{key}={_text(key, value)}" for key, value in given.items()],
        [str(plugin) for plugin in plugins],
        str(store),
        str(root),
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
