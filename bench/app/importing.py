"""`bench track import`: a study in the store becomes the runs of a tracked one."""

from dataclasses import replace

import click

from bench.app.observing import Ledger, started, tracker_for
from bench.app.reporting import write_report
from bench.app.session import Session
from bench.core.errors import BadData, BadValue
from bench.core.events import ReportWritten, StudyFinished, StudyStarted
from bench.execution.replay import finished, replay, span
from bench.storage.store import Store
from bench.tracking.connection import short_calls
from bench.tracking.export import Exporter, Target
from bench.tracking.layout import cell_key, experiment_name
from bench.tracking.pending import Errand, deliver_pending
from bench.tracking.recorder import Recorder
from bench.tracking.tracker import Tracker, check_uri

UNKNOWN = (  # tags that would speak of the importer
    "git_commit", "dirty", "host", "machine", "mlflow.source.git.commit", "mlflow.user",
)  # fmt: skip


def import_study(session: Session, uri: str | None) -> int:
    """Logs what MLflow lacks of a study; returns the exit code.

    Raises:
        BadValue: the store holds no finished cell of it.
        BadData: an artifact is not as it was stored.
    """
    if uri is not None:
        check_uri(uri)
    plan, store = session.plan, session.store
    cells = finished(plan, store)
    if not cells:
        raise BadValue(
            f"expected finished cells of {plan.study.name} ({plan.profile}) in "
            f"{store.root}, found none; the same --profile, --set and --plugin as of the "
            "run are needed, `bench store ls` lists what is there"
        )
    tracker = tracker_for(session, uri, enabled=True)
    deliver_first(store, tracker)
    name = experiment_name(plan.study.name)
    with short_calls():
        exporter = exporter_for(tracker, store, name)
        told = exporter.finished_keys()
        known = [cell for cell in cells if cell_key(cell.address, cell.cell.label) in told]
        if len(known) == len(cells):
            click.echo(f"nothing to import: experiment {name} has all {len(cells)} finished cells")
            return 0
        whole = exported(exporter, record(session, tracker))
    if whole and len(cells) == len(plan.cells):
        Ledger(session, tracker, store.local_folder("tracking")).enter()
    click.echo(
        f"imported {len(cells) - len(known)} of {len(cells)} finished cells into experiment {name}"
    )
    return 0 if whole else 1


def deliver_first(store: Store, tracker: Tracker) -> None:
    """Delivers what earlier commands left, so that it is known."""
    for problem in deliver_pending(store, tracker.uri).problems:
        click.echo(f"tracking: {problem}", err=True)


def exporter_for(tracker: Tracker, store: Store, experiment: str) -> Exporter:
    """What exports to an experiment."""
    root = tracker.artifact_root(store.local_folder("tracking"))
    return Exporter(store, Target(tracker.uri, experiment, root))


def exported(exporter: Exporter, recorder: Recorder) -> bool:
    """Exports what was recorded; whether all of it.

    Raises:
        BadData: an artifact is not as it was stored; all others are exported.
    """
    path = recorder.pending.path
    whole = Errand(path, exporter).go()
    for problem in exporter.runs.refused:
        click.echo(f"tracking: {problem}", err=True)
    if whole:
        path.unlink()
    elif exporter.runs.blocked:
        click.echo(f"tracking: {exporter.runs.blocked}", err=True)
    if exporter.lost:
        raise BadData(next(iter(exporter.lost)))
    return bool(whole)


def unclaimed(begun: StudyStarted, name: str) -> StudyStarted:
    """The event that opens a study; what computed it is not known, so nothing is claimed."""
    source = {"mlflow.source.name": f"bench track import {name}"}
    unknown = dict.fromkeys(UNKNOWN, "")
    return replace(begun, tags={**begun.tags, **source, **unknown, "origin": "store"})


def record(session: Session, tracker: Tracker) -> Recorder:
    """Writes down what the store has of a study and no run has recorded, with its report."""
    plan, store, status = session.plan, session.store, "KILLED"
    recorder = Recorder(tracker, store, span=span(plan, store))
    recorder.begin(unclaimed(started(session), plan.study.name))
    try:
        replay(plan, store, recorder)
        report = write_report(session)
        recorder(ReportWritten([str(path) for path in report.paths]))
        if len(finished(plan, store)) == len(plan.cells):
            status = "FINISHED"
        recorder(StudyFinished(plan.study.name, status, report.metrics))
    finally:
        recorder.close(status)
    return recorder
