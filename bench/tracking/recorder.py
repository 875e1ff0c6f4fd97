"""The observer that writes down what a store knows of a study and its cells, as events come.

It knows nothing of MLflow. What there is to be exported stands in a list of its own,
`<store>/tracking/pending`, until an exporter has said all of it.
"""

import getpass
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os.path import commonpath
from pathlib import Path

from bench.core.events import (
    CellFailed,
    CellFinished,
    CellStarted,
    Event,
    ReportWritten,
    StageFinished,
    StageStarted,
    Step,
    StudentTrained,
    StudyFinished,
    StudyStarted,
)
from bench.core.public import public
from bench.storage.store import Store
from bench.tracking.curves import FOLDER, Curves
from bench.tracking.inputs import real_input
from bench.tracking.layout import (
    cell_key,
    experiment_name,
    milliseconds,
    study_address,
    summarise,
    summary_metrics,
)
from bench.tracking.pending import listed
from bench.tracking.provenance import provenance
from bench.tracking.samples import due, sample
from bench.tracking.sheets import Line, Sheet, kept, sheets_of
from bench.tracking.tracker import Tracker

LONGEST_ERROR = 1000
STATE = "optuna_state"  # tag of a trial
CLASS = ("device", "instructions", "libraries", "threads")  # what a numerics class consists of
# values of a row that a user filters by
ROW_TAGS = ("device", STATE, *(f"numerics_{name}" for name in CLASS))
Span = tuple[float, float]  # begin and end, in seconds since the epoch


@dataclass
class OpenCell:
    """A cell that goes on; its sheet is begun when something is computed, or at its end."""

    event: CellStarted
    key: str
    began: int
    sheet: Sheet | None = None
    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        if self.sheet is None:
            self.lines.append(line)
        else:
            self.sheet.add(line)


