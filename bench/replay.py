"""Replay: tells observers of what the store holds, as a run would; nothing is computed."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime

from bench.errors import CorruptArtifact
from bench.events import CellFinished, CellStarted, Emit, Event, Note, StageFinished
from bench.plan import CellPlan, Plan
from bench.results import row_of
from bench.run import cell_started, metrics_of, ordered
from bench.store import Manifest, Store
from bench.sweep.costs import OWN, own_seconds
from bench.tracking.observers import Observer

SHOWN = ("recover", "evaluate")  # stages whose artifacts observers look into


def finished(plan: Plan, store: Store) -> list[CellPlan]:
    """Cells whose scores are in the store, in the order of a run."""
    return [cell for cell in ordered(plan.cells) if store.has(cell.address)]


def replay(plan: Plan, store: Store, emit: Emit, known: Collection[CellPlan] = ()) -> None:
    """Emits the events of every finished cell, each with the times at which it was computed.

    Artifacts are loaded but for cells in `known`, of which observers have heard before.

    Raises:
        CorruptArtifact: one is not as it was stored.
    """
    for cell in finished(plan, store):
        _replay_cell(cell, plan, store, emit, load=cell not in known)


def _replay_cell(cell: CellPlan, plan: Plan, store: Store, emit: Emit, *, load: bool) -> None:
    row, end = row_of(cell, plan, store), created(store.manifest(cell.address))
    emit(cell_started(cell, end - own_seconds(row)))
    for stage in _made(cell, store):
        emit(_found(cell, stage, store, load=load))
    metrics = metrics_of(row) | own_memories(cell, store)
    emit(CellFinished(cell.cell.label, cell.address, metrics, row, at=end))


def _made(cell: CellPlan, store: Store) -> Iterator[str]:
    """Stages of a cell whose artifacts are in the store."""
    return (stage for stage, task in cell.tasks.items() if store.has(task.address))


def _found(cell: CellPlan, stage: str, store: Store, *, load: bool) -> StageFinished:
    """The event of a store hit, with the artifact where observers look into it."""
    task = cell.tasks[stage]
    made = store.manifest(task.address)
    artifact = store.load(task.address, task.kind) if load and stage in SHOWN else None
    label, took, peak = cell.cell.label, made.seconds, made.peak_memory
    return StageFinished(label, stage, task.address, took, peak, True, artifact)


def own_memories(cell: CellPlan, store: Store) -> dict[str, float]:
    """Peak memory of the stages that a cell shares with no other, when they were computed."""
    peaks = {
        stage: store.manifest(cell.tasks[stage].address).peak_memory
        for stage in _made(cell, store)
        if stage in OWN
    }
    return {f"peak_memory_{stage}": float(peak) for stage, peak in peaks.items()}


class Completing:
    """Passes a run's events on to an observer that is to know every cell wholly.

    A run looks at what it needs: of a known score, at nothing before it; of an artifact that it
    has in memory, not again. What it left out is told when the cell ends, as `replay` would.

    Args:
        say: hears of artifacts that are not as they were stored.
    """

    def __init__(self, observer: Observer, plan: Plan, store: Store, say: Emit) -> None:
        self._observer, self._store, self._say = observer, store, say
        self._cells = {(cell.cell.label, cell.address): cell for cell in plan.cells}
        self._told: set[str] = set()

    def __call__(self, event: Event) -> None:
        if isinstance(event, CellStarted):
            self._told.clear()
        elif isinstance(event, StageFinished):
            self._told.add(event.stage)
        elif isinstance(event, CellFinished):
            event = self._completed(event)
        self._observer(event)

    def close(self, status: str) -> None:
        """Closes the observer."""
        self._observer.close(status)

    def _completed(self, event: CellFinished) -> CellFinished:
        cell = self._cells[event.cell, event.address]
        for stage in _made(cell, self._store):
            if stage not in self._told:
                self._observer(self._readable(cell, stage))
        memories = own_memories(cell, self._store)
        return replace(event, metrics={**event.metrics, **memories})

    def _readable(self, cell: CellPlan, stage: str) -> StageFinished:
        try:
            return _found(cell, stage, self._store, load=True)
        except CorruptArtifact as error:
            self._say(Note(f"tracking: {cell.cell.label}: no picture: {error}"))
            return _found(cell, stage, self._store, load=False)


def created(manifest: Manifest) -> float:
    """When an artifact was made, in seconds since the epoch."""
    return datetime.fromisoformat(manifest.created).timestamp()
