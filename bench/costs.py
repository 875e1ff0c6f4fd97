"""What a plan will cost: seconds and bytes of every task, from a short calibration on this machine.

A few real steps of each kind (training, forward, recover) are timed for every network, resolution
and batch that the plan uses; the rest is counting. Timings are kept in the store per device.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy

from bench.contracts import Distiller
from bench.models.build import build_model
from bench.models.taps import Tapped
from bench.plan import CellPlan, Plan, Task
from bench.stages.compute import autocast, placed
from bench.store import Store

CALIBRATION = "calibration"
BIGGEST = 2e11  # FLOP of one timed step; larger batches are timed smaller and scaled
REPEATS = 3
START = 0.02  # seconds that every stage spends on loading and storing
SOLVE = 6e-8  # seconds per real feature, atom and iteration of a barycenter (measured, one core)
LABEL_BYTES = 42  # order, crop, flip and mix of one augmented image, beside its logits


@dataclass(frozen=True)
class Cost:
    """Estimated seconds of computing and bytes of storing one artifact."""

    seconds: float
    bytes: float


@dataclass(frozen=True)
class Shape:
    """A network at a batch: everything that the time of a step depends on."""

    kind: str
    arch: str
    channels: int
    resolution: int
    num_classes: int
    stem: str
    batch: int
    fast: bool

    def key(self, device: torch.device) -> str:
        """A name for the record of its timing."""
        parts = (self.kind, self.arch, self.channels, self.resolution, self.num_classes, self.stem)
        name = "-".join(map(str, (*parts, self.batch, "bf16" if self.fast else "fp32", device)))
        return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)


def estimate(plan: Plan, store: Store, device: torch.device) -> dict[str, Cost]:
    """Costs by address; what the store holds costs what it took."""
    meter = Meter(store, device)
    found: dict[str, Cost] = {}
    for cell in plan.cells:
        for task in cell.tasks.values():
            if task.address in found:
                continue
            if store.has(task.address):
                manifest = store.manifest(task.address)
                found[task.address] = Cost(manifest.seconds, manifest.bytes)
            else:
                cost = _COSTS[task.stage](cell, task, meter)
                found[task.address] = Cost(cost.seconds + START, cost.bytes)
    return found


class Meter:
    """Seconds per step on a device, timed once and remembered in the store."""

    def __init__(self, store: Store, device: torch.device) -> None:
        self.store, self.device = store, device
        self._known: dict[Shape, float] = {}

    def seconds(self, shape: Shape) -> float:
        if shape not in self._known:
            record = self.store.record(CALIBRATION, shape.key(self.device))
            if record is None:
                record = {"seconds": self._time(shape)}
                self.store.put_record(CALIBRATION, shape.key(self.device), record)
            self._known[shape] = float(str(record["seconds"]))
        return self._known[shape]

    def _time(self, shape: Shape) -> float:
        from bench.models.flops import forward_flops

        model = build_model(
            shape.arch,
            num_classes=shape.num_classes,
            channels=shape.channels,
            resolution=shape.resolution,
            seed=0,
            stem=shape.stem,
        )
        per_image = 3 * forward_flops(model, shape.channels, shape.resolution)
        batch = int(max(2, min(shape.batch, BIGGEST // per_image)))
        placed(model, self.device, shape.fast)
        step = _STEPS[shape.kind](model, batch, shape, self.device)
        step()
        begin = time.perf_counter()
        for _ in range(REPEATS):
            step()
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return (time.perf_counter() - begin) / REPEATS * shape.batch / batch


def _inputs(batch: int, shape: Shape, device: torch.device) -> torch.Tensor:
    return torch.zeros(batch, shape.channels, shape.resolution, shape.resolution, device=device)


def _train_step(
    model: torch.nn.Module, batch: int, shape: Shape, device: torch.device
) -> Callable[[], None]:
    x, y = _inputs(batch, shape, device), torch.zeros(batch, dtype=torch.int64, device=device)
    optimizer = torch.optim.AdamW(model.parameters())

    def step() -> None:
        optimizer.zero_grad()
        with autocast(device, shape.fast):
            logits = model(x)
        cross_entropy(logits.float(), y).backward()
        optimizer.step()

    return step


def _forward_step(
    model: torch.nn.Module, batch: int, shape: Shape, device: torch.device
) -> Callable[[], None]:
    x = _inputs(batch, shape, device)
    model.eval()

    def step() -> None:
        with torch.no_grad(), autocast(device, shape.fast):
            model(x)

    return step


def _recover_step(
    model: torch.nn.Module, batch: int, shape: Shape, device: torch.device
) -> Callable[[], None]:
    x = _inputs(batch, shape, device).requires_grad_()
    model.eval().requires_grad_(False)
    optimizer = torch.optim.Adam([x])

    def step() -> None:
        optimizer.zero_grad()
        with Tapped(model) as tapped:
            with autocast(device, shape.fast):
                out = tapped(x)
            statistics = [m.mean.mean(0).norm() + m.square.mean(0).norm() for m in out.moments]
            (out.logits.float().sum() + torch.stack(statistics).sum()).backward()
        optimizer.step()

    return step


_STEPS = {"train": _train_step, "forward": _forward_step, "recover": _recover_step}


def _shape(cell: CellPlan, kind: str, arch: str, batch: int) -> Shape:
    spec, fast = cell.source.spec, cell.recipe.precision == "bf16"
    return Shape(
        kind, arch, spec.channels, spec.resolution, spec.num_classes, spec.stem, batch, fast
    )


def _pixels(cell: CellPlan) -> int:
    spec = cell.source.spec
    return spec.channels * spec.resolution**2


def _images(cell: CellPlan) -> int:
    """Synthetic images of a cell; all real ones where the distiller ignores the budget."""
    budgeted = "ipc" in cell.tasks["recover"].config
    spec = cell.source.spec
    return cell.cell.ipc * spec.num_classes if budgeted else cell.source.train_count


def _squeeze(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    config, source = cell.recipe.squeeze, cell.source
    steps = config.epochs * -(-source.train_count // config.batch)
    seconds = steps * meter.seconds(_shape(cell, "train", config.arch, config.batch))
    return Cost(seconds, _model_bytes(cell))


def _model_bytes(cell: CellPlan) -> float:
    spec = cell.source.spec
    with torch.device("meta"):
        model = build_model(
            cell.recipe.squeeze.arch,
            num_classes=spec.num_classes,
            channels=spec.channels,
            resolution=spec.resolution,
            seed=0,
            stem=spec.stem,
        )
    return 4.0 * sum(p.numel() for p in model.parameters())


def _observe(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    batch, count = cell.recipe.observe.batch, cell.source.train_count
    per_batch = meter.seconds(_shape(cell, "forward", cell.recipe.squeeze.arch, batch))
    layers = len(cell.recipe.observe.layers)
    return Cost(1.5 * per_batch * count / batch, count * 4 * 512 * layers)


def _barycenter(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    iterations = min(40, cell.distiller.request.solve.iterations)
    atoms = cell.cell.ipc
    seconds = SOLVE * cell.source.train_count * atoms * iterations
    return Cost(seconds, cell.source.spec.num_classes * atoms * 512 * 4)


def _recover(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    images = _images(cell)
    size = images * _pixels(cell)
    recover = _recover_config(cell.distiller)
    if recover is None:
        return Cost(0.01 + images * 5e-5, size)
    batch = min(recover.batch, images)
    per_step = meter.seconds(_shape(cell, "recover", cell.recipe.squeeze.arch, batch))
    return Cost(-(-images // batch) * recover.iterations * per_step, size)


def _recover_config(distiller: Distiller):  # type: ignore[no-untyped-def]
    return getattr(distiller, "recover", None)


def _relabel(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    config, images = cell.recipe.relabel, _images(cell)
    together = max(config.batch, 500 // config.batch * config.batch)
    per_batch = meter.seconds(_shape(cell, "forward", cell.recipe.squeeze.arch, together))
    seen = config.epochs * images
    size = seen * (2 * cell.source.spec.num_classes + LABEL_BYTES)
    return Cost(1.5 * per_batch * seen / together, size)


def _evaluate(cell: CellPlan, task: Task, meter: Meter) -> Cost:
    config, images = cell.recipe.relabel, _images(cell)
    batch = min(config.batch, images)
    steps = config.epochs * -(-images // batch)
    arch = cell.recipe.student.arch
    test = meter.seconds(_shape(cell, "forward", arch, 250)) * cell.source.test_count / 250
    training = steps * meter.seconds(_shape(cell, "train", arch, batch))
    return Cost(training + test, cell.source.test_count)


_COSTS: Mapping[str, Callable[[CellPlan, Task, Meter], Cost]] = {
    "squeeze": _squeeze,
    "observe": _observe,
    "barycenter": _barycenter,
    "recover": _recover,
    "relabel": _relabel,
    "evaluate": _evaluate,
}
