"""One study as operations of an outbox: its run, its cells, the machine's load, its reports."""

import getpass
import json
from collections.abc import Mapping
from dataclasses import replace
from os.path import commonpath
from pathlib import Path

from bench.core.events import (
    CellFailed,
    CellFinished,
    CellStarted,
    Event,
    Milestone,
    ReportWritten,
    StageFinished,
    StageStarted,
    Step,
    StudentTrained,
    StudyFinished,
    StudyStarted,
)
from bench.tracking.cell_log import CellLog
from bench.tracking.delivery import OUTBOX
from bench.tracking.dispatch import Dispatch
from bench.tracking.layout import (
    experiment_name,
    milliseconds,
    points,
    split_params,
    study_address,
    summarise,
    summary_metrics,
)
from bench.tracking.machine import LoadSampler
from bench.tracking.outbox import Outbox, new_header
from bench.tracking.provenance import Provenance, provenance
from bench.tracking.tracker import Tracker

Span = tuple[int, int]  # begin and end, in milliseconds


class StudyLog:
    """The outbox of one study, with its delivery, its cells and the machine's load."""

    def __init__(
        self,
        tracker: Tracker,
        folder: Path,
        code: Path | None,
        event: StudyStarted,
        span: Span | None = None,
    ) -> None:
        experiment = tracker.experiment or experiment_name(event.study)
        header = new_header(event.study, tracker.uri, experiment, tracker.artifact_root(folder))
        header = replace(header, host=event.tags.get("host", header.host))  # "": of no machine here
        self._outbox = Outbox(folder / OUTBOX, header)
        self._run, self._models = header.run, tracker.models
        given = event.tags.get("study_address")
        self._key = given or study_address(event.study, event.cells, event.params)
        self._origin = provenance(code)
        self._span = span
        self._computed = False
        self._rows: list[Mapping[str, object]] = []
        self._summary: dict[str, float] = {}
        self._cell: CellLog | None = None
        self._begin(event)
        self.delivery = Dispatch(self._outbox)
        interval = tracker.system_metrics
        self._load = LoadSampler(self._take_load, interval) if interval else None

    @property
    def path(self) -> Path:
        return self._outbox.path

    def step(self, event: Step) -> None:
        if self._cell is not None:
            self._cell.step(event)

    def hear(self, event: Event) -> None:
        if isinstance(event, StageStarted | StageFinished):
            self._stage(event)
        elif isinstance(event, Milestone):
            if self._cell is not None:
                self._cell.milestone(event, milliseconds())
        elif isinstance(event, StudentTrained):
            if self._cell is not None and self._models:
                self._cell.files.student(event)
        elif isinstance(event, CellStarted):
            self._leave("KILLED")
            self._cell = CellLog(self._outbox, self._key, event, milliseconds())
        elif isinstance(event, CellFinished | CellFailed):
            self._finish(event)
        elif isinstance(event, ReportWritten):
            self._keep_files(event)
        elif isinstance(event, StudyFinished):
            self._summary = summary_metrics(event.metrics)

    def close(self, status: str, patience: float) -> bool:
        """Ends every open run; whether all is delivered."""
        self._leave("FAILED" if status == "FAILED" else "KILLED")
        if self._load is not None:
            self._load.close()
        end = self._span[1] if self._span else milliseconds()
        found, _ = points(summarise(self._rows) | self._summary, 0, end)
        if found:
            self._outbox.append({"op": "metrics", "key": self._key, "points": found})
        self._outbox.append({"op": "end", "key": self._key, "status": status, "t": end})
        return self.delivery.close(patience)

    def _begin(self, event: StudyStarted) -> None:
        short, long = split_params(event.params)
        now = milliseconds()
        began = self._span[0] if self._span else now
        tags = {
            **self._origin.tags(),
            "study": event.study,
            "study_address": self._key,
            "run_id": event.run_id,
            "mlflow.user": _user(),
            "mlflow.source.name": f"bench run {event.study}",
            "mlflow.source.type": "LOCAL",
            "mlflow.source.git.commit": self._origin.commit,
            **event.tags,
        }
        self._outbox.append(
            {
                "op": "run", "level": "study", "key": self._key, "name": _name(event),
                "params": {**short, "cells": len(event.cells)}, "tags": tags,
                "t": now, "began": began,
            }
        )  # fmt: skip
        if long:
            self._keep_text("long_params.json", json.dumps(long, indent=1), "")

    def _stage(self, event: StageStarted | StageFinished) -> None:
        if isinstance(event, StageStarted) and not self._computed:
            self._computed = True
            self._keep_provenance(self._origin)
        if self._cell is None:
            return
        if isinstance(event, StageStarted):
            self._cell.computing(self._origin.tags())
        else:
            self._cell.stage(event, milliseconds())

    def _finish(self, event: CellFinished | CellFailed) -> None:
        self._rows.append(event.row)
        if self._cell is not None:
            self._cell.finish(event, milliseconds())
            self._cell = None

    def _leave(self, status: str) -> None:
        if self._cell is not None:
            self._cell.leave(status, milliseconds())
            self._cell = None

    def _take_load(self, metrics: dict[str, float], index: int) -> None:
        found, _ = points(metrics, index, milliseconds())
        self._outbox.append({"op": "metrics", "key": self._key, "points": found})

    def _keep_provenance(self, origin: Provenance) -> None:
        folder = f"provenance/{self._run}"
        self._keep_text("provenance.json", json.dumps(origin.summary(), indent=1), folder)
        if origin.diff:
            self._keep_text("git.diff", origin.diff, folder)

    def _keep_text(self, name: str, text: str, to: str) -> None:
        self._outbox.place(name).write_text(text)
        self._outbox.append({"op": "artifact", "key": self._key, "file": name, "to": to})

    def _keep_files(self, event: ReportWritten) -> None:
        """Keeps a report as it lies, since its pages name the files in folders below them."""
        paths = [path for path in map(Path, event.paths) if path.is_file()]
        top = Path(commonpath([path.parent for path in paths])) if paths else Path()
        for path in paths:
            place = Path("report") / path.relative_to(top)
            self._outbox.keep(path, str(place))
            self._outbox.append(
                {"op": "artifact", "key": self._key, "file": str(place), "to": str(place.parent)}
            )


def _name(event: StudyStarted) -> str:
    """`ablation · smoke`, where the profile is known."""
    profile = event.params.get("profile", event.tags.get("profile"))
    return f"{event.study} · {profile}" if profile else event.study


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for the user
        return ""
