"""The MLflow side: applies operations of an outbox, each any number of times with one effect.

Metrics may be sent twice: MLflow keeps one of equal (name, step, time, value). Runs are looked up
by their tags before they are created. Connecting imports MLflow.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.storage.owner import ended, host
from bench.tracking.calls import log_params, log_points, log_tags, texts
from bench.tracking.connection import alone, asking, connect, experiment_id
from bench.tracking.inputs import log_input
from bench.tracking.layout import Point, clean_tags
from bench.tracking.outbox import Header, Op
from bench.tracking.parcels import Parcels
from bench.tracking.twins import (
    ENDED_BADLY,
    LOAD,
    done_since,
    keep_one_end,
    keep_one_start,
    load_of,
    news,
)

if TYPE_CHECKING:
    from mlflow.entities import Run


class Books:
    """The runs of one outbox in MLflow.

    A study's run is found by its key and reused. A cell's run is made by this attempt unless
    another attempt had a FINISHED one before; then the operations on it are dropped.
    """

    def __init__(self, header: Header, files: Path) -> None:
        self._header, self._folder = header, files.parents[1]
        self._owner = {"attempt": header.run, "host": header.host, "process": header.process}
        self._client = connect(header.uri)
        self._experiment = experiment_id(
            self._client, header.uri, header.experiment, header.artifacts
        )
        self._parcels = Parcels(self._client, self._experiment, files)
        self._runs: dict[str, Run | None] = {}
        self._own: set[str] = set()  # keys of runs that this attempt made or goes on with
        self._done: dict[str, float] = {}  # key -> milliseconds since when it is finished
        self._actions = {
            "run": self._open,
            "tags": self._tag,
            "input": self._input,
            "artifact": self._artifact,
            "picture": self._picture,
            "model": self._model,
            "end": self._end,
        }

    def apply(self, op: Op) -> None:
        """Applies one operation other than metrics; raises Refused or Unreachable."""
        action = self._actions.get(str(op["op"]))
        with asking(self._header.uri):
            if action is not None:
                action(op)

    def log(self, key: str, points: Sequence[Point]) -> None:
        """Adds metrics to a run; raises Refused or Unreachable."""
        with asking(self._header.uri):
            run = self._run(key)
            if run is None:
                return
            if run.data.tags.get("level") != "study":
                log_points(self._client, run.info.run_id, points)
                return
            with self._alone():  # another process may be about to add the same
                known = self._client.get_run(run.info.run_id)
                log_points(self._client, run.info.run_id, news(known, self._header.run, points))

    def kill_open(self, millis: int) -> None:
        """Marks what this attempt left open as KILLED at a time, for its process has ended."""
        with asking(self._header.uri):
            live = f"attributes.status = 'RUNNING' and tags.attempt = '{self._header.run}'"
            for run in self._search(live):
                self._client.set_terminated(run.info.run_id, "KILLED", millis)

    def _search(self, text: str) -> "list[Run]":
        """Runs of the experiment, newest first."""
        order = ["attributes.start_time DESC"]
        return list(self._client.search_runs([self._experiment], text, order_by=order))

    def _search_key(self, key: str) -> "list[Run]":
        return self._search(f"tags.key = '{key}'")

    def _alone(self) -> AbstractContextManager[None]:
        """Keeps other processes with the same local database or tracking folder waiting."""
        return alone(self._header.uri, self._folder)

    def _run(self, key: str) -> "Run | None":
        """The run that operations on a key go to; None drops them."""
        if key not in self._runs:
            found = self._search_key(key)
            own = [r for r in found if r.data.tags.get("attempt") == self._header.run]
            studies = [r for r in found if r.data.tags.get("level") == "study"]
            self._runs[key] = next(iter(own or studies), None)
            self._own |= {key} if own else set()
            self._done[key] = done_since(found)
        return self._runs[key]

    def _open(self, op: Op) -> None:
        key, level = str(op["key"]), str(op["level"])
        if level == "study":
            self._kill_stale()
            with self._alone():
                self._find_or_create(op, key, level)
        else:
            self._find_or_create(op, key, level)

    def _find_or_create(self, op: Op, key: str, level: str) -> None:
        if self._run(key) is None and int(str(op["t"])) < self._done[key]:
            del self._runs[key]  # look again where creating fails: it may have come through
            self._runs[key] = made = self._create(op, key, level)
            if level == "study":
                self._runs[key] = keep_one_start(self._client, made, self._search_key(key))
            if self._runs[key] is made:
                self._own.add(key)
        run = self._runs[key]
        if run is not None and key in self._own:
            log_params(self._client, run.info.run_id, texts(op.get("params")))

    def _create(self, op: Op, key: str, level: str) -> "Run":
        tags = {**texts(op.get("tags")), **self._owner, "level": level, "key": key}
        tags |= {LOAD: self._header.run} if level == "study" else {}
        parent = self._run(str(op["parent"])) if op.get("parent") else None
        if parent is not None:
            tags["mlflow.parentRunId"] = parent.info.run_id
            self._go_on(parent, str(op["parent"]))
        name, start = str(op["name"]), int(str(op.get("began", op["t"])))
        return self._client.create_run(self._experiment, start, clean_tags(tags), name)

    def _go_on(self, run: "Run", key: str) -> None:
        """Opens an earlier attempt's study run again, because something is added to it."""
        if key not in self._own:
            self._own.add(key)
            now = self._client.get_run(run.info.run_id)
            others = now.info.status == "RUNNING"  # a process that shows its load there
            load = {} if others else load_of(self._client, now, self._header.run)
            log_tags(self._client, run.info.run_id, self._owner | load)
            self._client.update_run(run.info.run_id, "RUNNING")

    def _kill_stale(self) -> None:
        """Ends runs of processes of this machine that died without saying so."""
        here = f"attributes.status = 'RUNNING' and tags.host = '{host()}'"
        for run in self._search(here):
            if ended(run.data.tags.get("process", "")):
                self._client.set_terminated(run.info.run_id, "KILLED")

    def _tag(self, op: Op) -> None:
        run = self._run(str(op["key"]))
        if run is not None and str(op["key"]) in self._own:
            log_tags(self._client, run.info.run_id, texts(op["tags"]))

    def _input(self, op: Op) -> None:
        run = self._run(str(op["key"]))
        if run is not None:
            log_input(self._client, run.info.run_id, op)

    def _artifact(self, op: Op) -> None:
        self._parcels.artifact(self._run(str(op["key"])), op)

    def _picture(self, op: Op) -> None:
        self._parcels.picture(self._run(str(op["key"])), op)

    def _model(self, op: Op) -> None:
        """Adds a student to this attempt's run, or to the finished one in whose place it stands."""
        key = str(op["key"])
        finished = (r for r in self._search_key(key) if r.info.status == "FINISHED")
        self._parcels.model(self._run(key) or next(finished, None), op)

    def _end(self, op: Op) -> None:
        key, status, millis = str(op["key"]), str(op["status"]), int(str(op["t"]))
        run = self._run(key)
        if run is None:
            return
        if status == "FINISHED" and run.data.tags.get("level") == "cell":
            self._finish(run, key, millis)
        elif key in self._own or self._ended_badly(run):  # then only the end was missing
            self._client.set_terminated(run.info.run_id, status, millis)

    def _ended_badly(self, run: "Run") -> bool:
        """Whether a run of another attempt was left without a good end, as far as is known now."""
        return self._client.get_run(run.info.run_id).info.status in ENDED_BADLY

    def _finish(self, run: "Run", key: str, millis: int) -> None:
        """Ends a cell's run; of those that several processes finished, one stays."""
        self._client.set_terminated(run.info.run_id, "FINISHED", millis)
        with self._alone():
            if not keep_one_end(self._client, run, self._search_key(key)):
                self._runs[key] = None
