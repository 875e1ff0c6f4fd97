"""What a trial cost: of its own, with the stages it shares, and what the store spared it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.events import Emit, Event, StageFinished, Step
from bench.plan import CellPlan
from bench.store import Store

OWN = ("recover", "relabel", "evaluate")  # stages that belong to one cell


@dataclass
class Meter:
    """Passes events on and counts what was computed.

    Attributes:
        prefix: set before each cell, so that curves of several seeds stay apart.
    """

    emit: Emit
    prefix: str = ""
    made: int = 0
    seconds: float = 0.0
    _seen: set[str] = field(default_factory=set)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Step) and self.prefix:
            event = Step(f"{event.stage}/{self.prefix}", event.step, event.total, event.values)
        if isinstance(event, StageFinished) and event.address not in self._seen:
            self._seen.add(event.address)
            self.made += not event.hit
            self.seconds += 0.0 if event.hit else event.seconds
        self.emit(event)


def own_seconds(row: Mapping[str, object]) -> float:
    """Seconds of the stages that a cell shares with no other."""
    return sum(_number(row.get(f"seconds_{stage}")) for stage in OWN)


def own_bytes(row: Mapping[str, object]) -> float:
    """Bytes of images and soft labels."""
    return _number(row.get("image_bytes")) + _number(row.get("label_bytes"))


def own_memory(cell: CellPlan, store: Store) -> int:
    """Largest peak of the cell's own stages, as measured when they were computed."""
    mine = [task for stage, task in cell.tasks.items() if stage in OWN]
    return max(store.manifest(task.address).peak_memory for task in mine)


def shared_seconds(cells: Sequence[CellPlan], store: Store) -> dict[str, float]:
    """Seconds by address of the stages that other trials may use, too."""
    found = {}
    for cell in cells:
        for stage, task in cell.tasks.items():
            if stage not in OWN:
                found[task.address] = store.manifest(task.address).seconds
    return found


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
