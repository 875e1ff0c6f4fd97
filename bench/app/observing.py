"""The observers of a run: the console, and MLflow where it is wanted."""

from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from bench.app.session import Session
from bench.core.events import Emit, StudyStarted
from bench.core.fingerprint import HEX, digest_of
from bench.core.public import public
from bench.tracking.console import console
from bench.tracking.curves import FOLDER, Curves
from bench.tracking.layout import experiment_name
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.observers import FanOut, Observer, fan_out
from bench.tracking.pending import lists
from bench.tracking.tracker import Tracker, default_uri

if TYPE_CHECKING:
    from bench.app.running import RunOptions

TRACKED = "tracked"  # kind of the records that remember what a tracker has


@dataclass(frozen=True)
class Observed:
    """Who hears of a run: where events go, and what to tell the user at its end."""

    fan: FanOut
    hint: str
    ledger: "Ledger"

    @property
    def emit(self) -> Emit:
        return self.fan

    def finish(self, status: str) -> None:
        """Closes the observers; a run that ended well and is delivered need not be told again."""
        self.fan.close(status)
        if status == "FINISHED":
            self.ledger.enter()


@dataclass(frozen=True)
class Ledger:
    """Remembers which finished runs the tracker already has, so that a repeat costs nothing."""

    session: Session
    tracker: Tracker
    folder: Path

    @property
    def key(self) -> str:
        plan = self.session.plan
        cells = [cell.address for cell in plan.cells]
        return digest_of([self.tracker.uri, plan.study.name, plan.profile, cells])[:HEX]

    def known(self) -> bool:
        """Whether every cell is in the store and the tracker was told of all of them."""
        store = self.session.store
        if store.record(TRACKED, self.key) is None:
            return False
        return all(store.has(cell.address) for cell in self.session.plan.cells)

    def enter(self) -> None:
        """Notes this run, if tracking is on and nothing waits for delivery."""
        if self.tracker.enabled and not lists(self.folder):
            self.session.store.put_record(TRACKED, self.key, {"uri": public(self.tracker.uri)})


def tracker_for(session: Session, uri: str | None, enabled: bool, models: bool = False) -> Tracker:
    """The tracker that the user named, or the SQLite file in the store's folder."""
    place = uri or default_uri(session.store.local_folder("tracking"))
    return Tracker(place, enabled=enabled, models=models)


def observed(session: Session, options: "RunOptions") -> Observed:
    """Starts the observers and tells them of the study."""
    observers: list[Observer] = [console(options.quiet, options.verbose)]
    tracker = tracker_for(session, options.tracking_uri, options.track, options.log_model)
    folder = session.store.local_folder("tracking")
    ledger = Ledger(session, tracker, folder)
    if tracker.enabled and (tracker.models or lists(folder) or not ledger.known()):
        observers.append(MlflowObserver(tracker, session.store, say=lambda note: fan(note)))
    else:
        observers.append(Curves(session.store.local_folder(FOLDER)))
    fan = fan_out(observers)
    fan(started(session))
    return Observed(fan, hint_for(session, tracker, options.tracking_uri), ledger)


def started(session: Session) -> StudyStarted:
    """The event that opens a study."""
    plan = session.plan
    cells = [cell.cell.label for cell in plan.cells]
    params: dict[str, object] = {
        "study": plan.study.name,
        "profile": plan.profile,
        "datasets": ", ".join(plan.study.datasets),
        "ipcs": ", ".join(map(str, dict.fromkeys(cell.cell.ipc for cell in plan.cells))),
        "rows": len(plan.study.rows),
        "seeds": len({cell.cell.seed for cell in plan.cells}),
        "repeats": plan.study.repeats,
        "cells": len(cells),
    }
    params |= dict(text.split("=", 1) for text in plan.overrides)
    return StudyStarted(plan.study.name, plan.profile, cells, params, {"profile": plan.profile})


def hint_for(session: Session, tracker: Tracker, uri: str | None) -> str:
    """How to open the runs in the MLflow UI."""
    if not tracker.enabled:
        return "not tracked (--no-tracking)"
    flag = f" --tracking-uri {quote(public(uri))}" if uri else ""
    where = f" --store {quote(session.store.root)}" if session.store.root != ".bench" else ""
    name = experiment_name(session.plan.study.name)
    return f"MLflow: bench ui{where}{flag}   (experiment {name})"
