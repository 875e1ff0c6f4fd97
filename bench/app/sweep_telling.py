"""What observers are told of a sweep as a whole: how it begins and how it ended."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.app.observing import tracker_for
from bench.app.session import Session
from bench.app.sweep_opening import Open
from bench.app.sweep_options import SweepOptions
from bench.app.sweep_reporting import tested
from bench.core.events import Event, ReportWritten, StudyFinished, StudyStarted
from bench.core.fingerprint import HEX, digest_of
from bench.execution.results import row_of
from bench.search.standings import standings
from bench.storage.store import Store
from bench.study.search import Sweep
from bench.tracking.console import console
from bench.tracking.curves import FOLDER, Curves
from bench.tracking.layout import summarise
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.observers import FanOut, Observer, fan_out


def watched(options: SweepOptions, opened: Sequence[Open], store: Store) -> FanOut:
    """The console and MLflow, told of the sweep."""
    first = opened[0].search
    session = Session(first.base, store, options.arguments.data_root)
    observers: list[Observer] = [console(options.run.quiet, options.run.verbose)]
    tracker = tracker_for(session, options.run.tracking_uri, options.run.track)
    if tracker.enabled:
        observers.append(MlflowObserver(tracker, store, say=lambda note: fan(note)))
    else:
        observers.append(Curves(store.local_folder(FOLDER)))
    fan = fan_out(observers)
    fan(started(opened))
    return fan


def tell_result(options: SweepOptions, opened: Sequence[Open], store: Store, folder: Path) -> None:
    """Adds the report and the result, which are known after the last trial, to the sweep's run."""
    session = Session(opened[0].search.base, store, options.arguments.data_root)
    tracker = tracker_for(session, options.run.tracking_uri, options.run.track)
    if not tracker.enabled:
        return
    quiet, shown = replace(tracker, system_metrics=0), console(quiet=True)
    log = MlflowObserver(quiet, store, say=lambda note: fan(note))
    fan = fan_out([shown, log])
    fan(started(opened))
    for event in ending(options, opened, store, folder):
        fan(event)
    fan.close("FINISHED")


def ending(
    options: SweepOptions, opened: Sequence[Open], store: Store, folder: Path
) -> Iterator[Event]:
    """The events that end a sweep: its report, and its numbers with those of what was tested."""
    numbers, best = summary(opened), folder / "best.py"
    if options.test and best.exists():
        plan = tested(best, store, options).plan
        numbers |= summarise(row_of(cell, plan, store) for cell in plan.cells)
    yield ReportWritten(sorted(str(path) for path in folder.rglob("*") if path.is_file()))
    yield StudyFinished(opened[0].search.sweep.study_name, "FINISHED", numbers)


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


def summary(opened: Sequence[Open]) -> dict[str, float]:
    """Numbers of the whole sweep for tracking."""
    found: dict[str, float] = {"trials": float(sum(one.queue.done() for one in opened))}
    for one in opened:
        best = standings(one.study)
        if best:
            found |= best[0].summary(f"{one.search.row.label}_best_validation")
    return found
