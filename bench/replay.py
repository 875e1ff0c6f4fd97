"""Replay: tells observers of what the store holds, as a run would; nothing is computed."""

from collections.abc import Collection
from datetime import datetime

from bench.events import CellFinished, Emit, StageFinished
from bench.plan import CellPlan, Plan
from bench.results import row_of
from bench.run import cell_started, metrics_of, ordered
from bench.store import Manifest, Store
from bench.sweep.costs import OWN, own_seconds

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
    label = cell.cell.label
    made = {
        stage: store.manifest(t.address) for stage, t in cell.tasks.items() if store.has(t.address)
    }
    row, end = row_of(cell, plan, store), created(made["evaluate"])
    emit(cell_started(cell, end - own_seconds(row)))
    for stage, manifest in made.items():
        task = cell.tasks[stage]
        artifact = store.load(task.address, task.kind) if load and stage in SHOWN else None
        took, peak = manifest.seconds, manifest.peak_memory
        emit(StageFinished(label, stage, task.address, took, peak, True, artifact))
    memory = {
        f"peak_memory_{stage}": float(made[stage].peak_memory) for stage in OWN if stage in made
    }
    emit(CellFinished(label, cell.address, metrics_of(row) | memory, row, at=end))


def created(manifest: Manifest) -> float:
    """When an artifact was made, in seconds since the epoch."""
    return datetime.fromisoformat(manifest.created).timestamp()
