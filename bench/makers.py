"""Each stage as a function of a cell's plan and of the workshop that has its inputs."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bench.artifacts import (
    Barycenter,
    ClassFeatures,
    ClassMeans,
    ClassStats,
    GlobalStats,
    Observation,
    RealSet,
    SyntheticSet,
    Teacher,
)
from bench.contracts import Budget
from bench.errors import BadValue
from bench.labels import Score, SoftLabels
from bench.models.flops import flops_of
from bench.plan import CellPlan
from bench.seeds import generator_for
from bench.stages.barycenter import barycenters
from bench.stages.observe import class_features, class_means, class_stats, observe
from bench.stages.relabel import relabel
from bench.stages.squeeze import squeeze
from bench.stages.teacher import running_stats
from bench.views import Reference

if TYPE_CHECKING:
    from bench.making import Workshop


def _squeeze(shop: "Workshop", plan: CellPlan) -> Teacher:
    real, test = shop.split(plan, "train"), shop.split(plan, "test")
    fast = plan.recipe.precision == "bf16"
    return squeeze(real, test, plan.recipe.squeeze, shop.device, fast, shop.emit)


def _observe(shop: "Workshop", plan: CellPlan) -> Observation:
    teacher = shop.artifact(plan, "squeeze", Teacher)
    fast = plan.recipe.precision == "bf16"
    real = shop.split(plan, "train")
    return observe(real, teacher, plan.recipe.observe, shop.device, fast, shop.emit)


def _barycenter(shop: "Workshop", plan: CellPlan) -> Barycenter:
    seen = shop._ensure(plan, plan.tasks["observe"], Observation)
    request = plan.distiller.request
    features = class_features(seen, request.layer)
    seed = plan.recipe.squeeze.seed
    return barycenters(features, plan.cell.ipc, request.solve, seed, shop.emit)


def _recover(shop: "Workshop", plan: CellPlan) -> SyntheticSet:
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


def reference_for(shop: "Workshop", plan: CellPlan) -> Reference:
    """The artifacts that the cell's distiller declared, on the device of the run.

    Raises:
        BadValue: it needs a type that is no artifact.
    """
    needs, request = set(plan.distiller.needs), plan.distiller.request

    def teacher() -> Teacher:
        return shop.artifact(plan, "squeeze", Teacher)

    def seen() -> Observation:
        return shop.artifact(plan, "observe", Observation)

    makers: Mapping[type, Callable[[], object]] = {
        Teacher: teacher,
        GlobalStats: lambda: running_stats(teacher()),
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


def _relabel(shop: "Workshop", plan: CellPlan) -> SoftLabels:
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


def _evaluate(shop: "Workshop", plan: CellPlan) -> Score:
    return evaluated(shop, plan, shop.split(plan, "test"))


def evaluated(shop: "Workshop", plan: CellPlan, test: RealSet) -> Score:
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


MAKERS: Mapping[str, Callable[["Workshop", CellPlan], object]] = {
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
