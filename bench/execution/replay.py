"""Replay: tells observers of what the store holds, as a run would; nothing is computed."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from bench.artifacts.labels import Score
from bench.artifacts.values import SyntheticSet
from bench.core.events import CellFinished, Emit, StageFinished
from bench.execution.results import own_seconds, row_of
from bench.execution.runner import cell_started, metrics_of, ordered
from bench.graph.plan import CellPlan, Plan
from bench.storage.store import Manifest, Store

SHOWN = (SyntheticSet, Score)  # artifacts that observers look into


def finished(plan: Plan, store: Store) -> list[CellPlan]:
    """Cells whose scores are in the store, in the order of a run."""
    return [cell for cell in ordered(plan.cells) if store.readable(cell.address)]


def replay(plan: Plan, store: Store, emit: Emit, known: Collection[CellPlan] = ()) -> None:
    """Emits the events of every finished cell, each with the times at which it was computed.

    Artifacts are loaded but for cells in `known`, of which observers have heard before.

    Raises:
        CorruptArtifact: one is not as it was stored.
    """
    for cell in finished(plan, store):
        _replay_cell(cell, plan, store, emit, load=cell not in known)


def span(plan: Plan, store: Store) -> tuple[float, float]:
    """When the first finished cell began and the last one ended, in seconds since the epoch."""
    cells = finished(plan, store)
    begins, ends = zip(*(_cell_span(c, row_of(c, plan, store), store) for c in cells), strict=True)
    return min(begins), max(ends)


def _cell_span(cell: CellPlan, row: Mapping[str, object], store: Store) -> tuple[float, float]:
    end = created(store.manifest(cell.address))
    return end - own_seconds(cell, row), end


def _replay_cell(cell: CellPlan, plan: Plan, store: Store, emit: Emit, *, load: bool) -> None:
    row = row_of(cell, plan, store)
    begin, end = _cell_span(cell, row, store)
    emit(cell_started(cell, begin))
    for stage in stages_made(cell, store):
        emit(hit_of(cell, stage, store, load=load))
    metrics = metrics_of(row) | own_memories(cell, store)
    emit(CellFinished(cell.cell.label, cell.address, metrics, row, at=end))


def stages_made(cell: CellPlan, store: Store) -> Iterator[str]:
    """Stages of a cell whose artifacts are in the store, but for those of corrupt manifests."""
    return (stage for stage, task in cell.tasks.items() if store.readable(task.address))


def hit_of(cell: CellPlan, stage: str, store: Store, *, load: bool) -> StageFinished:
    """The event of a store hit, with the artifact where observers look into it."""
    task = cell.tasks[stage]
    made = store.manifest(task.address)
    artifact = store.load(task.address, task.kind) if load and task.kind in SHOWN else None
    label, took, peak = cell.cell.label, made.seconds, made.peak_memory
    return StageFinished(label, task.stage, task.address, took, peak, True, artifact)


def own_memories(cell: CellPlan, store: Store) -> dict[str, float]:
    """Peak memory of the stages that a cell shares with no other, when they were computed."""
    peaks = {
        stage: store.manifest(cell.tasks[stage].address).peak_memory
        for stage in stages_made(cell, store)
        if cell.tasks[stage].request.own
    }
    return {f"peak_memory_{stage}": float(peak) for stage, peak in peaks.items()}


def created(manifest: Manifest) -> float:
    """When an artifact was made, in seconds since the epoch."""
    return datetime.fromisoformat(manifest.created).timestamp()
