"""What `bench sweep` does: trials by one or several workers, the winner's test, the report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.observing import tracker_for
from bench.cli.running import again
from bench.cli.session import Session
from bench.cli.sweep_describing import Found
from bench.cli.sweep_options import SweepOptions
from bench.cli.sweep_reporting import conclude, report_folder, tested
from bench.cli.workers import workers
from bench.errors import StopRun
from bench.events import Note, ReportWritten, StudyFinished, StudyStarted
from bench.fingerprint import HEX, digest_of
from bench.results import row_of
from bench.search import Sweep
from bench.stages.compute import choose_device
from bench.store import Store
from bench.sweep.pruning import pruner_of
from bench.sweep.queue import Queue
from bench.sweep.samplers import sampler_named
from bench.sweep.settings import Search
from bench.sweep.spaces import distributions, quiet
from bench.sweep.standings import standings
from bench.sweep.storage import enqueue_grid, journal_path, open_study, storage_at
from bench.sweep.worker import Ended, Worker
from bench.tracking.console import console
from bench.tracking.delivery import deliver_pending
from bench.tracking.layout import summarise
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.observers import FanOut, Observer, fan_out

if TYPE_CHECKING:
    from optuna.study import Study


@dataclass(frozen=True)
class Open:
    """A search with its trials."""

    search: Search
    study: "Study"
    queue: Queue


def run_sweep(options: SweepOptions) -> int:
    """Runs a sweep to its budget and concludes it; returns the exit code."""
    quiet()
    store = Store(options.store)
    opened = [opened_search(search, store, options) for search in options.searches()]
    sweep = opened[0].search.sweep
    if not options.run.quiet:
        click.echo(headline(opened))
    if not any(one.queue.wants() for one in opened):
        ended: list[Ended] = []
    else:
        watch = watched(options, opened, store)
        try:
            ended = _work(options, opened, store, watch)
        except (KeyboardInterrupt, StopRun):
            watch.close("KILLED")
            click.echo(f"\nstopped; every finished trial is kept. Go on with: {again()}", err=True)
            return 130
        watch(StudyFinished(sweep.study_name, "FINISHED", summary(opened)))
        watch.close("FINISHED")
    if options.join:
        return 0
    found = [Found(one.search, one.study) for one in opened]
    code = conclude(found, store, options, ended)
    tell_result(options, opened, store, report_folder(found, store, options))
    return code


def opened_search(search: Search, store: Store, options: SweepOptions) -> Open:
    """The Optuna study of a search, its grid enqueued where it has one."""
    sweep, folder = search.sweep, store.local_folder("sweeps")
    names = [p.name for p in search.parameters]
    sampler = sampler_named(sweep.sampler, sweep.name, names, sweep.seed)
    storage = storage_at(journal_path(folder, sweep.name), options.storage)
    pruner = pruner_of(sweep, search.recipe)
    study = open_study(storage, search.name, sweep.objectives, sampler, pruner)
    if sweep.sampler == "grid":
        enqueue_grid(study, search.grid, search.trials, folder)
    by_time = options.budget_seconds is not None and options.trials is None
    trials = None if by_time else search.trials
    space = distributions(search.parameters)
    return Open(search, study, Queue(study, space, trials, options.budget_seconds))


def headline(opened: Sequence[Open]) -> str:
    """What is searched, how, and how far it is."""
    lines = []
    for one in opened:
        search, sweep = one.search, one.search.sweep
        budget = f"{one.queue.trials} trials" if one.queue.trials else f"{one.queue.seconds:g} s"
        lines += [
            f"sweep {search.name}",
            f"  {sweep.sampler}, {budget} x {sweep.seeds} seeds on {sweep.dataset}#val, "
            f"ipc {sweep.ipc}, recipe {search.recipe.id}; {one.queue.done()} trials are done",
            *(f"  {p.name} in {p.space}" for p in search.parameters),
        ]
    return "\n".join(lines)


def watched(options: SweepOptions, opened: Sequence[Open], store: Store) -> FanOut:
    """The console and MLflow, told of the sweep."""
    first = opened[0].search
    session = Session(first.base, store, options.data_root)
    observers: list[Observer] = [console(options.run.quiet)]
    tracker = tracker_for(session, options.run.tracking_uri, options.run.track)
    if tracker.enabled:
        folder = store.local_folder("tracking")
        problems = deliver_pending(folder).problems
        observers.append(MlflowObserver(tracker, folder, say=lambda note: fan(note)))
        for problem in problems:
            observers[0](Note(f"tracking: {problem}"))
    fan = fan_out(observers)
    fan(started(opened))
    return fan


def tell_result(options: SweepOptions, opened: Sequence[Open], store: Store, folder: Path) -> None:
    """Adds the report and the result, which are known after the last trial, to the sweep's run."""
    session = Session(opened[0].search.base, store, options.data_root)
    tracker = tracker_for(session, options.run.tracking_uri, options.run.track)
    if not tracker.enabled:
        return
    quiet, shown = replace(tracker, system_metrics=0), console(quiet=True)
    log = MlflowObserver(quiet, store.local_folder("tracking"), say=lambda note: fan(note))
    fan = fan_out([shown, log])
    best = folder / "best.py"
    numbers = summary(opened)
    if options.test and best.exists():
        plan = tested(best, store, options).plan
        numbers |= summarise(row_of(cell, plan, store) for cell in plan.cells)
    fan(started(opened))
    fan(ReportWritten(sorted(str(path) for path in folder.rglob("*") if path.is_file())))
    fan(StudyFinished(opened[0].search.sweep.study_name, "FINISHED", numbers))
    fan.close("FINISHED")


def started(opened: Sequence[Open]) -> StudyStarted:
    """The event that opens a sweep; all its workers and resumptions are one run."""
    sweep, profile = opened[0].search.sweep, opened[0].search.profile
    names = [one.search.name for one in opened]
    cells = [str(k) for one in opened for k in range(one.queue.trials or 0)]
    params = params_of(sweep) | {"profile": profile, "recipe": opened[0].search.recipe.id}
    tags = {"role": "sweep", "profile": profile, "study_address": digest_of(names)[:HEX]}
    return StudyStarted(sweep.study_name, profile, cells, params, tags)


def params_of(sweep: Sweep) -> dict[str, object]:
    return {
        "sampler": sweep.sampler,
        "pruner": sweep.pruner,
        "objectives": ", ".join(sweep.objectives),
        "dataset": f"{sweep.dataset}#val",
        "ipc": sweep.ipc,
        "seeds": sweep.seeds,
        "sampler_seed": sweep.seed,
        "distillers": ", ".join(row.distiller for row in sweep.rows),
    }


def _work(
    options: SweepOptions, opened: Sequence[Open], store: Store, watch: FanOut
) -> list[Ended]:
    """Works until every budget is used, together with helpers in processes of their own."""
    worker = Worker(store, options.data_root, choose_device(options.run.device), watch)
    ended: list[Ended] = []
    with workers([options.worker()] * (options.workers - 1)):
        ended += _share(worker, opened)
    return ended + _share(worker, opened)  # what a helper that died has left


def _share(worker: Worker, opened: Sequence[Open]) -> list[Ended]:
    return [done for one in opened for done in worker.work(one.search, one.queue)]


def summary(opened: Sequence[Open]) -> dict[str, float]:
    """Numbers of the whole sweep for tracking."""
    found: dict[str, float] = {"trials": float(sum(one.queue.done() for one in opened))}
    for one in opened:
        best = standings(one.study)
        if best:
            found |= best[0].summary(f"{one.search.row.label}_best_validation")
    return found
