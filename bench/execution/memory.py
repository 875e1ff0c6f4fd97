"""What each stage takes at its peak on the device and on the host, from shapes alone.

Device memory is that of tensors (bench.models.footprint); what a driver, an allocator's gaps and
the scratch space of kernels add is not in it. Host memory leaves out the process itself and what is
mapped from files, which the system takes back when it needs it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.artifacts.labels import SoftLabels
from bench.artifacts.values import ClassFeatures, Observation, RealSet, Teacher
from bench.data.streaming import HELD
from bench.graph.plan import CellPlan
from bench.graph.request import Request
from bench.models.footprint import Network, forward, inverted, trained
from bench.models.outline import feature_dims
from bench.stages.barycenter import BarycenterRequest
from bench.stages.distil import DistilledRequest
from bench.stages.evaluate import ScoreRequest
from bench.stages.observe import ObservationRequest
from bench.stages.recover import MatchingDistiller
from bench.stages.relabel import FORWARD_IMAGES, SoftLabelsRequest
from bench.stages.squeeze import TeacherRequest

DRAW = 41  # bytes of order, crop, flip and mix of one augmented image
TEST = 250  # images of a batch of the test pass
ONLINE = "choose the evaluator 'online-kd', which stores no labels"
CODED = 3  # copies of a synthetic set that storing it holds: as made, in order, as decoded


@dataclass(frozen=True)
class Need:
    """Bytes at the peak of a stage, on the device that computes and on its host."""

    device: float
    host: float


@dataclass(frozen=True)
class Sizes:
    """All that memory depends on.

    Attributes:
        teacher, student: networks with the shape of their input.
        fast: bfloat16 where convolutions gain from it.
        real, images: training images, and synthetic ones.
        classes, pixels: of the data set, and values of one image.
        dims: length of all observed features of an image; `layer` of the chosen layer's alone.
        atoms: barycenter points of a class.
        squeeze, observe, recover, relabel: images of a batch of each stage.
        epochs: of the student.
        moments: values that the student's optimiser keeps per weight.
        needs: kinds that the distiller and the evaluator read.
        optimised: whether the synthetic images are.
    """

    teacher: Network
    student: Network
    fast: bool
    real: int
    images: int
    classes: int
    pixels: int
    dims: int
    layer: int
    atoms: int
    squeeze: int
    observe: int
    recover: int
    relabel: int
    epochs: int
    moments: int
    needs: frozenset[type]
    optimised: bool


def squeezing(s: Sizes) -> Need:
    """Weights, gradients, momentum and activations; a batch as stored, normalised and cropped."""
    inputs = s.squeeze * s.pixels * (1 + 4)
    return Need(trained(s.teacher, s.squeeze, s.fast, 1) + inputs, inputs)


def observing(s: Sizes) -> Need:
    """A pass over one batch, a block of features on the device, all of them twice on the host."""
    held = min(HELD, 4 * s.real * s.dims)
    inputs = s.observe * s.pixels * (1 + 4)
    return Need(forward(s.teacher, s.observe, s.fast, True) + inputs + held, 8.0 * s.real * s.dims)


def solving(s: Sizes) -> Need:
    """On the host alone: all features, and one class of them in float64 with its distances."""
    per_class = s.real / max(1, s.classes)
    return Need(0, 4.0 * s.real * s.layer + 8 * per_class * (2 * s.layer + 3 * s.atoms))


def recovering(s: Sizes) -> Need:
    """A step on one batch of images with what it is compared to; a set that is stored at the end.

    A selection holds its images on the host and, where it asks the teacher, a pass over a batch.
    """
    stored = float(CODED * s.images * s.pixels)
    compared = 4.0 * s.real * s.layer if ClassFeatures in s.needs else 0.0
    compared += 4.0 * s.real * s.dims if Observation in s.needs else 0.0
    if s.optimised:
        batch = min(s.recover, s.images)
        return Need(inverted(s.teacher, batch, s.fast) + compared, stored)
    passes = forward(s.teacher, FORWARD_IMAGES, s.fast) if Teacher in s.needs else 0
    return Need(passes + compared, stored)


def relabelling(s: Sizes) -> Need:
    """The set as stored with all draws, and a pass over some batches; every label on the host."""
    batch = min(s.relabel, s.images)
    together = min(s.images * s.epochs, batch * max(1, FORWARD_IMAGES // s.relabel))
    device = forward(s.teacher, together, s.fast) + 4 * together * s.pixels + _replayed(s)
    return Need(device, 2.0 * s.epochs * s.images * s.classes + DRAW * s.epochs * s.images)


def evaluating(s: Sizes) -> Need:
    """A training step of the student on batches that are replayed, with labels of two epochs."""
    batch = min(s.relabel, s.images)
    step = trained(s.student, batch, s.fast, s.moments)
    test = forward(s.student, TEST, s.fast) + TEST * s.pixels
    two_epochs = 4.0 * s.images * s.classes if SoftLabels in s.needs else 0.0
    guide = forward(s.teacher, batch, s.fast) if Teacher in s.needs else 0
    device = max(step + 4 * batch * s.pixels + guide, test) + _replayed(s) + two_epochs
    return Need(device, two_epochs + DRAW * s.epochs * s.images + s.images * s.pixels)


def _replayed(s: Sizes) -> float:
    return float(s.images * s.pixels + DRAW * s.epochs * s.images)


KNOWN: Mapping[type[Request[Any]], tuple[Callable[[Sizes], Need], str]] = {
    TeacherRequest: (squeezing, "lower squeeze.batch"),
    ObservationRequest: (observing, "lower observe.batch, or observe fewer layers"),
    BarycenterRequest: (solving, "lower ipc, or choose a distiller without barycenters"),
    DistilledRequest: (recovering, "lower recover.batch or ipc"),
    SoftLabelsRequest: (relabelling, f"lower ipc, or {ONLINE}"),
    ScoreRequest: (evaluating, "lower relabel.batch or ipc"),
}


def needs_of(cell: CellPlan) -> dict[str, Need]:
    """The needs of every artifact of a cell, by its name in the cell."""
    sizes = sizes_of(cell)
    return {
        name: KNOWN[type(task.request)][0](sizes)
        for name, task in cell.tasks.items()
        if type(task.request) in KNOWN
    }


def way_out(cell: CellPlan, name: str) -> str:
    """What makes an artifact of a cell need less."""
    return KNOWN[type(cell.tasks[name].request)][1]


def explained(cell: CellPlan, stage: str, error: BaseException) -> str:
    """What a stage that ran out of memory needed, and what would need less, in one line."""
    need, said = needs_of(cell).get(stage), str(error).strip().splitlines() or ["no more memory"]
    about = f", which needs about {_size(need.device + need.host)}" if need else ""
    known = stage in cell.tasks and type(cell.tasks[stage].request) in KNOWN
    way = way_out(cell, stage) if known else "lower ipc"
    return f"out of memory in {stage}{about}: {way}, or take fewer workers ({said[0]})"


def _size(count: float) -> str:
    return f"{count / 1e9:.2g} GB"


def sizes_of(cell: CellPlan) -> Sizes:
    """The shapes of a planned cell."""
    spec, recipe, distiller = cell.source.spec, cell.recipe, cell.distiller
    shape = (spec.num_classes, spec.channels, spec.resolution, spec.stem)
    observed = recipe.observe.layers if cell.first(Observation) else ()
    dims = {layer: feature_dims(recipe.squeeze.arch, spec, layer) for layer in observed}
    return Sizes(
        teacher=(recipe.squeeze.arch, *shape),
        student=(recipe.student.arch, *shape),
        fast=recipe.precision == "bf16",
        real=cell.source.train_count,
        images=cell.cell.ipc * spec.num_classes if cell.budgeted else cell.source.train_count,
        classes=spec.num_classes,
        pixels=spec.channels * spec.resolution**2,
        dims=sum(dims.values()),
        layer=dims.get(getattr(distiller, "layer", ""), 0),
        atoms=cell.cell.ipc,
        squeeze=recipe.squeeze.batch,
        observe=recipe.observe.batch,
        recover=getattr(getattr(distiller, "recover", recipe.recover), "batch", 1),
        relabel=recipe.relabel.batch,
        epochs=recipe.relabel.epochs,
        moments=1 if recipe.student.optimizer == "sgd" else 2,
        needs=frozenset(map(_made, (*distiller.needs, *cell.evaluator.needs))) - {RealSet},
        optimised=isinstance(distiller, MatchingDistiller),
    )


def _made(need: Any) -> type:
    """The class of artifacts that a need is for."""
    return need if isinstance(need, type) else need.made
