"""What the layers of a network receive from the real set, and how far synthetic images are off.

Source: G-VBSM (arXiv:2311.17950) and EDC (arXiv:2404.13733) and their released code, `recover/
utils.py`; methods.md 7 and 8. Every BatchNorm and every convolution is watched. Of a convolution's
input there are mean and variance of each channel, and of each patch of pixels over all channels; of
BatchNorm, those of each channel, whose targets over all classes are its running statistics. Other
targets are means over batches of 64 real images, or for EDC over single images of each class.
Differs: real images are seen as evaluation sees them, without crops and flips.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, unfold
from torch.utils.hooks import RemovableHandle

from bench import (
    BadValue,
    Context,
    Emit,
    Passes,
    RealSet,
    Reference,
    Request,
    Run,
    Step,
    Teacher,
    TeacherRequest,
    Work,
    artifact,
)
from bench.core.events import silent
from bench.core.seeds import generator_for
from bench.data.augment import eval_view
from bench.data.mixing import normalize
from bench.data.spec import Split
from bench.data.streaming import upload
from bench.models.outline import outline_for
from bench.stages.teacher import network
from bench.stages.trial import made_up

BATCH = 64  # real images whose statistics are averaged
LARGE_SIDE, LARGE_PATCH, PATCH = 128, 16, 4  # pixels


@dataclass(frozen=True)
class LayerStats:
    """Targets of the watched layers, in the order of `modules()`: 2 of BatchNorm, 4 of Conv2d.

    Attributes:
        targets: (ch,) mean and variance of the channels; of a convolution also (P,) mean and
            variance of the patches.
        of_classes: the same by class, (C, ch) and (C, P); empty where they were not asked for.
    """

    targets: tuple[Tensor, ...]
    of_classes: tuple[Tensor, ...]


def watched(model: nn.Module) -> list[nn.Module]:
    """The BatchNorm and convolution layers of a network, in the order of `modules()`."""
    return [m for m in model.modules() if isinstance(m, nn.BatchNorm2d | nn.Conv2d)]


def patch_for(side: int) -> int:
    """Side of a patch in pixels of a layer's input, by the side of the network's images."""
    return LARGE_PATCH if side >= LARGE_SIDE else PATCH


def patches(x: Tensor, size: int) -> Tensor:
    """(B, ch, H, W) as (B, P, ch * size * size), enlarged to a multiple of `size` before."""
    height, width = (-(-side // size) * size for side in x.shape[-2:])
    if (height, width) != x.shape[-2:]:
        x = interpolate(x, (height, width), mode="bilinear", align_corners=False)
    return unfold(x, size, stride=size).transpose(1, 2)


def statistics(x: Tensor, patch: int = 0, each: bool = False) -> tuple[Tensor, ...]:
    """Mean and biased variance of each channel of (B, ch, H, W), and of each patch of a size.

    Args:
        patch: its side in pixels; 0 for none.
        each: of every image, (B, ch) and (B, P), instead of the whole batch, (ch,) and (P,).
    """
    x = x.float()
    groups = [x.flatten(2)] + ([patches(x, patch)] if patch else [])
    found: list[Tensor] = []
    for values in groups:
        rows = values if each else values.transpose(0, 1).flatten(1)
        found += (rows.mean(-1), rows.var(-1, unbiased=False))
    return tuple(found)


@artifact("layer-stats", LayerStats)
@dataclass(frozen=True)
class LayerStatsRequest(Request[LayerStats]):
    """The statistics of a teacher's layers over the real set, by class where that is wanted."""

    of: Request[Teacher] = field(default_factory=TeacherRequest)
    per_class: bool = False

    def filled(self, at: Context) -> "LayerStatsRequest":
        return replace(self, of=self.of.filled(at))

    def needs(self, at: Context) -> tuple[Request[Teacher]]:
        return (self.of,)

    def reads(self) -> tuple[Split, ...]:
        return ("train",)

    def stream(self, at: Context) -> int:
        return 0  # of the order in which batches are formed

    def refuse(self, at: Context) -> None:
        arch = getattr(self.of, "arch", None)
        if arch and not watched(outline_for(arch, at.source.spec)):
            raise BadValue(
                f"row {at.row!r}: {at.distiller!r} matches statistics of BatchNorm and convolution "
                f"layers, but the teacher {arch!r} has none; choose a convolutional network"
            )

    def make(self, have: Reference, at: Context, run: Run) -> LayerStats:
        return observed(network(have[self.of]), run.split("train"), self.per_class, run.emit)

    def work(self, at: Context) -> Work:
        count, arch = at.source.train_count, getattr(self.of, "arch", None)
        steps = -(-count // BATCH) * 1.5  # the statistics beside the network
        return Work((Passes("forward", arch or at.recipe.squeeze.arch, BATCH, steps),))

    def untrained(self, at: Context) -> LayerStats:
        """Of a fresh network over made-up images, where only their size counts."""
        assert isinstance(self.of, TeacherRequest)
        real = made_up(at)
        few = slice(2 * len(real.classes))  # labels take turns
        less = replace(real, images=real.images[few], labels=real.labels[few])
        return observed(network(self.of.untrained(at)), less, self.per_class, silent)


class Watching:
    """Shows what each watched layer receives as it receives it, while a `with` block lasts."""

    def __init__(self, model: nn.Module, see: Callable[[int, Tensor], None]) -> None:
        self.layers, self.see = watched(model), see
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> Self:
        for index, layer in enumerate(self.layers):
            self._handles.append(layer.register_forward_pre_hook(partial(self._hook, index)))
        return self

    def _hook(self, index: int, layer: nn.Module, args: tuple[Tensor, ...]) -> None:
        self.see(index, args[0])

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()


def patch_sizes(model: nn.Module, side: int) -> list[int]:
    """Of each watched layer; 0 of BatchNorm, which has no patches."""
    size = patch_for(side)
    return [size if isinstance(layer, nn.Conv2d) else 0 for layer in watched(model)]


@torch.no_grad()
def observed(model: nn.Module, real: RealSet, per_class: bool, emit: Emit) -> LayerStats:
    """One pass of a network over the real images, in batches of a fixed random order."""
    device, count, classes = next(model.parameters()).device, len(real.labels), len(real.classes)
    sizes = patch_sizes(model, real.resolution)
    whole: dict[int, tuple[Tensor, ...]] = {}
    single: dict[int, tuple[Tensor, ...]] = {}

    def see(index: int, x: Tensor) -> None:
        whole[index] = statistics(x, sizes[index])
        if per_class:
            single[index] = statistics(x, sizes[index], each=True)

    sums, by_class = list[Tensor](), list[Tensor]()
    order = torch.randperm(count, generator=generator_for(0, "layer-stats"))
    with Watching(model, see):
        for done, chosen in enumerate(order.split(BATCH), start=1):
            pixels = eval_view(upload(real.images[chosen], device), real.resolution)
            model(normalize(pixels, real.mean, real.std))
            share, labels = len(chosen) / count, upload(real.labels[chosen], device)
            sums = _added(sums, [share * value for value in flat(whole, len(sizes))])
            if per_class:
                by_class = _added(by_class, [
                    value.new_zeros(classes, value.shape[1]).index_add(0, labels, value)
                    for value in flat(single, len(sizes))
                ])  # fmt: skip
            emit(Step("layer-stats", done, -(-count // BATCH)))
    members = real.labels.bincount(minlength=classes).to(device)
    of_classes = tuple(value / members[:, None] for value in by_class)
    return LayerStats(tuple(_with_running(model, sums)), of_classes)


def flat(found: Mapping[int, tuple[Tensor, ...]], count: int) -> list[Tensor]:
    """The statistics of all layers in their order.

    Raises:
        BadValue: a layer took no part in the pass.
    """
    if len(found) < count:
        raise BadValue(
            f"expected every BatchNorm and convolution layer to take part, given {len(found)} of "
            f"{count}; choose another network"
        )
    return [value for index in range(count) for value in found[index]]


def _added(sums: Sequence[Tensor], values: Sequence[Tensor]) -> list[Tensor]:
    return [a + b for a, b in zip(sums, values, strict=True)] if sums else list(values)


def _with_running(model: nn.Module, sums: Sequence[Tensor]) -> list[Tensor]:
    """The sums with BatchNorm's running statistics in the place of its own."""
    found, left = list[Tensor](), list(sums)
    for layer in watched(model):
        mine = [left.pop(0) for _ in range(4 if isinstance(layer, nn.Conv2d) else 2)]
        if isinstance(layer, nn.BatchNorm2d) and layer.running_mean is not None:
            assert layer.running_var is not None
            mine = [layer.running_mean.clone(), layer.running_var.clone()]
        found += mine
    return found
