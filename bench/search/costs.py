"""What a trial cost: of its own, with the stages it shares, and what the store spared it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench.core.events import Emit, Event, StageFinished, StageStarted, Step
from bench.execution.results import number
from bench.graph.plan import CellPlan
from bench.storage.store import Store


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
        if isinstance(event, StageStarted | StageFinished) and self.prefix:
            event = replace(event, series=self.prefix)
        if isinstance(event, StageFinished) and event.address not in self._seen:
            self._seen.add(event.address)
            self.made += not event.hit
            self.seconds += 0.0 if event.hit else event.seconds
        self.emit(event)


def own_bytes(row: Mapping[str, object]) -> float:
    """Bytes of images and soft labels."""
    return number(row.get("image_bytes")) + number(row.get("label_bytes"))


def own_memory(cell: CellPlan, store: Store) -> int:
    """Largest peak of what is the cell's own, as measured when it was computed."""
    mine = [task for task in cell.tasks.values() if task.request.own]
    known = (store.readable(task.address) for task in mine)
    return max((manifest.peak_memory for manifest in known if manifest), default=0)


def shared_seconds(cells: Sequence[CellPlan], store: Store) -> dict[str, float]:
    """Seconds by address of the artifacts that other trials may use, too."""
    found = {}
    for cell in cells:
        for task in cell.tasks.values():
            if not task.request.own and (manifest := store.readable(task.address)):
                found[task.address] = manifest.seconds
    return found
