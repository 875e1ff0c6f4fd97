"""`bench track import` of a sweep: its trials in the store become the runs of a tracked one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from bench.app.importing import (
    deliver_first,
    exported,
    exporter_for,
    import_study,
    unclaimed,
)
from bench.app.observing import tracker_for
from bench.app.running import again
from bench.app.session import Session
from bench.app.sweep_describing import Found
from bench.app.sweep_opening import Open, found_search
from bench.app.sweep_options import SweepOptions
from bench.app.sweep_reporting import report_folder, tested
from bench.app.sweep_telling import ending, started
from bench.core.errors import BadValue
from bench.core.events import StudyStarted
from bench.execution.replay import finished
from bench.search.past import PastTrial, past_trials
from bench.search.queue import FINISHED, counted
from bench.search.spaces import quiet
from bench.storage.store import Store
from bench.tracking.connection import short_calls
from bench.tracking.layout import cell_key, experiment_name
from bench.tracking.recorder import Recorder
from bench.tracking.tracker import Tracker


def import_sweep(options: SweepOptions) -> int:
    """Logs what MLflow lacks of a sweep and of its winner's test; returns the exit code.

    Raises:
        BadValue: it was never run here.
    """
    quiet()
    past = past_sweep(options, Store(options.arguments.store))
    session = Session(past.opened[0].search.base, past.store, options.arguments.data_root)
    tracker = tracker_for(session, options.run.tracking_uri, enabled=True)
    deliver_first(past.store, tracker)
    with short_calls():
        code = _import_trials(past, tracker)
    best = past.folder / "best.py"
    if not best.exists():
        return code
    test = tested(best, past.store, options)
    if finished(test.plan, test.store):
        code = max(code, import_study(test, options.run.tracking_uri))
    return code


@dataclass(frozen=True)
class PastSweep:
    """A sweep as its journal and the store have it.

    Attributes:
        trials: those that have ended.
        folder: of its report.
    """

    options: SweepOptions
    store: Store
    opened: Sequence[Open]
    trials: Sequence[PastTrial]
    folder: Path

    @property
    def begun(self) -> StudyStarted:
        return unclaimed(started(self.opened), self.options.arguments.study)

    @property
    def experiment(self) -> str:
        return experiment_name(self.begun.study)

    @property
    def over(self) -> bool:
        """Whether no trial waits or runs."""
        return all(t.state in FINISHED for one in self.opened for t in counted(one.study))


def past_sweep(options: SweepOptions, store: Store) -> PastSweep:
    """What is there of a sweep.

    Raises:
        BadValue: no trials of it, or of one of its distillers.
    """
    searches = options.searches()
    opened = [one for s in searches if (one := found_search(s, store, options))]
    if len(opened) < len(searches):
        place = options.search.storage.split("@")[-1] if options.search.storage else store.root
        given = options.arguments
        raise BadValue(
            f"expected trials of the sweep {given.study} ({given.profile}) in {place}, found "
            f"none; `{again().replace('track import', 'sweep', 1)}` runs it; the options of "
            "the run are needed, except for how many trials and where they run"
        )
    trials = [t for one in opened for t in past_trials(one.search, one.study, store)]
    folder = report_folder([Found(one.search, one.study) for one in opened], store, options)
    return PastSweep(options, store, opened, trials, folder)


def _import_trials(past: PastSweep, tracker: Tracker) -> int:
    """Tells what MLflow lacks, and says what it was; returns the exit code."""
    kept = [trial for trial in past.trials if trial.kept()]
    exporter = exporter_for(tracker, past.store, past.experiment)
    told = exporter.told_keys()
    new = [t for t in kept if cell_key(t.address, t.events.label) not in told]
    if lost := len(past.trials) - len(kept):
        click.echo(
            f"{lost} of {len(past.trials)} trials could not be imported: their artifacts are not "
            f"in {past.store.root}",
            err=True,
        )
    over = not past.over or past.begun.tags["study_address"] in told
    if not kept or (not new and over):
        there = f"experiment {past.experiment} has all {len(kept)} trials" if kept else "no trial"
        click.echo(f"nothing to import: {there}")
        return 0
    whole = exported(exporter, _record(past, tracker, kept))
    click.echo(f"imported {len(new)} of {len(kept)} trials into experiment {past.experiment}")
    return 0 if whole else 1


def _record(past: PastSweep, tracker: Tracker, kept: Sequence[PastTrial]) -> Recorder:
    """Writes down what the store has of a sweep and no worker has recorded."""
    begins, ends = zip(*(trial.span() for trial in kept), strict=True)
    status, recorder = "KILLED", Recorder(tracker, past.store, span=(min(begins), max(ends)))
    recorder.begin(past.begun)
    try:
        for trial in kept:
            trial.tell(recorder)
        for event in ending(past.options, past.opened, past.store, past.folder):
            recorder(event)
        status = "FINISHED" if past.over else "KILLED"
    finally:
        recorder.close(status)
    return recorder
