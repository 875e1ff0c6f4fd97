"""What a plan will cost: seconds, operations and bytes of every task.

Steps are timed (calibration.py) for every network, resolution and batch that the plan uses; the
rest is counting. Constants of what is not steps are measured on one core.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from bench.execution.calibration import Meter, Shape
from bench.execution.loss_timing import Comparison, comparing_seconds
from bench.execution.solver_timing import Problem, seconds_of
from bench.graph.builder import code_of
from bench.graph.plan import CellPlan, Plan, Task
from bench.graph.request import Request
from bench.models.outline import feature_dims, outline_for
from bench.plugin.recipes import Recover
from bench.stages.barycenter import BarycenterRequest
from bench.stages.distil import DistilledRequest
from bench.stages.evaluate import ScoreRequest
from bench.stages.observe import ClassFeaturesRequest, ObservationRequest
from bench.stages.recover import MatchingDistiller
from bench.stages.relabel import SoftLabelsRequest
from bench.stages.squeeze import TeacherRequest, kept
from bench.storage.store import Store

R = TypeVar("R", bound=Request[Any])
START = 0.02  # seconds that every stage spends on loading and storing
LABEL_BYTES = 42  # order, crop, flip and mix of one augmented image, beside its logits
DRAW = 4e-6  # seconds to draw the augmentation of one image
TEST = 250  # images of a batch of the test pass


@dataclass(frozen=True)
class Cost:
    """Estimated seconds of computing, bytes of storing and operations of one artifact."""

    seconds: float
    bytes: float
    flops: float = 0.0


def estimate(plan: Plan, store: Store, device: torch.device) -> dict[str, Cost]:
    """Costs by address; what the store holds costs what it took."""
    meter = Meter(store, device)
    found: dict[str, Cost] = {}
    for cell in plan.cells:
        for task in cell.tasks.values():
            if task.address in found:
                continue
            if manifest := store.readable(task.address):
                found[task.address] = Cost(manifest.seconds, manifest.bytes)
            else:
                found[task.address] = predict(cell, task, meter)
    return found


def predict(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    """What making an artifact should cost, whether or not it is there."""
    cost = _COSTS.get(type(task.request), _said)(cell, task, meter)
    return Cost(cost.seconds + START, cost.bytes, cost.flops)


def _shape(cell: CellPlan, kind: str, arch: str, batch: int) -> Shape:
    spec, recipe = cell.source.spec, cell.recipe
    teacher, fast = recipe.squeeze.arch, recipe.precision == "bf16"
    network = (arch, spec.channels, spec.resolution, spec.num_classes, spec.stem)
    return Shape(kind, *network, batch, fast, teacher, recipe.recover.batch)


def _pixels(cell: CellPlan) -> int:
    spec = cell.source.spec
    return spec.channels * spec.resolution**2


def _images(cell: CellPlan) -> int:
    """Synthetic images of a cell; all real ones where the distiller ignores the budget."""
    spec = cell.source.spec
    return cell.cell.ipc * spec.num_classes if cell.budgeted else cell.source.train_count


def _squeeze(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    config, count = _asked(task, TeacherRequest).how or cell.recipe.squeeze, cell.source.train_count
    shape = _shape(cell, "train", config.arch, config.batch)
    steps = config.epochs * -(-kept(count, config.batch) // config.batch)
    flops = 3 * meter.flops(shape, config.arch) * config.epochs * count
    seconds = steps * meter.seconds(shape) + config.epochs * count * DRAW
    return Cost(seconds, _model_bytes(cell, config.arch), flops)


def _asked(task: Task, kind: type[R]) -> R:
    """The request of a task, known to be of a kind."""
    assert isinstance(task.request, kind)
    return task.request


def _arch(cell: CellPlan, teacher: Request[Any]) -> str:
    """The architecture of a teacher; the recipe's where a plugin's kind does not say its own."""
    return str(getattr(teacher, "arch", None) or cell.recipe.squeeze.arch)


def _model_bytes(cell: CellPlan, arch: str) -> float:
    model = outline_for(arch, cell.source.spec)
    return 4.0 * sum(p.numel() for p in model.parameters())


def _observe(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    batch, count = cell.recipe.observe.batch, cell.source.train_count
    arch = _arch(cell, _asked(task, ObservationRequest).of)
    shape = _shape(cell, "forward", arch, batch)
    dims = sum(_dims(cell, layer, arch) for layer in cell.recipe.observe.layers)
    size = 4.0 * count * dims
    flops = meter.flops(shape, shape.arch) * count
    return Cost(1.5 * meter.seconds(shape) * count / batch, size, flops)


def _barycenter(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    request, classes = _asked(task, BarycenterRequest), cell.source.spec.num_classes
    of = request.of
    teacher = of.of.of if isinstance(of, ClassFeaturesRequest) else TeacherRequest()
    layer = of.layer if isinstance(of, ClassFeaturesRequest) else "penultimate"
    atoms, dims = request.ipc or cell.cell.ipc, _dims(cell, layer, _arch(cell, teacher))
    images = max(atoms, cell.source.train_count // classes)
    at_once = min(classes, os.cpu_count() or 1)
    seconds = seconds_of(Problem(request.solve, images, dims, atoms, at_once), meter.store)
    return Cost(classes / at_once * seconds, 4.0 * classes * atoms * dims)


def _dims(cell: CellPlan, layer: str, arch: str) -> int:
    return feature_dims(arch, cell.source.spec, layer)


def _recover(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    images = _images(cell)
    size, steps = images * _pixels(cell), _asked(task, DistilledRequest).steps(cell.at)
    recover = getattr(cell.distiller, "recover", None)
    if steps is None or not isinstance(recover, Recover):
        return Cost(0.01 + images * 5e-5, size)
    batches = max(1, steps // recover.iterations)
    shape = _shape(cell, "recover", cell.recipe.squeeze.arch, -(-images // batches))
    flops = 3 * meter.flops(shape, shape.arch) * images * recover.iterations
    return Cost(steps * (meter.seconds(shape) + _loss(cell, shape, meter)), size, flops)


def _loss(cell: CellPlan, shape: Shape, meter: Meter) -> float:
    """Seconds of the feature loss in one step, where they count."""
    method = cell.distiller
    if not isinstance(method, MatchingDistiller):
        return 0.0
    comparison = Comparison(
        loss=method.feature_loss,
        shape=shape,
        per_class=cell.cell.ipc if method.grouping == "class-major" else 1,
        real=max(1, cell.source.train_count // shape.num_classes),
        dims=_dims(cell, method.layer, cell.recipe.squeeze.arch),
        draws=method.draws,
        code=code_of(cell.synthetic.request.code()),
    )
    return comparing_seconds(comparison, meter)


def _relabel(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    config, images = cell.recipe.relabel, _images(cell)
    batch = min(config.batch, images)
    teachers = [_arch(cell, teacher) for teacher in _asked(task, SoftLabelsRequest).teachers]
    shapes = [_shape(cell, "relabel", arch, batch) for arch in teachers]
    steps, seen = config.epochs * -(-images // batch), config.epochs * images
    size = seen * (2 * cell.source.spec.num_classes + LABEL_BYTES)
    flops = sum(meter.flops(shape, shape.arch) for shape in shapes) * seen
    seconds = steps * sum(meter.seconds(shape) for shape in shapes)
    return Cost(seconds + seen * DRAW, size, flops)


def _evaluate(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    config, images = cell.recipe.relabel, _images(cell)
    batch, arch, test = min(config.batch, images), cell.recipe.student.arch, cell.source.test_count
    shape = _shape(cell, "train", arch, batch)
    steps = config.epochs * -(-images // batch)
    judged = meter.seconds(_shape(cell, "forward", arch, TEST)) * test / TEST
    flops = meter.flops(shape, arch) * (3 * config.epochs * images + test)
    return Cost(steps * meter.seconds(shape) + judged, test, flops)


def _said(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    """What a plugin's kind says of its work, in passes of networks over images."""
    seconds = flops = 0.0
    work = task.request.work(cell.at)
    for passes in work.passes:
        shape = _shape(cell, passes.kind, passes.arch, passes.batch)
        seconds += passes.steps * meter.seconds(shape)
        factor = 1 if passes.kind == "forward" else 3
        flops += factor * meter.flops(shape, passes.arch) * passes.batch * passes.steps
    return Cost(seconds + work.seconds, work.bytes, flops)


_COSTS: Mapping[type[Request[Any]], Callable[[CellPlan, Task, Meter], Cost]] = {
    TeacherRequest: _squeeze,
    ObservationRequest: _observe,
    BarycenterRequest: _barycenter,
    DistilledRequest: _recover,
    SoftLabelsRequest: _relabel,
    ScoreRequest: _evaluate,
}
