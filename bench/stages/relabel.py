"""Relabel: the teacher's logits on augmented synthetic images (FKD)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from bench.artifacts.labels import Draws, SoftLabels
from bench.artifacts.values import SyntheticSet, Teacher
from bench.artifacts.views import Reference
from bench.core.errors import BadValue
from bench.core.events import Emit, Step
from bench.core.seeds import generator_for
from bench.data.augment import CropPolicy
from bench.data.mixing import Images, augmented_batch, draw_epochs, draws_on
from bench.data.network_input import streamed_input
from bench.data.patches import draw_patches
from bench.data.streaming import Drain
from bench.graph.request import Context, Request, Run, artifact
from bench.graph.work import DRAWN, Passes, Work, arch_of, inputs_of, pixels_of
from bench.plugin.recipes import Precision, Relabel
from bench.stages.compute import autocast
from bench.stages.squeeze import TeacherRequest
from bench.stages.teacher import Average, Committee, Mode, labeller

ONLINE = "choose the evaluator 'online-kd', which stores no labels"
FORWARD_IMAGES = 500  # images per forward pass; the teacher is in evaluation mode, so any will do


def drawn(config: Relabel, images: Images, seed: int) -> Draws:
    """The draws of all epochs for images (M, ch, H, W): the same for every method and protocol."""
    height, width = images.shape[-2:]
    rng = generator_for(seed, "relabel")
    draws = draw_epochs(
        config.epochs,
        images.shape[0],
        config.batch,
        height,
        width,
        CropPolicy(scale_min=config.crop_min, flip=config.flip),
        config.cutmix,
        rng,
    )
    factor = config.shuffle_patches
    if factor == 1:
        return draws
    if height % factor or width % factor:
        raise BadValue(
            f"relabel.shuffle_patches: expected a divisor of {height}x{width} pixels, "
            f"given {factor}"
        )
    epochs, count = draws.order.shape
    return replace(draws, patches=draw_patches(epochs, count, factor, rng))


@torch.no_grad()
def relabel(
    synthetic: SyntheticSet,
    teacher: Teacher | Committee,
    config: Relabel,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    seed: int,
    fast: bool,
    emit: Emit,
) -> SoftLabels:
    """Draws every epoch's augmentation once and stores it with the logits it leads to.

    Students replay the draws and see bit-identical batches. Logits are rounded to float16.
    """
    images = streamed_input(synthetic, mean, std).images
    draws = drawn(config, images, seed)
    logits = torch.empty(config.epochs, len(images), teacher.num_classes, dtype=torch.float16)
    flat = logits.flatten(0, 1)  # batches follow one another, epoch after epoch
    drain, done, told = Drain(images.device), 0, 0
    for group in labelled(images, labeller(teacher, fast), draws, fast):
        found = torch.cat([part for _, part in group])
        drain.put(found, flat[done : done + len(found)])
        done, told = done + len(found), told + len(group)
        emit(Step("relabel", told, config.epochs * draws.boxes.shape[1]))
    drain.close()
    return SoftLabels(
        logits=logits,
        order=draws.order,
        crops=draws.crops,
        flips=draws.flips,
        mix=draws.mix,
        boxes=draws.boxes,
        batch=draws.batch,
        patches=draws.patches,
    )


Labelled = tuple[Tensor, Tensor]  # a batch (B, ch, S, S) and its logits (B, C) float16


@torch.no_grad()
def labelled(
    images: Images, model: nn.Module, draws: Draws, fast: bool
) -> Iterator[Sequence[Labelled]]:
    """The batches of all epochs in turn with the teacher's logits, all on the images' device.

    Several batches share a forward pass and come as one group, so that small batches fill a device;
    not in train mode, where a batch has statistics of its own.
    """
    on_device, device = draws_on(draws, images.device), images.device
    epochs, count = draws.boxes.shape[:2]
    keys = [(epoch, index) for epoch in range(epochs) for index in range(count)]
    together = 1 if model.training else max(1, FORWARD_IMAGES // draws.batch)
    for start in range(0, len(keys), together):
        parts = [augmented_batch(images, on_device, *key) for key in keys[start : start + together]]
        with autocast(device, fast):
            out = model(torch.cat(parts)).half()
        yield list(zip(parts, out.split([len(part) for part in parts]), strict=True))


@artifact("relabel", SoftLabels, version=2, own=True)
@dataclass(frozen=True)
class SoftLabelsRequest(Request[SoftLabels]):
    """Soft labels of a synthetic set, by default of the cell's set by the recipe's teacher.

    Attributes:
        teachers: one or several, whose outputs are averaged.
        average: what is averaged: logits, or probabilities (whose logarithm is then stored).
        mode: BatchNorm by running statistics ("eval") or by those of the batch ("train").
    """

    of: Request[SyntheticSet] | None = None
    teachers: tuple[Request[Teacher], ...] = (TeacherRequest(),)
    average: Average = "logits"
    mode: Mode = "eval"
    how: Relabel | None = None
    precision: Precision | None = None
    seed: int | None = None

    def filled(self, at: Context) -> "SoftLabelsRequest":
        of = self.of or at.synthetic
        if of is None or not self.teachers:
            raise BadValue(f"row {at.row!r}: expected soft labels of a set by at least one teacher")
        return replace(
            self,
            of=of.filled(at),
            teachers=tuple(teacher.filled(at) for teacher in self.teachers),
            how=self.how or at.recipe.relabel,
            precision=self.precision or at.recipe.precision,
            seed=at.student_seed if self.seed is None else self.seed,
        )

    def needs(self, at: Context) -> tuple[Request[Any], ...]:
        assert self.of is not None
        return (self.of, *self.teachers)

    def stream(self, at: Context) -> int | None:
        return self.seed

    def make(self, have: Reference, at: Context, run: Run) -> SoftLabels:
        assert self.of is not None
        assert self.how is not None
        assert self.seed is not None
        spec, fast = at.source.spec, self.precision == "bf16"
        teachers = tuple(have[teacher] for teacher in self.teachers)
        plain = len(teachers) == 1 and self.mode == "eval" and self.average == "logits"
        teacher = teachers[0] if plain else Committee(teachers, self.average, self.mode)
        return relabel(
            have[self.of], teacher, self.how, spec.mean, spec.std, self.seed, fast, run.emit
        )

    def work(self, at: Context) -> Work:
        """A pass of each teacher over all images in each epoch, some batches at a time; the set as
        stored and all draws on the device, every label on the host."""
        how, images = self.how or at.recipe.relabel, inputs_of(self.of or at.synthetic, at)
        seen, batch = how.epochs * images, min(how.batch, images)
        alone = self.mode == "train"
        batch = min(seen, batch * (1 if alone else max(1, FORWARD_IMAGES // how.batch)))
        size = pixels_of(at.source.spec)
        labels = seen * (2.0 * at.source.spec.num_classes + DRAWN)
        archs = [arch_of(teacher, at) for teacher in self.teachers]
        return Work(
            passes=tuple(Passes("relabel", arch, batch, seen / batch) for arch in archs),
            draws=seen,
            bytes=labels,
            held=4 * batch * size + images * size + DRAWN * seen,
            host=labels,
            less=f"lower ipc, or {ONLINE}",
        )
