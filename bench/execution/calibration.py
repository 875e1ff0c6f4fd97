"""Timing a few real steps of each kind on this machine, remembered per device in the store.

Small steps, whose time is calls rather than operations, are timed one by one; a big one follows a
typical step by its operations, so that timing takes seconds. A step holds what the stage does for
one batch, on as many threads: augmentation, forward pass, loss, backward pass and update.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from bench.data.augment import CropPolicy, batch_crop, draw_batch_crop, roll
from bench.data.mixing import augmented_batch, draw_epochs
from bench.execution.timings import remembered
from bench.models.build import build_model
from bench.models.flops import flops_of
from bench.models.taps import Tapped
from bench.stages.compute import autocast, fitting_threads, placed
from bench.storage.store import Store

RECORDS = "calibration-2"  # raise the number when a step changes
BIGGEST = {"cpu": 2e10, "cuda": 2e12}  # FLOP of a timed step; larger ones follow a typical one
TYPICAL = {"cpu": ("resnet18", 64, 8), "cuda": ("resnet18", 224, 64)}  # network, pixels, batch
REPEATS, ENOUGH = 25, 0.3  # timings of a step at most, and seconds that suffice
Step = Callable[[], None]


@dataclass(frozen=True)
class Shape:
    """A network at a batch: everything that the time of a step depends on.

    Attributes:
        kind: "train", "forward", "relabel" (an augmented forward pass) or "recover".
        threads_for: images of the batch that decides how many threads the stage uses.
        teacher: network of that batch.
    """

    kind: str
    arch: str
    channels: int
    resolution: int
    num_classes: int
    stem: str
    batch: int
    fast: bool
    teacher: str = ""
    threads_for: int = 0

    def key(self, device: torch.device) -> str:
        """A name for the record of its timing."""
        parts = (self.kind, self.arch, self.channels, self.resolution, self.num_classes, self.stem)
        more = (self.batch, "bf16" if self.fast else "fp32", self.teacher, self.threads_for, device)
        name = "-".join(map(str, (*parts, *more)))
        return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)

    def model(self, arch: str) -> nn.Module:
        return build_model(
            arch,
            num_classes=self.num_classes,
            channels=self.channels,
            resolution=self.resolution,
            seed=0,
            stem=self.stem,
        )


class Meter:
    """Seconds per step on a device, timed once and remembered in the store."""

    def __init__(self, store: Store, device: torch.device) -> None:
        self.store, self.device = store, device
        self._known: dict[Shape, float] = {}

    def seconds(self, shape: Shape) -> float:
        """Seconds of one step: timed, or scaled by operations from a typical step if it is big."""
        work = self.flops(shape, shape.arch) * shape.batch
        if 3 * work <= BIGGEST[self.device.type]:
            return self._timed(shape)
        arch, side, batch = TYPICAL[self.device.type]
        typical = Shape(shape.kind, arch, 3, side, 10, "auto", batch, shape.fast)
        return self._timed(typical) * work / (self.flops(typical, arch) * batch)

    def _timed(self, shape: Shape) -> float:
        if shape not in self._known:
            key = shape.key(self.device)
            self._known[shape] = remembered(self.store, RECORDS, key, lambda: self._time(shape))
        return self._known[shape]

    def flops(self, shape: Shape, arch: str) -> float:
        """Operations of a forward pass of one image."""
        side = shape.resolution
        return flops_of(arch, shape.num_classes, shape.channels, side, shape.stem)

    def _time(self, shape: Shape) -> float:
        model = placed(shape.model(shape.arch), self.device, shape.fast)
        return self.typical(_STEPS[shape.kind](model, shape.batch, shape, self.device), shape)

    def typical(self, step: Step, shape: Shape) -> float:
        """Median seconds of a step, on as many threads as the stage of that shape uses."""
        work = self.flops(shape, shape.teacher or shape.arch) * (shape.threads_for or shape.batch)
        taken: list[float] = []
        with fitting_threads(work):
            step()
            self._wait()
            while not taken or (len(taken) < REPEATS and sum(taken) < ENOUGH):
                begin = time.perf_counter()
                step()
                self._wait()
                taken.append(time.perf_counter() - begin)
        return median(taken)

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def _augmenting(batch: int, shape: Shape, device: torch.device) -> Callable[[], torch.Tensor]:
    """One augmented batch, as every student sees it."""
    side, rng = shape.resolution, torch.Generator().manual_seed(0)
    images = torch.zeros(batch, shape.channels, side, side, device=device)
    draws = draw_epochs(1, batch, batch, side, side, CropPolicy(), True, rng)
    return lambda: augmented_batch(images, draws, 0, 0)


def _train(model: nn.Module, batch: int, shape: Shape, device: torch.device) -> Step:
    augmented = _augmenting(batch, shape, device)
    labels = torch.zeros(batch, dtype=torch.int64, device=device)
    optimizer = torch.optim.AdamW(model.parameters())

    def step() -> None:
        x = augmented()
        optimizer.zero_grad(set_to_none=True)
        with autocast(device, shape.fast):
            logits = model(x)
        cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    return step


def _forward(model: nn.Module, batch: int, shape: Shape, device: torch.device) -> Step:
    x = torch.zeros(batch, shape.channels, shape.resolution, shape.resolution, device=device)
    model.eval()

    def step() -> None:
        with torch.no_grad(), autocast(device, shape.fast):
            model(x)

    return step


def _relabel(model: nn.Module, batch: int, shape: Shape, device: torch.device) -> Step:
    augmented = _augmenting(batch, shape, device)
    model.eval()

    def step() -> None:
        with torch.no_grad(), autocast(device, shape.fast):
            model(augmented()).half().cpu()

    return step


def _recover(model: nn.Module, batch: int, shape: Shape, device: torch.device) -> Step:
    side, rng = shape.resolution, torch.Generator().manual_seed(0)
    x = torch.zeros(batch, shape.channels, side, side, device=device).requires_grad_()
    model.eval().requires_grad_(False)
    optimizer = torch.optim.Adam([x])
    tapped = Tapped(model)

    def step() -> None:
        crop = draw_batch_crop(side, side, CropPolicy(), rng)
        optimizer.zero_grad(set_to_none=True)
        with autocast(device, shape.fast):
            out = tapped(roll(batch_crop(x, crop, side), 1, 1))
        means = [m.mean.mean(0) for m in out.moments]
        spread = [m.square.mean(0) - mean**2 for m, mean in zip(out.moments, means, strict=True)]
        terms = [torch.linalg.vector_norm(value - 0.1) for value in (*means, *spread)]
        (out.logits.float().logsumexp(1).mean() + torch.stack(terms).sum()).backward()
        optimizer.step()
        with torch.no_grad():
            x.clamp_(-2.0, 2.0)

    return step


_STEPS: Mapping[str, Callable[[nn.Module, int, Shape, torch.device], Step]] = {
    "train": _train,
    "forward": _forward,
    "relabel": _relabel,
    "recover": _recover,
}
