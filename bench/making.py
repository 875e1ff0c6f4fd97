"""Making artifacts: what is missing is made, what is there is loaded, what is common once."""

from collections import OrderedDict
from pathlib import Path
from typing import TypeVar

import torch

from bench.artifacts import RealSet
from bench.data.load import load
from bench.data.spec import Split
from bench.errors import CellFailed
from bench.events import Emit, Note, StageFinished, StageStarted
from bench.labels import Score
from bench.makers import MAKERS, batch_flops
from bench.plan import CellPlan, Task
from bench.stages.compute import fitting_threads
from bench.stages.placement import to_device
from bench.stages.progress import kept_in
from bench.store import ArtifactSpec, Store

A = TypeVar("A")
KEPT = 6  # artifacts kept in memory between cells: teacher, observation, barycenter, two splits


class Workshop:
    """Makes what is not in the store yet, loading inputs only when something must be made."""

    def __init__(self, store: Store, data_root: Path, device: torch.device, emit: Emit) -> None:
        self.store, self.data_root, self.device, self.emit = store, data_root, device, emit
        self._memory: OrderedDict[str, object] = OrderedDict()

    def finish(self, plan: CellPlan) -> Score:
        """Makes every artifact of a cell that is missing and returns its score."""
        return self._ensure(plan, plan.tasks["evaluate"], Score)

    def _ensure(self, plan: CellPlan, task: Task, kind: type[A]) -> A:
        if task.address in self._memory:
            return self._remembered(task.address, kind)
        spec = ArtifactSpec(
            address=task.address,
            stage=task.stage,
            kind=task.kind,
            config=task.config,
            upstream=task.upstream,
            seed=task.seed,
            label=task.label,
        )
        label = plan.cell.label
        if not self.store.has(task.address):
            for stage in task.upstream:  # waiting for, and failing in, inputs comes first
                self._ensure(plan, plan.tasks[stage], object)

        def make() -> object:
            self.emit(StageStarted(label, task.stage, task.address))
            reset_peak(self.device)
            with fitting_threads(batch_flops(plan)), kept_in(self.store.progress(task.address)):
                return MAKERS[task.stage](self, plan)

        made = self.store.get_or_make(spec, make, lambda text: self.emit(Note(text)))
        took, memory = made.seconds, made.manifest.peak_memory
        self.emit(
            StageFinished(label, task.stage, task.address, took, memory, made.hit, made.artifact)
        )
        return self._remember(task.address, made.artifact, kind)

    def _remember(self, address: str, artifact: object, kind: type[A]) -> A:
        self._memory[address] = artifact
        while len(self._memory) > KEPT:
            self._memory.popitem(last=False)
        return self._remembered(address, kind)

    def _remembered(self, address: str, kind: type[A]) -> A:
        self._memory.move_to_end(address)
        found = self._memory[address]
        assert isinstance(found, kind)
        return found

    def artifact(self, plan: CellPlan, stage: str, kind: type[A]) -> A:
        """An input of a stage, on the device of the run."""
        return to_device(self._ensure(plan, plan.tasks[stage], kind), self.device)

    def split(self, plan: CellPlan, name: Split) -> RealSet:
        """A split of the cell's data set, decoded once and memory-mapped."""
        source = plan.source
        key = source.train if name == "train" else source.test
        if key not in self._memory:
            found = load(source.spec, name, self.data_root)
            if found.digest != key:
                raise CellFailed(
                    f"data set {source.spec.name}: expected digest {key[:12]} ({name}), "
                    f"found {found.digest[:12]}; it changed since the plan was made, run again"
                )
            self._remember(key, found, RealSet)
        return self._remembered(key, RealSet)


def reset_peak(device: torch.device) -> None:
    """Lets a GPU's peak memory be counted from here on."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
