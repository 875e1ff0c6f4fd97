"""Making artifacts: what is missing is made, what is there is loaded, what is common once."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeVar, cast

import torch

from bench.artifacts.labels import Score
from bench.artifacts.values import RealSet
from bench.artifacts.views import Reference
from bench.core.errors import CellFailed
from bench.core.events import Emit, Note, StageFinished, StageStarted
from bench.data.load import load
from bench.data.spec import Split
from bench.execution.shelf import Shelf
from bench.graph.plan import CellPlan, Task
from bench.graph.request import Context, RealRequest, Run
from bench.models.flops import flops_of
from bench.stages.compute import fitting_threads, make_current
from bench.stages.placement import to_device
from bench.stages.progress import kept_in
from bench.storage.store import ArtifactSpec, Store

A = TypeVar("A")


class Workshop:
    """Makes what is not in the store yet, loading inputs only when something must be made."""

    def __init__(self, store: Store, data_root: Path, device: torch.device, emit: Emit) -> None:
        self.store, self.data_root, self.device, self.emit = store, data_root, device, emit
        make_current(device)
        self._memory = Shelf()

    def finish(self, plan: CellPlan) -> Score:
        """Makes every artifact of a cell that is missing and returns its score."""
        return cast(Score, self._ensure(plan.root, plan.at))

    def artifact(self, plan: CellPlan, task: Task, kind: type[A]) -> A:
        """An artifact of a cell, on the device of the run."""
        found = self._placed(task, plan.at)
        assert isinstance(found, kind)
        return found

    def made_again(self, plan: CellPlan, test: RealSet | None = None) -> Score:
        """The score of a cell computed anew from stored inputs, on a test split if one is given."""
        at, task = plan.at, plan.root
        given = {"test": test} if test is not None else {}
        with fitting_threads(batch_flops(at)):
            made = task.request.make(self._inputs(task, at), at, self._run(at, given))
        return cast(Score, made)

    def _ensure(self, task: Task, at: Context) -> object:
        """An artifact where it lies: in memory, in the store, or made now."""
        if task.address in self._memory:
            return self._remembered(task.address)
        if not task.request.stored:
            return self._remember(task.address, self._make(task, at))
        spec = ArtifactSpec(
            address=task.address,
            stage=task.stage,
            kind=task.kind,
            config=task.config,
            upstream=task.upstream,
            seed=task.seed,
            label=task.label,
        )
        missing = not self.store.has(task.address)
        if missing:
            self._ensure_inputs(task, at)  # waiting for, and failing in, inputs comes first

        def make() -> object:
            self.emit(StageStarted(at.label, task.stage, task.address))
            reset_peak(self.device)
            with kept_in(self.store.progress(task.address)):
                return self._make(task, at)

        # around the store, which writes down how many there were
        with fitting_threads(batch_flops(at)) if missing else nullcontext():
            made = self.store.get_or_make(spec, make, lambda text: self.emit(Note(text)))
        took, memory = made.seconds, made.manifest.peak_memory
        artifact, address = made.artifact, task.address
        self.emit(StageFinished(at.label, task.stage, address, took, memory, made.hit, artifact))
        return self._remember(address, artifact)

    def _ensure_inputs(self, task: Task, at: Context) -> None:
        for need in task.above:
            if need.request.stored:
                self._ensure(need, at)
            else:
                self._ensure_inputs(need, at)

    def _make(self, task: Task, at: Context) -> object:
        return task.request.make(self._inputs(task, at), at, self._run(at))

    def _inputs(self, task: Task, at: Context) -> Reference:
        found = self._placed if task.request.placed else self._ensure
        return Reference({need.request: found(need, at) for need in task.above})

    def _placed(self, task: Task, at: Context) -> object:
        """An artifact on the device of the run; real images stay where they are."""
        found = self._ensure(task, at)
        return found if isinstance(task.request, RealRequest) else to_device(found, self.device)

    def _run(self, at: Context, given: dict[Any, RealSet] | None = None) -> Run:
        def split(name: Split) -> RealSet:
            return (given or {}).get(name) or self.split(at, name)

        return Run(self.device, self.emit, split)

    def split(self, at: Context, name: Split) -> RealSet:
        """A split of the cell's data set, decoded once and memory-mapped."""
        key, spec = at.source.digest(name), at.source.spec
        if key not in self._memory:
            found = load(spec, name, self.data_root)
            if found.digest != key:
                raise CellFailed(
                    f"data set {spec.name}: expected digest {key[:12]} ({name}), "
                    f"found {found.digest[:12]}; it changed since the plan was made, run again"
                )
            self._remember(key, found)
        return cast(RealSet, self._remembered(key))

    def _remember(self, address: str, artifact: object) -> object:
        self._memory.put(address, artifact)
        return artifact

    def _remembered(self, address: str) -> object:
        return self._memory.get(address, object)


def batch_flops(at: Context) -> float:
    """Operations of the recipe's teacher on one batch of synthetic images."""
    spec, recipe = at.source.spec, at.recipe
    per_image = flops_of(
        recipe.squeeze.arch, spec.num_classes, spec.channels, spec.resolution, spec.stem
    )
    return per_image * recipe.recover.batch


def reset_peak(device: torch.device) -> None:
    """Lets a GPU's peak memory be counted from here on."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
