"""The runs of one experiment in MLflow: calls of bounded size, each of which may be repeated."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.core.errors import BenchError
from bench.core.public import public
from bench.tracking.connection import Clash, Refused, asking, connect, experiment_id
from bench.tracking.inputs import log_input
from bench.tracking.layout import Point, clean_tags
from bench.tracking.observers import attempt
from bench.tracking.student_model import log_student

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

METRICS, PARAMS = 500, 100  # in one call, MLflow's limits
CLASHES = 2  # in a row that are taken for chance


class Runs:
    """Finds, makes and fills runs, and remembers what it has sent.

    Attributes:
        refused: what the tracking store will never take, so far; the rest got through.
        blocked: why files could not be sent lately, "" where they could.

    Raises:
        Refused, Unreachable: the tracking store does not answer.
    """

    def __init__(self, uri: str, experiment: str, artifacts: str) -> None:
        self.uri, self.blocked = uri, ""
        self.refused: dict[str, None] = {}
        self.client: MlflowClient = connect(uri)
        self._experiment = experiment_id(self.client, uri, experiment, artifacts)
        self._sent: dict[str, set[object]] = {}

    def search(self, text: str) -> "list[Run]":
        """Runs of the experiment, newest first."""
        found: list[Run] = []
        order, token = ["attributes.start_time DESC"], None
        with asking(self.uri):
            while True:
                page = self.client.search_runs(
                    [self._experiment], text, order_by=order, page_token=token
                )
                found += page
                token = page.token
                if not token:
                    return found

    def create(self, name: str, start: int, tags: Mapping[str, object]) -> str:
        run = self.client.create_run(self._experiment, start, clean_tags(tags), name)
        return str(run.info.run_id)

    def params(self, run: str, params: Mapping[str, str]) -> None:
        """Adds params; equal ones may be there already."""
        from mlflow.entities import Param

        items = [Param(key, value) for key, value in params.items()]
        for k in range(0, len(items), PARAMS):
            self._take(partial(self.client.log_batch, run, params=items[k : k + PARAMS]))

    def tags(self, run: str, tags: Mapping[str, object]) -> None:
        from mlflow.entities import RunTag

        items = [RunTag(key, value) for key, value in clean_tags(tags).items()]
        self._take(partial(self.client.log_batch, run, tags=items))

    def points(self, run: str, found: Sequence[Point]) -> None:
        """Adds metrics; MLflow keeps one of equal (name, step, time, value)."""
        from mlflow.entities import Metric

        known = self._sent.setdefault(run, set())
        new = [p for p in found if (p[0], p[2], p[3]) not in known]
        items = [Metric(name, value, millis, step) for name, value, step, millis in new]
        for k in range(0, len(items), METRICS):
            self._take(partial(self.client.log_batch, run, metrics=items[k : k + METRICS]))
        known |= {(p[0], p[2], p[3]) for p in new}

    def inputs(self, run: str, inputs: Sequence[Mapping[str, object]]) -> None:
        """Names data sets of a run."""
        known = self._sent.setdefault(run, set())
        for used in inputs:
            mark = ("input", used["digest"], used["context"])
            if mark not in known:
                self._take(partial(log_input, self.client, run, used))
                known.add(mark)

    def files(self, run: str, files: Mapping[Path, str]) -> bool:
        """Sends files that are new or of another size; whether the artifact store took them."""
        known = self._sent.setdefault(run, set())
        for path, to in files.items():
            mark = (path.name, to, path.stat().st_size)
            if mark in known:
                continue
            error = attempt(partial(self.client.log_artifact, run, str(path), to or None))
            if error is not None:
                return self._blocked(error)
            known.add(mark)
        return True

    def student(self, run: str, folder: Path) -> bool:
        """Takes a saved student to a run, if one is there; whether none is left."""
        if not folder.exists():
            return True
        error = attempt(partial(log_student, self.client, self._experiment, run, folder))
        if error is not None:
            return self._blocked(error)
        shutil.rmtree(folder)
        return True

    def end(self, run: str, status: str, millis: int | None = None) -> None:
        """Ends a run, now or at a time; RUNNING opens it again."""
        if status == "RUNNING":
            self.client.update_run(run, status)
        else:
            self.client.set_terminated(run, status, millis)

    def _blocked(self, error: Exception) -> bool:
        self.blocked = f"artifacts: {one_line(error)}"
        return False

    def _take(self, action: Callable[[], object]) -> None:
        """Does what the store may refuse for ever, so that the rest gets through."""
        try:
            persistent(self.uri, action)
        except Refused as error:
            self.refused[one_line(error)] = None


def persistent(uri: str, action: Callable[[], object]) -> None:
    """Does something that may clash with what another process does, a few times if need be."""
    for _ in range(CLASHES):
        with suppress(Clash), asking(uri):
            action()
            return
    with asking(uri):
        action()


def one_line(error: Exception) -> str:
    """An error as one line of bounded length, without passwords."""
    text = str(error) if isinstance(error, BenchError) else f"{type(error).__name__}: {error}"
    return public((text.splitlines() or [type(error).__name__])[0])[:300]
