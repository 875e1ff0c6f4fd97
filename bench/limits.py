"""What a plan refuses before anything is computed, because no amount of computing could meet it."""

from typing import TYPE_CHECKING

from bench.artifacts import (
    Barycenter,
    ClassFeatures,
    ClassMeans,
    ClassStats,
    GlobalStats,
    RealSet,
)
from bench.errors import BadValue, BenchError, UnknownName
from bench.models.layers import resolve_layer
from bench.models.outline import outline_for
from bench.models.taps import has_batchnorm
from bench.plugins import get, names

if TYPE_CHECKING:
    from bench.plan import CellPlan

STATISTICS = {GlobalStats, ClassStats}
FEATURES = {Barycenter, ClassFeatures, ClassMeans}  # made of what was observed at one layer
SELECTED = {RealSet, Barycenter}  # made of an image's own class: no class gives more than it has


def refuse_impossible(plan: "CellPlan") -> None:
    """Checks one cell against its data set and its teacher.

    Raises:
        BadValue: IPC above the size of a class or below what the evaluator can divide, BatchNorm
            statistics of a network without, or features of a layer that is not observed.
        UnknownName: a layer that the teacher does not have.
    """
    needs = set(plan.distiller.needs)
    _refuse_too_few_images(plan)
    _refuse_too_many_images(plan, needs)
    if needs & STATISTICS:
        _refuse_missing_batchnorm(plan)
    if plan.tasks["recover"].upstream:
        _refuse_missing_layers(plan)
    if needs & FEATURES:
        _refuse_unobserved_layer(plan)


def _refuse_too_few_images(plan: "CellPlan") -> None:
    least, ipc = getattr(plan.evaluator, "least_ipc", 1), plan.cell.ipc
    if "ipc" in plan.tasks["recover"].config and ipc < least:
        raise BadValue(
            f"ipc: expected at least {least} for the evaluator {plan.cell.evaluator!r}, given "
            f"{ipc} for row {plan.cell.row.label!r}; raise ipc or choose another evaluator"
        )


def _refuse_too_many_images(plan: "CellPlan", needs: set[type]) -> None:
    source, ipc = plan.source, plan.cell.ipc
    budgeted = "ipc" in plan.tasks["recover"].config
    each = getattr(plan.distiller, "images_each", lambda side: 1)(source.spec.resolution)
    most = source.smallest // each
    if budgeted and needs & SELECTED and source.smallest and most < ipc:
        owner = f"class {source.smallest_class!r} of {source.spec.name}"
        reason = f"the size of {owner}"
        if each > 1:
            reason = f"since each takes {each} of the {source.smallest} images of {owner}"
        raise BadValue(
            f"ipc: expected at most {most}, {reason}, given {ipc} for row "
            f"{plan.cell.row.label!r}; lower ipc or give the class more images"
        )


def _refuse_missing_batchnorm(plan: "CellPlan") -> None:
    arch = plan.recipe.squeeze.arch
    if not has_batchnorm(outline_for(arch, plan.source.spec)):
        raise BadValue(
            f"row {plan.cell.row.label!r}: {plan.cell.row.distiller!r} matches BatchNorm "
            f"statistics, but the teacher {arch!r} has no BatchNorm layers; choose a teacher with "
            f"BatchNorm, or a distiller that needs none: {', '.join(free_of_batchnorm())}"
        )


def _refuse_missing_layers(plan: "CellPlan") -> None:
    arch = plan.recipe.squeeze.arch
    model = outline_for(arch, plan.source.spec)
    observed = plan.recipe.observe.layers if "observe" in plan.tasks else ()
    for layer in dict.fromkeys((plan.distiller.request.layer, *observed)):
        try:
            resolve_layer(model, layer)
        except UnknownName as error:
            raise UnknownName(f"row {plan.cell.row.label!r}, teacher {arch!r}: {error}") from error


def _refuse_unobserved_layer(plan: "CellPlan") -> None:
    layer, observed = plan.distiller.request.layer, plan.recipe.observe.layers
    if layer not in observed:
        raise BadValue(
            f"row {plan.cell.row.label!r}: layer: expected one of those that are observed "
            f"({', '.join(observed)}), given {layer!r}; "
            f"add --set observe.layers={','.join((*observed, layer))}"
        )


def free_of_batchnorm() -> list[str]:
    """Names of the distillers that ask for no BatchNorm statistics; broken plugins are left out."""
    found = []
    for name in names("distiller"):
        try:
            needs = get("distiller", name).factory().needs
        except (BenchError, TypeError):  # broken, or a factory that requires values
            continue
        if not set(needs) & STATISTICS:
            found.append(name)
    return found