class Recorder:
    """Writes sheets, curves and the list of what is to be exported.

    Args:
        tracker: where that is to be exported.
        code: folder of the code whose git state is recorded; None for bench's own.
        span: when a study of the past began and ended; None for one that happens now.
    """

    def __init__(
        self, tracker: Tracker, store: Store, code: Path | None = None, span: Span | None = None
    ) -> None:
        self._tracker, self._span, self._origin = tracker, span, provenance(code)
        self._folder = store.local_folder("tracking")
        self._curves = Curves(store.local_folder(FOLDER))
        self._rows: list[Mapping[str, object]] = []
        self._summary: dict[str, float] = {}
        self._cell: OpenCell | None = None
        self._session: Sheet | None = None
        self._computed = False

    def begin(self, event: StudyStarted) -> Path:
        """Begins with a study; returns the list of what is to be exported of it."""
        given = event.tags.get("study_address")
        self._key = given or study_address(event.study, event.cells, event.params)
        experiment = self._tracker.experiment or experiment_name(event.study)
        self._sheets, self._study = sheets_of(self._folder, experiment), event
        root = self._tracker.artifact_root(self._folder)
        self.pending = listed(self._folder, self._tracker.uri, experiment, root, self._key)
        if not self._sheets.finished(self._key):
            self._open()
        return self.pending.path

    def __call__(self, event: Event) -> None:
        if isinstance(event, Step):  # first, for there are a thousand of them to one of the others
            self._step(event)
            return
        self._curves(event)
        if isinstance(event, StageStarted | StageFinished):
            self._stage(event)
        elif isinstance(event, StudentTrained):
            self._student(event)
        elif isinstance(event, CellStarted):
            self._leave("KILLED")
            key, now = cell_key(event.address, event.cell), milliseconds()
            began = now if event.at is None else round(1000 * event.at)
            self._cell = OpenCell(event, key, began)
        elif isinstance(event, CellFinished | CellFailed):
            self._finish(event)
        elif isinstance(event, ReportWritten):
            if self._session is not None or not self._reported():
                self._open().add({"report": _placed(event.paths)})
        elif isinstance(event, StudyFinished):
            self._summary = summary_metrics(event.metrics)

    def load(self, metrics: Mapping[str, float], index: int) -> None:
        """Takes a sample of the machine's load."""
        if self._session is not None:
            self._session.add({"load": dict(metrics), "at": milliseconds()})

    def close(self, status: str) -> None:
        """Ends what is open."""
        self._curves.close(status)
        self._leave("FAILED" if status == "FAILED" else "KILLED")
        now = milliseconds()
        if self._session is not None:
            at = round(1000 * self._span[1]) if self._span else now
            numbers = summarise(self._rows) | self._summary
            self._session.add({"end": status, "at": at, "metrics": numbers})
            self._session.close()
        self.pending.add({"end": "LEFT", "at": now})
        self.pending.close()

    def _reported(self) -> bool:
        """Whether nothing was added to the study since its last report."""
        sessions = self._sheets.attempts(self._key)
        return bool(max(sessions, key=lambda session: session.ended).all("report"))

    def _open(self) -> Sheet:
        """The sheet of the study; one that is done gets none while nothing is added to it."""
        if self._session is None:
            event, origin = self._study, self._origin
            now = milliseconds()
            began = round(1000 * self._span[0]) if self._span else now
            tags = {
                **origin.tags(),
                "study": event.study,
                "study_address": self._key,
                "run_id": event.run_id,
                "mlflow.user": _user(),
                "mlflow.source.name": f"bench run {event.study}",
                "mlflow.source.type": "LOCAL",
                "mlflow.source.git.commit": origin.commit,
                **event.tags,
            }
            params = {**event.params, "cells": len(event.cells)}
            opening: Line = {
                "study": event.study,
                "name": _name(event),
                "params": params,
                "tags": tags,
            }
            opening |= {"began": began, "host": event.tags.get("host", socket.gethostname())}
            self._session = Sheet(self._sheets.folder, self._key, now, opening)
        return self._session

    def _step(self, event: Step) -> None:
        """Numbers between two stages belong to the cell, all others to what is made."""
        if self._curves.open:
            self._curves(event)
        elif self._cell is not None and due(event):
            at = milliseconds() if event.at is None else round(1000 * event.at)
            values = {f"{event.stage}/{k}": v for k, v in sample(event.values).read().items()}
            self._cell.add({"points": values, "step": event.step, "at": at})

    def _stage(self, event: StageStarted | StageFinished) -> None:
        begun = isinstance(event, StageStarted)
        if begun and not self._computed:
            self._computed = True
            self._keep_provenance(self._open())
        cell = self._cell
        if cell is None:
            return
        if begun and not any("computed" in line for line in cell.lines):
            cell.lines.append({"computed": self._origin.tags()})
            self._begin_sheet(cell)
        line: Line = {"stage": event.stage, "address": event.address, "series": event.series}
        if isinstance(event, StageFinished):
            line |= {"hit": event.hit}
        cell.add(line)

    def _begin_sheet(self, cell: OpenCell) -> Sheet:
        if cell.sheet is None:
            self._open()
            event = cell.event
            opening = {
                "cell": event.cell, "address": event.address, "study": self._key,
                "params": dict(event.params), "tags": dict(event.tags), "began": cell.began,
                "data": [real_input(used) for used in event.data],
                "host": self._study.tags.get("host", socket.gethostname()),
            }  # fmt: skip
            cell.sheet = Sheet(self._sheets.folder, cell.key, milliseconds(), opening)
            for line in cell.lines:
                cell.sheet.add(line)
            self.pending.add({"cell": cell.key})
        return cell.sheet

    def _student(self, event: StudentTrained) -> None:
        """Saves a student beside the sheet, also of a cell that is known already."""
        if self._cell is None or not self._tracker.models:
            return
        from bench.tracking.student_model import NAME, save_student

        known = kept(self._sheets.attempts(self._cell.key))
        if self._cell.sheet is None and known is not None:
            save_student(event, known.files / NAME)
        else:
            save_student(event, self._begin_sheet(self._cell).place(NAME))

    def _finish(self, event: CellFinished | CellFailed) -> None:
        self._rows.append(event.row)
        cell, self._cell = self._cell, None
        if cell is None:
            return
        if cell.sheet is None and self._known(cell.key, event):
            self.pending.add({"cell": cell.key})
            return
        tags = {name: str(event.row[name]) for name in ROW_TAGS if event.row.get(name)}
        end: Line = {"row": dict(event.row)}
        if isinstance(event, CellFinished):
            end |= {"metrics": dict(event.metrics), "tags": tags | dict(event.tags)}
        else:
            end |= {"tags": tags | {"error": event.error[:LONGEST_ERROR]}}
        at = milliseconds() if event.at is None else round(1000 * event.at)
        self._end(cell, {"end": _status(event), "at": at, **end})

    def _known(self, key: str, event: CellFinished | CellFailed) -> bool:
        """Whether an end that another process came to is written down already."""
        same = "FINISHED" if isinstance(event, CellFinished) else "FAILED"
        status = _status(event) if isinstance(event, CellFinished) else same
        return any(attempt.status == status for attempt in self._sheets.attempts(key))

    def _leave(self, status: str) -> None:
        """Ends a cell that did not come to its end."""
        cell, self._cell = self._cell, None
        if cell is not None and cell.sheet is not None:
            self._end(cell, {"end": status, "at": milliseconds()})

    def _end(self, cell: OpenCell, end: Line) -> None:
        sheet = self._begin_sheet(cell)
        sheet.add(end)
        sheet.close()
        self.pending.add({"cell": cell.key})

    def _keep_provenance(self, session: Sheet) -> None:
        folder = f"provenance/{session.name}"
        summary = json.dumps(self._origin.summary(), indent=1)
        session.place(f"{folder}/provenance.json").write_text(summary, encoding="utf-8")
        if self._origin.diff:
            session.place(f"{folder}/git.diff").write_text(public(self._origin.diff), "utf-8")


def _placed(given: Sequence[str]) -> dict[str, str]:
    """The files of a report, as it lies, since its pages name the files in folders below them."""
    paths = [path for path in map(Path, given) if path.is_file()]
    top = Path(commonpath([path.parent for path in paths])) if paths else Path()
    return {
        str(path.absolute()): str(Path("report") / path.parent.relative_to(top)) for path in paths
    }


def _status(event: CellFinished | CellFailed) -> str:
    """MLflow's word; it has none for a trial that its pruner stopped, which is KILLED."""
    if isinstance(event, CellFailed):
        return "FAILED"
    return "KILLED" if event.tags.get(STATE) == "PRUNED" else "FINISHED"


def _name(event: StudyStarted) -> str:
    """`ablation · smoke`, where the profile is known."""
    profile = event.params.get("profile", event.tags.get("profile"))
    return f"{event.study} · {profile}" if profile else event.study


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for the user
        return ""
