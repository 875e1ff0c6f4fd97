"""One cell as operations of an outbox: its params, curves, final numbers, picture and manifest."""

from collections import deque
from collections.abc import Mapping

from bench.core.events import (
    CellFailed,
    CellFinished,
    CellStarted,
    Milestone,
    StageFinished,
    Step,
)
from bench.tracking.cell_files import CellFiles
from bench.tracking.inputs import real_input, synthetic_input
from bench.tracking.layout import (
    Point,
    cell_key,
    final_metrics,
    metric_name,
    milliseconds,
    points,
    split_params,
)
from bench.tracking.outbox import Outbox
from bench.tracking.samples import Sample, due, sample

LONGEST_ERROR = 1000
TOGETHER = 1000  # milliseconds of a curve that are written down at once, and lost by a kill
STATE = "optuna_state"  # tag of a trial
ROW_TAGS = ("device", STATE)  # values of a row that a user filters by


class CellLog:
    """Writes down one cell; its run is told apart by address and label.

    Two rows of a study may share an address, when they are one distiller under two labels.
    """

    def __init__(self, outbox: Outbox, study: str, event: CellStarted, millis: int) -> None:
        self._outbox, self._event = outbox, event
        self._key = cell_key(event.address, event.cell)
        self.files = CellFiles(outbox, self._key)
        self._waiting: deque[tuple[Step, int, Sample]] = deque()
        self._last: dict[str, int] = {}
        self._told: set[str] = set()  # numbers that were written down when their stage ended
        self._points: list[Point] = []  # that are not written down yet
        self._written = 0  # when points were last, in milliseconds
        self._stages: list[dict[str, object]] = []
        self._tags: dict[str, str] = {}
        self._pictured = self._diverged = self._computed = False
        self._open(study, millis)

    def _open(self, study: str, millis: int) -> None:
        event = self._event
        short, long = split_params(event.params)
        tags = {**event.tags, "address": event.address}
        self._write(
            {
                "op": "run", "level": "cell", "parent": study, "name": event.cell,
                "params": short, "tags": tags, "t": millis, "began": _at(event, millis),
            }
        )  # fmt: skip
        if long:
            self.files.data("long_params.json", long)
        for used in event.data:
            self._write({"op": "input", **real_input(used)})

    def computing(self, tags: Mapping[str, str]) -> None:
        """Notes that something of this cell is computed now, by the code that `tags` name."""
        if not self._computed:
            self._computed = True
            self._tag(dict(tags))

    def step(self, event: Step) -> None:
        """Samples a step, and writes down earlier samples that have arrived."""
        if due(event):
            self._waiting.append((event, _at(event, milliseconds()), sample(event.values)))
        while self._waiting and self._waiting[0][2].ready:
            self._write_step(*self._waiting.popleft())

    def stage(self, event: StageFinished, millis: int) -> None:
        """Notes a finished stage, and the picture of a synthetic set."""
        self._drain()
        self._stages.append(
            {
                "stage": event.stage, "address": event.address, "seconds": event.seconds,
                "peak_memory": event.peak_memory, "hit": event.hit,
            }
        )  # fmt: skip
        if not event.hit:
            name = f"resources/peak_memory_{event.stage}"
            self._told.add(name)
            self._metrics({name: float(event.peak_memory)}, 0, millis)
        if event.artifact is not None:
            self._picture(event)

    def milestone(self, event: Milestone, millis: int) -> None:
        """Keeps how images look on the way."""
        self.files.milestone(event, millis)
        self._tag({"mlflow.loggedImages": "true"})

    def finish(self, event: CellFinished | CellFailed, millis: int) -> None:
        """Writes the final numbers, the row and the manifest, and ends the run."""
        self._drain()
        millis = _at(event, millis)
        if isinstance(event, CellFinished):
            final = final_metrics(event.metrics)
            for name, value in ((k, v) for k, v in final.items() if k not in self._told):
                self._metrics({name: value}, self._last.get(name, 0), millis)
            if event.tags:
                self._tag(event.tags)
        if isinstance(event, CellFailed):
            self._tag({"error": event.error[:LONGEST_ERROR]})
        told = {name: str(event.row[name]) for name in ROW_TAGS if event.row.get(name)}
        self._tag(told)
        manifest = {"cell": event.cell, "address": event.address, "stages": self._stages}
        self.files.data("manifest.json", manifest | {"row": dict(event.row)})
        self._end(_status(event), millis)

    def leave(self, status: str, millis: int) -> None:
        """Ends a run whose cell did not come to its end."""
        self._drain()
        self._end(status, millis)

    def _end(self, status: str, millis: int) -> None:
        self._tag({"origin": "computed" if self._computed else "store"})
        self._write({"op": "tags", "tags": self._tags})
        self._write({"op": "end", "status": status, "t": millis})

    def _write(self, op: Mapping[str, object]) -> None:
        self._write_points()
        self._outbox.append({**op, "key": self._key})

    def _write_points(self) -> None:
        if self._points:
            found, self._points = self._points, []
            self._outbox.append({"op": "metrics", "points": found, "key": self._key})

    def _tag(self, tags: Mapping[str, str]) -> None:
        """Keeps tags for the end, where they take one call."""
        self._tags |= tags

    def _drain(self) -> None:
        while self._waiting:
            self._write_step(*self._waiting.popleft())

    def _write_step(self, event: Step, millis: int, found: Sample) -> None:
        values = {metric_name(f"{event.stage}/{k}"): v for k, v in found.read().items()}
        self._last |= dict.fromkeys(values, event.step)
        if values:
            self._metrics(values, event.step, millis)

    def _metrics(self, values: Mapping[str, float], step: int, millis: int) -> None:
        found, diverged = points(values, step, millis)
        self._points += found
        if millis - self._written >= TOGETHER:
            self._written = millis
            self._write_points()
        if diverged and not self._diverged:
            self._diverged = True
            self._tag({"diverged": "true"})

    def _picture(self, event: StageFinished) -> None:
        from bench.artifacts.labels import Score
        from bench.artifacts.values import SyntheticSet

        if isinstance(event.artifact, Score):
            self.files.confusion(event.artifact)
        if isinstance(event.artifact, SyntheticSet) and not self._pictured:
            self._pictured = True
            split = self._event.data[0] if self._event.data else None
            scale = (split.mean, split.std) if split else ((), ())
            self.files.synthetic(event.artifact, *scale)
            name = self._event.tags.get("row", "synthetic")
            found = synthetic_input(name, event.address, event.artifact)
            self._write({"op": "input", **found})
            self._tag({"synthetic_address": event.address})


def _at(event: CellStarted | Step | CellFinished | CellFailed, millis: int) -> int:
    """When something happened, which is now unless the event says otherwise."""
    return millis if event.at is None else round(1000 * event.at)


def _status(event: CellFinished | CellFailed) -> str:
    """MLflow's word; it has none for a trial that its pruner stopped, which is KILLED."""
    if isinstance(event, CellFailed):
        return "FAILED"
    return "KILLED" if event.tags.get(STATE) == "PRUNED" else "FINISHED"
