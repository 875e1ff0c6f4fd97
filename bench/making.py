"""Making artifacts: each stage as a function of a cell's plan and the store."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch

from bench.artifacts import (
    Barycenter,
    ClassFeatures,
    ClassMeans,
    ClassStats,
    GlobalStats,
    Observation,
    RealSet,
    Reference,
    Score,
    SoftLabels,
    SyntheticSet,
    Teacher,
)
from bench.contracts import Budget
from bench.data.load import load
from bench.data.spec import Split
from bench.errors import BadValue, CellFailed
from bench.events import Emit, Note, StageFinished, StageStarted
from bench.models.flops import flops_of
from bench.plan import CellPlan, Task
from bench.seeds import generator_for
from bench.stages.barycenter import barycenters
from bench.stages.compute import fitting_threads
from bench.stages.observe import class_features, class_means, class_stats, observe
from bench.stages.placement import to_device
from bench.stages.progress import kept_in
from bench.stages.relabel import relabel
from bench.stages.squeeze import squeeze
from bench.stages.teacher import running_stats
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
                return _MAKERS[task.stage](self, plan)

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


def _squeeze(shop: Workshop, plan: CellPlan) -> Teacher:
    real, test = shop.split(plan, "train"), shop.split(plan, "test")
    fast = plan.recipe.precision == "bf16"
    return squeeze(real, test, plan.recipe.squeeze, shop.device, fast, shop.emit)


def _observe(shop: Workshop, plan: CellPlan) -> Observation:
    teacher = shop.artifact(plan, "squeeze", Teacher)
    fast = plan.recipe.precision == "bf16"
    real = shop.split(plan, "train")
    return observe(real, teacher, plan.recipe.observe, shop.device, fast, shop.emit)


def _barycenter(shop: Workshop, plan: CellPlan) -> Barycenter:
    seen = shop._ensure(plan, plan.tasks["observe"], Observation)
    request = plan.distiller.request
    features = class_features(seen, request.layer)
    seed = plan.recipe.squeeze.seed
    return barycenters(features, plan.cell.ipc, request.solve, seed, shop.emit)


def _recover(shop: Workshop, plan: CellPlan) -> SyntheticSet:
    spec = plan.source.spec
    budget = Budget(
        ipc=plan.cell.ipc,
        num_classes=spec.num_classes,
        shape=(spec.channels, spec.resolution, spec.resolution),
        mean=spec.mean,
        std=spec.std,
        fast=plan.recipe.precision == "bf16",
    )
    rng = generator_for(plan.cell.seed, "recover")
    return plan.distiller.distill(reference_for(shop, plan), budget, rng, shop.emit)


def reference_for(shop: Workshop, plan: CellPlan) -> Reference:
    """The artifacts that the cell's distiller declared, on the device of the run.

    Raises:
        BadValue: it needs a type that is no artifact.
    """
    needs, request = set(plan.distiller.needs), plan.distiller.request
    teacher = shop.artifact(plan, "squeeze", Teacher) if "squeeze" in plan.tasks else None

    def seen() -> Observation:
        return shop.artifact(plan, "observe", Observation)

    makers: Mapping[type, Callable[[], object]] = {
        Teacher: lambda: teacher,
        GlobalStats: lambda: running_stats(teacher) if teacher else None,
        Observation: seen,
        ClassStats: lambda: class_stats(seen(), request.variance),
        ClassFeatures: lambda: class_features(seen(), request.layer),
        ClassMeans: lambda: class_means(seen(), request.layer),
        Barycenter: lambda: shop.artifact(plan, "barycenter", Barycenter),
        RealSet: lambda: shop.split(plan, "train"),
    }
    unknown = sorted(kind.__name__ for kind in needs if kind not in makers)
    if unknown:
        known = ", ".join(sorted(kind.__name__ for kind in makers))
        raise BadValue(
            f"distiller {plan.cell.row.distiller!r}: expected `needs` among {known}, "
            f"given {unknown}"
        )
    return Reference({kind: makers[kind]() for kind in needs})


def _relabel(shop: Workshop, plan: CellPlan) -> SoftLabels:
    spec, recipe = plan.source.spec, plan.recipe
    return relabel(
        shop.artifact(plan, "recover", SyntheticSet),
        shop.artifact(plan, "squeeze", Teacher),
        recipe.relabel,
        spec.mean,
        spec.std,
        plan.cell.student_seed,
        recipe.precision == "bf16",
        shop.emit,
    )


def _evaluate(shop: Workshop, plan: CellPlan) -> Score:
    return evaluated(shop, plan, shop.split(plan, "test"))


def evaluated(shop: Workshop, plan: CellPlan, test: RealSet) -> Score:
    """The score of a cell on a test split, its inputs taken from the store."""
    kinds: Mapping[type, str] = {Teacher: "squeeze", SoftLabels: "relabel"}
    found: dict[type, object] = {
        kind: shop.artifact(plan, kinds[kind], kind)
        for kind in plan.evaluator.needs
        if kind in kinds
    }
    return plan.evaluator.evaluate(
        shop.artifact(plan, "recover", SyntheticSet),
        Reference(found),
        test,
        plan.recipe,
        plan.cell.student_seed,
        shop.emit,
    )


_MAKERS: Mapping[str, Callable[[Workshop, CellPlan], object]] = {
    "squeeze": _squeeze,
    "observe": _observe,
    "barycenter": _barycenter,
    "recover": _recover,
    "relabel": _relabel,
    "evaluate": _evaluate,
}


def batch_flops(plan: CellPlan) -> float:
    """Operations of the teacher's forward pass over one batch of synthetic images."""
    spec, recipe = plan.source.spec, plan.recipe
    per_image = flops_of(
        recipe.squeeze.arch, spec.num_classes, spec.channels, spec.resolution, spec.stem
    )
    return per_image * recipe.recover.batch


def reset_peak(device: torch.device) -> None:
    """Lets a GPU's peak memory be counted from here on."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
