"""Replay: tells observers of what the store holds, as a run would; nothing is computed."""

from collections.abc import Collection
from datetime import datetime

from bench.events import CellFinished, CellStarted, Emit, StageFinished
from bench.plan import CellPlan, Plan
from bench.results import row_of
from bench.run import metrics_of, ordered, params_of, tags_of
from bench.store import Manifest, Store

SHOWN = ("recover", "evaluate")  # stages whose artifacts observers look into

OWN = ("recover", "relabel", "evaluate")  # stages that belong to one cell


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
    end = created(made["evaluate"])
    start = end - sum(made[stage].seconds for stage in OWN if stage in made)
    params, tags, data = params_of(cell), tags_of(cell), cell.source.splits()
    emit(CellStarted(label, cell.address, params, tags, data, start))
    for stage, manifest in made.items():
        task = cell.tasks[stage]
        artifact = store.load(task.address, task.kind) if load and stage in SHOWN else None
        took, memory = manifest.seconds, manifest.peak_memory
        emit(StageFinished(label, stage, task.address, took, memory, True, artifact))
    row = row_of(cell, plan, store)
    emit(CellFinished(label, cell.address, metrics_of(row), row, at=end))


def created(manifest: Manifest) -> float:
    """When an artifact was made, in seconds since the epoch."""
    return datetime.fromisoformat(manifest.created).timestamp()
