"""The projection of a store to MLflow: runs show what the store knows of cells and studies.

Each export may be repeated without effect, by any process at any time: runs are found by their
tags `key` and `attempt`, equal points are one, files have fixed names, and the end of a run is
written last. Exports of one key take turns under the store's own lock. Connecting imports MLflow.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from bench.storage.owner import owner_named
from bench.storage.store import Store
from bench.tracking.connection import alone, asking
from bench.tracking.layout import Point, points, split_params
from bench.tracking.runs import Runs
from bench.tracking.sheets import Attempt, kept, sheets_of
from bench.tracking.shown import shown
from bench.tracking.student_model import NAME

if TYPE_CHECKING:
    from mlflow.entities import Run

ENDED_BADLY = ("KILLED", "FAILED")
WAITING = "files_waiting"  # tag of a run whose artifact store did not take all of its files
PREFIX = "bench-shown-"  # of folders in which pictures are drawn


@dataclass(frozen=True)
class Target:
    """Where a store is projected to.

    Attributes:
        artifacts: root for artifacts, "" where the tracking server chooses.
    """

    uri: str
    experiment: str
    artifacts: str = ""


class _Busy(Exception):
    """Another process is making the run that is needed first."""


@dataclass
class Exporter:
    """Exports the cells and studies of a store.

    Attributes:
        lost: what could not be shown since an artifact is not as it was stored.

    Raises:
        Refused, Unreachable: the tracking store does not answer.
    """

    store: Store
    target: Target
    lost: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sheets = sheets_of(self.store.local_folder("tracking"), self.target.experiment)
        self.runs = Runs(self.target.uri, self.target.experiment, self.target.artifacts)
        self._done: set[str] = set()  # attempts of which nothing is left to say
        self._studies: dict[str, str] = {}  # key -> run
        self._kill_stale()

    def cell(self, key: str) -> bool | None:
        """Exports a cell or a trial; whether all is said, None while another process exports it.

        An attempt that goes on is exported as far as it has come.
        """
        with self._turn(key) as mine, asking(self.target.uri), suppress(_Busy):
            return self._cell(key, self._sheets.attempts(key)) if mine else None
        return None

    def study(self, key: str) -> bool | None:
        """Exports a study or a sweep; whether all is said, None while another process does it."""
        with self._turn(key) as mine, asking(self.target.uri):
            return self._study(key, self._sheets.attempts(key)) if mine else None

    def _turn(self, key: str) -> AbstractContextManager[bool]:
        """Holds what belongs to a key for a block; False where another process holds it."""
        return self.store.claim(f"export-{key[:32]}")

    def finished_keys(self) -> set[str]:
        """Keys of all cells that have a finished run."""
        found = self.runs.search("tags.level = 'cell' and attributes.status = 'FINISHED'")
        return {run.data.tags.get("key", "") for run in found}

    def told_keys(self) -> set[str]:
        """Keys of the runs of trials that came to their end, and of sweeps that did."""
        return {run.data.tags.get("key", "") for run in self.runs.search("") if _ended(run)}

    def _cell(self, key: str, attempts: Sequence[Attempt]) -> bool:
        if all(one.name in self._done and not (one.files / NAME).exists() for one in attempts):
            return True
        found = {r.data.tags.get("attempt", ""): r for r in self._of(key)}
        stays = kept(attempts)
        names = {attempt.name for attempt in attempts}
        instead = self._elsewhere([r for n, r in found.items() if n not in names], stays)
        begins = [float(str(one.opening["begin"])) for one in attempts[1:]] + [inf]
        said = [
            self._attempt(key, one, found.get(one.name), until)
            if not _dropped(one, stays, instead)
            else self._drop(one, found.get(one.name), instead)
            for one, until in zip(attempts, begins, strict=True)
        ]
        self._supersede(key)
        return all(said)

    def _of(self, key: str) -> "list[Run]":
        return self.runs.search(f"tags.key = '{key}'")

    def _elsewhere(self, others: "Sequence[Run]", stays: Attempt | None) -> str:
        """The finished run of another store that stands for ours, "" where ours is the one."""
        finished = [run for run in others if run.info.status == "FINISHED"]
        if stays is not None and stays.computed:
            for run in (r for r in finished if r.data.tags.get("origin") == "store"):
                self.runs.client.delete_run(run.info.run_id)
                finished.remove(run)
        return finished[0].info.run_id if finished else ""

    def _drop(self, attempt: Attempt, run: "Run | None", instead: str) -> bool:
        """Another run stands for this attempt; its student goes there."""
        if run is not None:
            self.runs.client.delete_run(run.info.run_id)
        sent = self.runs.student(instead, attempt.files / NAME) if instead else True
        return self._said(attempt, sent)

    def _supersede(self, key: str) -> None:
        """Attempts that ended badly name the run that took over."""
        found = self._of(key)
        stands = [run.info.run_id for run in found if run.info.status == "FINISHED"]
        for run in found if stands else ():
            if run.info.status in ENDED_BADLY and "superseded_by" not in run.data.tags:
                self.runs.tags(run.info.run_id, {"superseded_by": stands[0]})

    def _attempt(self, key: str, attempt: Attempt, run: "Run | None", until: float) -> bool:
        over = run is not None and run.info.status != "RUNNING"
        name = run.info.run_id if run is not None else self._begin(key, attempt)
        if run is not None and over and WAITING not in run.data.tags:
            return self._said(attempt, self.runs.student(name, attempt.files / NAME))
        status = attempt.status  # before its last lines are read
        short, long = split_params(_mapping(attempt.opening["params"]))
        with tempfile.TemporaryDirectory(prefix=PREFIX) as scratch:
            what = shown(attempt, self.store, Path(scratch), until)
            self.lost |= dict.fromkeys(what.problems)
            self.runs.params(name, short)
            self.runs.inputs(name, [*_lines(attempt.opening.get("data")), *what.inputs])
            self.runs.points(name, what.points)
            sent = self.runs.files(name, {**_written(long, Path(scratch)), **what.files})
        if status == "RUNNING":
            return sent
        sent = self.runs.student(name, attempt.files / NAME) and sent
        if not over:
            waiting = {} if sent else {WAITING: self.runs.blocked}
            self.runs.tags(name, {**what.tags, **_end_tags(attempt), **waiting})
            last = 0 if attempt.end else max((point[3] for point in what.points), default=0)
            self.runs.end(name, status, max(attempt.ended, last))
        elif sent:
            self.runs.client.delete_tag(name, WAITING)
        return self._said(attempt, sent)

    def _said(self, attempt: Attempt, sent: bool) -> bool:
        self._done |= {attempt.name} if sent and attempt.status != "RUNNING" else set()
        return sent

    def _begin(self, key: str, attempt: Attempt) -> str:
        opening = attempt.opening
        tags = {**_mapping(opening["tags"]), "address": opening["address"], **_owner(attempt)}
        parent = self._parent(str(opening["study"]))
        tags |= {"level": "cell", "key": key, "mlflow.parentRunId": parent}
        return self.runs.create(str(opening["cell"]), attempt.began, tags)

    def _parent(self, key: str) -> str:
        """The run of a study, made if it is missing; "" where the store knows no such study."""
        sessions = self._sheets.attempts(key)
        if key in self._studies or not sessions:
            return self._studies.get(key, "")
        with self._turn(key) as mine:
            if not mine:
                raise _Busy
            return self._study_run(key, sessions)

    def _study(self, key: str, sessions: Sequence[Attempt]) -> bool:
        if not sessions:
            return True
        run = self._study_run(key, sessions)
        known = self.runs.client.get_run(run)
        self.runs.points(run, _load(sessions))
        for point in _summary(sessions):
            if known.data.metrics.get(point[0]) != point[1]:
                self.runs.points(run, [point])
        running = any(session.status == "RUNNING" for session in sessions)
        place = max(range(len(sessions)), key=lambda index: (sessions[index].ended, index))
        last = sessions[place]  # of those that ended at one time, the one that began last
        sent = self.runs.files(run, _files(sessions))
        status = "RUNNING" if running else last.status
        if (status, None if running else last.ended) != (known.info.status, known.info.end_time):
            self.runs.end(run, status, last.ended)
        return sent

    def _study_run(self, key: str, sessions: Sequence[Attempt]) -> str:
        if key in self._studies:
            return self._studies[key]
        first = min(sessions, key=lambda session: session.began)
        with alone(self.target.uri):  # stores may share a database
            found = [r for r in self._of(key) if r.data.tags.get("level") == "study"]
            order = sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))
            run = order[0].info.run_id if order else self._begin_study(key, first)
        self._studies[key] = run
        short, long = split_params(_mapping(first.opening["params"]))
        self.runs.params(run, short)
        with tempfile.TemporaryDirectory(prefix=PREFIX) as scratch:
            self.runs.files(run, _written(long, Path(scratch)))
        return run

    def _begin_study(self, key: str, first: Attempt) -> str:
        tags = {**_mapping(first.opening["tags"]), **_owner(first), "level": "study", "key": key}
        return self.runs.create(str(first.opening["name"]), first.began, tags)

    def _kill_stale(self) -> None:
        """Ends runs of dead processes of which this store has no sheets any more."""
        for run in self.runs.search("attributes.status = 'RUNNING'"):
            owner = owner_named(run.data.tags.get("process", ""))
            sheet = self._sheets.folder / f"{run.data.tags.get('attempt', '-')}.jsonl"
            if owner is not None and owner.gone() and not sheet.exists():
                with asking(self.target.uri):
                    self.runs.end(run.info.run_id, "KILLED")


def _dropped(attempt: Attempt, stays: Attempt | None, instead: str) -> bool:
    """Whether an attempt has no run: of those that finished or may finish, one has."""
    if attempt.status in ENDED_BADLY:
        return False
    return bool(instead) or (attempt.status == "FINISHED" and attempt is not stays)


def _end_tags(attempt: Attempt) -> dict[str, object]:
    """Tags that are known when a cell ends."""
    code = attempt.all("computed")
    tags = {**(_mapping(code[0]["computed"]) if code else {}), **_mapping(attempt.end.get("tags"))}
    return tags | {"origin": "computed" if attempt.computed else "store"}


def _owner(attempt: Attempt) -> dict[str, object]:
    """Tags that tell who wrote a sheet."""
    opening = attempt.opening
    return {"attempt": attempt.name, "process": opening["owner"], "host": opening.get("host", "")}


def _mapping(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, Mapping) else {}


def _lines(value: object) -> list[dict[str, object]]:
    return [_mapping(one) for one in value] if isinstance(value, list) else []


def _written(long: Mapping[str, str], folder: Path) -> dict[Path, str]:
    """Params that are too long for MLflow, as a file."""
    path = folder / "long_params.json"
    if long:
        path.write_text(json.dumps(long, indent=1), encoding="utf-8")
    return {path: ""} if long else {}


def _files(sessions: Sequence[Attempt]) -> dict[Path, str]:
    """The files of a study: what lies beside its sheets, and its reports where they lie."""
    found: dict[Path, str] = {}
    for session in sessions:
        for path in sorted(p for p in session.files.rglob("*") if p.is_file()):
            found[path] = str(path.parent.relative_to(session.files))
        for line in session.all("report"):
            found |= {Path(p): str(to) for p, to in _mapping(line["report"]).items()}
    return {path: to for path, to in found.items() if path.is_file()}


def _summary(sessions: Sequence[Attempt]) -> list[Point]:
    """The numbers of a study: those of the session that told them last."""
    found: dict[str, Point] = {}
    for session in sorted((s for s in sessions if s.end), key=lambda s: s.ended):
        numbers = {k: float(str(v)) for k, v in _mapping(session.end.get("metrics")).items()}
        found |= {p[0]: p for p in points(numbers, 0, session.ended)[0]}
    return list(found.values())


def _load(sessions: Sequence[Attempt]) -> list[Point]:
    """The machine's load as one curve: of sessions that overlap, the one that began first tells."""
    found, step, until = list[Point](), 0, 0
    for session in sorted(sessions, key=lambda s: (s.began, s.name)):
        if session.began < until:
            continue
        until = session.ended if session.status != "RUNNING" else 1 << 62
        for line in session.all("load"):
            values = {k: float(str(v)) for k, v in _mapping(line["load"]).items()}
            found += points(values, step, int(str(line["at"])))[0]
            step += 1
    return found


def _ended(run: "Run") -> bool:
    """A pruned trial is KILLED, as one whose process died; but only the former has a state."""
    tags = run.data.tags
    if tags.get("role") == "trial":
        return run.info.status != "RUNNING" and "optuna_state" in tags
    return tags.get("role") == "sweep" and run.info.status == "FINISHED"
