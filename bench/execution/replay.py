"""Replay: tells observers of what the store holds, as a run would; nothing is computed."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from bench.core.events import CellFinished, Emit, StageFinished
from bench.execution.results import own_seconds, row_of
from bench.execution.runner import cell_started, metrics_of, ordered
from bench.graph.plan import CellPlan, Plan
from bench.storage.store import Manifest, Store


def finished(plan: Plan, store: Store) -> list[CellPlan]:
    """Cells whose scores are in the store, in the order of a run."""
    return [cell for cell in ordered(plan.cells) if store.readable(cell.address)]


def replay(plan: Plan, store: Store, emit: Emit) -> None:
    """Tells of every finished cell, with the times at which it was computed."""
    for cell in finished(plan, store):
        row = row_of(cell, plan, store)
        begin, end = _cell_span(cell, row, store)
        emit(cell_started(cell, begin))
        emit(CellFinished(cell.cell.label, cell.address, metrics_of(row), row, at=end))


def span(plan: Plan, store: Store) -> tuple[float, float]:
    """When the first finished cell began and the last one ended, in seconds since the epoch."""
    cells = finished(plan, store)
    begins, ends = zip(*(_cell_span(c, row_of(c, plan, store), store) for c in cells), strict=True)
    return min(begins), max(ends)


def _cell_span(cell: CellPlan, row: Mapping[str, object], store: Store) -> tuple[float, float]:
    end = created(store.manifest(cell.address))
    return end - own_seconds(cell, row), end


def hits(cell: CellPlan, store: Store, series: str) -> Iterator[StageFinished]:
    """The events of what is in the store of a cell that belongs to a trial."""
    for task in cell.tasks.values():
        if made := store.readable(task.address):
            label, took, peak = cell.cell.label, made.seconds, made.peak_memory
            yield StageFinished(label, task.stage, task.address, took, peak, True, series=series)


def created(manifest: Manifest) -> float:
    """When an artifact was made, in seconds since the epoch."""
    return datetime.fromisoformat(manifest.created).timestamp()
