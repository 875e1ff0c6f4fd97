"""A few real steps of each kind of pass, made up to be timed.

A step holds what the stage does for one batch: augmentation, forward pass, loss, backward pass and
update.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from bench.data.augment import CropPolicy, batch_crop, draw_batch_crop, roll
from bench.data.mixing import augmented_batch, draw_epochs
from bench.models.build import build_model
from bench.models.taps import Tapped, has_batchnorm
from bench.stages.compute import autocast, placed

DRAWS = 1000  # images whose augmentation is drawn in a timed call
Step = Callable[[], object]


@dataclass(frozen=True)
class Shape:
    """A network at a batch: everything that the time of a step depends on.

    Attributes:
        kind: of bench.graph.work.Passes.
        alone: whether the stage computes on one thread.
    """

    kind: str
    arch: str
    channels: int
    resolution: int
    num_classes: int
    stem: str
    batch: int
    fast: bool
    moments: int = 2
    alone: bool = False

    def key(self, device: torch.device) -> str:
        """A name for the record of its timing."""
        parts = (self.kind, self.arch, self.channels, self.resolution, self.num_classes, self.stem)
        how = ("bf16" if self.fast else "fp32", self.moments, "one" if self.alone else "all")
        return plain("-".join(map(str, (*parts, self.batch, *how, device))))

    def step(self, device: torch.device) -> Step:
        """One step on made-up images."""
        model = build_model(
            self.arch,
            num_classes=self.num_classes,
            channels=self.channels,
            resolution=self.resolution,
            seed=0,
            stem=self.stem,
        )
        return _STEPS[self.kind](placed(model, device, self.fast), self, device)

    def images(self, device: torch.device) -> torch.Tensor:
        return torch.zeros(
            self.batch, self.channels, self.resolution, self.resolution, device=device
        )


def plain(name: str) -> str:
    """A text as the name of a record."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)


def drawing(side: int) -> Step:
    """Draws the augmentation of some images."""
    rng = torch.Generator().manual_seed(0)
    return lambda: draw_epochs(1, DRAWS, DRAWS, side, side, CropPolicy(), True, rng)


def _augmenting(shape: Shape, device: torch.device) -> Callable[[], torch.Tensor]:
    """One augmented batch, as every student sees it."""
    side, rng, images = shape.resolution, torch.Generator().manual_seed(0), shape.images(device)
    draws = draw_epochs(1, shape.batch, shape.batch, side, side, CropPolicy(), True, rng)
    return lambda: augmented_batch(images, draws, 0, 0)


def _train(model: nn.Module, shape: Shape, device: torch.device) -> Step:
    augmented = _augmenting(shape, device)
    labels = torch.zeros(shape.batch, dtype=torch.int64, device=device)
    optimizer: torch.optim.Optimizer = torch.optim.AdamW(model.parameters())
    if shape.moments == 1:
        optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)

    def step() -> None:
        x = augmented()
        optimizer.zero_grad(set_to_none=True)
        with autocast(device, shape.fast):
            logits = model(x)
        cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    return step


def _forward(model: nn.Module, shape: Shape, device: torch.device) -> Step:
    x = shape.images(device)
    model.eval()

    def step() -> None:
        with torch.no_grad(), autocast(device, shape.fast):
            model(x)

    return step


def _observe(model: nn.Module, shape: Shape, device: torch.device) -> Step:
    return _forward(Tapped(model.eval(), moments=has_batchnorm(model)), shape, device)


def _relabel(model: nn.Module, shape: Shape, device: torch.device) -> Step:
    augmented = _augmenting(shape, device)
    model.eval()

    def step() -> None:
        with torch.no_grad(), autocast(device, shape.fast):
            model(augmented()).half().cpu()

    return step


def _recover(model: nn.Module, shape: Shape, device: torch.device) -> Step:
    side, rng = shape.resolution, torch.Generator().manual_seed(0)
    x = shape.images(device).requires_grad_()
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
        sum(terms, out.logits.float().logsumexp(1).mean()).backward()
        optimizer.step()
        with torch.no_grad():
            x.clamp_(-2.0, 2.0)

    return step


_STEPS: Mapping[str, Callable[[nn.Module, Shape, torch.device], Step]] = {
    "train": _train,
    "forward": _forward,
    "observe": _observe,
    "relabel": _relabel,
    "recover": _recover,
}
