"""`bench track import`: a study in the store becomes the runs of a tracked one."""

from dataclasses import replace

import click

from bench.app.observing import Ledger, started, tracker_for
from bench.app.reporting import write_report
from bench.app.session import Session
from bench.core.errors import BadValue
from bench.core.events import ReportWritten, StudyFinished, StudyStarted
from bench.execution.replay import finished, replay, span
from bench.graph.plan import CellPlan
from bench.storage.store import Store
from bench.tracking.console import console
from bench.tracking.delivery import all_delivered, deliver_pending
from bench.tracking.layout import cell_key, experiment_name
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.observers import fan_out
from bench.tracking.tracked import finished_keys
from bench.tracking.tracker import Tracker, check_uri

PATIENCE = 600.0  # seconds without progress that an import waits for a slow store

UNKNOWN = (  # tags that would speak of the importer
    "git_commit", "dirty", "host", "machine", "mlflow.source.git.commit", "mlflow.user",
)  # fmt: skip


def import_study(session: Session, uri: str | None) -> int:
    """Logs what MLflow lacks of a study; returns the exit code.

    Raises:
        BadValue: the store holds no finished cell of it.
    """
    if uri is not None:
        check_uri(uri)
    cells = finished(session.plan, session.store)
    if not cells:
        raise BadValue(
            f"expected finished cells of {session.plan.study.name} ({session.plan.profile}) in "
            f"{session.store.root}, found none; the same --profile, --set and --plugin as of the "
            "run are needed, `bench store ls` lists what is there"
        )
    tracker = tracker_for(session, uri, enabled=True)
    deliver_first(session.store)
    known = tracked(session, tracker, cells)
    name = f"experiment {experiment_name(session.plan.study.name)}"
    if len(known) == len(cells):
        click.echo(f"nothing to import: {name} has all {len(cells)} finished cells")
        return 0
    delivered = tell(session, tracker, known)
    click.echo(f"imported {len(cells) - len(known)} of {len(cells)} finished cells into {name}")
    return 0 if delivered else 1


def deliver_first(store: Store) -> None:
    """Delivers what earlier commands left, so that it is known."""
    for problem in deliver_pending(store.local_folder("tracking")).problems:
        click.echo(f"tracking: {problem}", err=True)


def unclaimed(begun: StudyStarted, name: str) -> StudyStarted:
    """The event that opens a study; what computed it is not known, so nothing is claimed."""
    source = {"mlflow.source.name": f"bench track import {name}"}
    unknown = dict.fromkeys(UNKNOWN, "")
    return replace(begun, tags={**begun.tags, **source, **unknown, "origin": "store"})


def tracked(session: Session, tracker: Tracker, cells: list[CellPlan]) -> list[CellPlan]:
    """Cells that have a finished run."""
    keys = finished_keys(tracker.uri, experiment_name(session.plan.study.name))
    return [cell for cell in cells if cell_key(cell.address, cell.cell.label) in keys]


def tell(session: Session, tracker: Tracker, known: list[CellPlan]) -> bool:
    """Replays the study to MLflow, with its report; whether all was delivered."""
    plan, folder = session.plan, session.store.local_folder("tracking")
    shown, quiet = console(quiet=True), replace(tracker, system_metrics=0)
    when = span(plan, session.store)
    log = MlflowObserver(quiet, folder, lambda note: fan(note), patience=PATIENCE, span=when)
    fan, ledger = fan_out([shown, log]), Ledger(session, tracker, folder)
    status = "KILLED"
    try:
        fan(unclaimed(started(session), plan.study.name))
        replay(plan, session.store, fan, known)
        report = write_report(session)
        fan(ReportWritten([str(path) for path in report.paths]))
        if len(finished(plan, session.store)) == len(plan.cells):
            status = "FINISHED"
        fan(StudyFinished(plan.study.name, status, report.metrics))
    finally:
        fan.close(status)
    if status == "FINISHED":
        ledger.enter()
    return all_delivered(folder)
