"""Squeeze: train the teacher on the real set."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from bench.artifacts.values import RealSet, Teacher
from bench.artifacts.views import Reference
from bench.artifacts.whole import cropped
from bench.core.events import Emit
from bench.core.seeds import generator_for, seed_for
from bench.data.augment import CropPolicy, crop_resize, draw_boxes, draw_crops
from bench.data.mixing import normalize
from bench.data.spec import Split
from bench.data.streaming import ahead, pinned, upload
from bench.graph.request import Context, Request, Run, artifact
from bench.graph.work import Passes, Work, pixels_of, test_pass, weight_bytes
from bench.models.build import build_model
from bench.plugin.recipes import Precision, Squeeze
from bench.stages.accuracy import judge
from bench.stages.compute import placed
from bench.stages.schedule import Schedule
from bench.stages.teacher import state_of
from bench.stages.training import EpochBatches, train

Loss = Callable[[Tensor, Tensor], Tensor]  # of logits (B, C) and labels (B,), a scalar


def squeeze(
    real: RealSet,
    test: RealSet,
    config: Squeeze,
    device: torch.device,
    fast: bool,
    emit: Emit,
    loss: Loss = cross_entropy,
    feed: EpochBatches[Tensor] | None = None,
    stage: str = "squeeze",
) -> Teacher:
    """Trains a teacher by SGD with momentum and cosine decay; the last epoch is kept.

    Args:
        feed: batches with their labels, where they are not those of the real set alone.
        stage: names the progress that is told.
    """
    channels = real.images.shape[1]
    built = build_model(
        config.arch,
        num_classes=len(real.classes),
        channels=channels,
        resolution=real.resolution,
        seed=seed_for(config.seed, "squeeze", "init"),
        stem=real.stem,
    )
    model = placed(built, device, fast)
    optimizer = torch.optim.SGD(
        model.parameters(), config.lr, config.momentum, weight_decay=config.weight_decay
    )
    train(
        model,
        optimizer,
        config.epochs,
        feed or AugmentedReal(real, config, device),
        loss,
        stage=stage,
        fast=fast,
        emit=emit,
        schedule=Schedule(warmup=config.warmup),
    )
    verdict = judge(model, test, device, fast)
    return Teacher(
        arch=config.arch,
        num_classes=len(real.classes),
        channels=channels,
        resolution=real.resolution,
        state=state_of(model),
        top1=verdict.top1,
        stem=real.stem,
    )


def kept(images: int, batch: int) -> int:
    """How many images of an epoch are trained on: a last batch under a quarter is left out.

    BatchNorm cannot normalise a single image of 1x1 features, and by the statistics of two or
    three a step per epoch is enough to ruin a network. The order is fresh every epoch, so that no
    image is left out for good. A set smaller than one batch is kept whole.
    """
    last = images % batch
    tiny = last == 1 or 4 * last < batch
    return images - last if tiny and last < images else images


class AugmentedReal:
    """Random resized crops and flips of the real set, epoch by epoch in a fresh order.

    Crops of whole images are cut on the CPU and averaged where they are reduced; images that are
    stored at one size are cropped as a batch on the device.
    """

    def __init__(self, real: RealSet, config: Squeeze, device: torch.device) -> None:
        self.real, self.batch, self.device = real, config.batch, device
        self.policy = CropPolicy(scale_min=config.crop_min, flip=config.flip)
        self.rng = generator_for(config.seed, "squeeze", "data")
        self.pool = ThreadPoolExecutor() if real.whole else None

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self.real.labels), generator=self.rng)
        return self.of(order[: kept(len(order), self.batch)].split(self.batch))

    def of(self, batches: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """Augmented images and labels of the images whose numbers are given, batch by batch."""
        if self.pool is None:
            yield from self._stored(batches)
            return
        for images, chosen in zip(self._whole(batches), batches, strict=True):
            yield images, upload(self.real.labels[chosen], self.device)

    def _stored(self, batches: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of images of one size, cropped on the device."""
        for pixels, labels, crops, flips in ahead(self._gathered(batches), self.device):
            images = normalize(upload(pixels, self.device), self.real.mean, self.real.std)
            places, mirrored = upload(crops, self.device), upload(flips, self.device)
            found = crop_resize(images, places, mirrored, self.real.resolution)
            yield found, upload(labels, self.device)

    def _gathered(
        self, batches: Sequence[Tensor]
    ) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """What the host does for each batch: stored pixels, labels, crops and flips."""
        for chosen in batches:
            pixels = self.real.images[chosen]
            height, width = pixels.shape[-2:]
            crops, flips = draw_crops(len(chosen), height, width, self.policy, self.rng)
            yield pinned(pixels, self.device), self.real.labels[chosen], crops, flips

    def _whole(self, batches: Sequence[Tensor]) -> Iterator[Tensor]:
        """Batches of crops of whole images; the next is cut while one is trained on."""
        waiting: deque[Iterator[Tensor]] = deque()
        for chosen in batches:
            waiting.append(self._cut(chosen))
            if len(waiting) > 1:
                yield self._placed(waiting.popleft())
        for crops in waiting:
            yield self._placed(crops)

    def _cut(self, chosen: Tensor) -> Iterator[Tensor]:
        assert self.pool is not None
        pictures, side = self.real.pictures, self.real.resolution
        boxes, flips = draw_boxes(pictures.sizes[chosen], self.policy, self.rng)
        return cropped(pictures, chosen.tolist(), boxes, flips, side, self.pool)

    def _placed(self, crops: Iterator[Tensor]) -> Tensor:
        pixels = upload(torch.stack(list(crops)), self.device)
        return normalize(pixels, self.real.mean, self.real.std)


@artifact("squeeze", Teacher, version=3)
@dataclass(frozen=True)
class TeacherRequest(Request[Teacher]):
    """A network trained on the real set; open fields are the recipe's.

    Attributes:
        arch, seed: of the network.
        how, precision, resolution, stem: how it is trained, filled from recipe and data set.
    """

    arch: str | None = None
    seed: int | None = None
    how: Squeeze | None = None
    precision: Precision | None = None
    resolution: int | None = None
    stem: str | None = None

    def filled(self, at: Context) -> "TeacherRequest":
        base = self.how or at.recipe.squeeze
        arch = self.arch or base.arch
        seed = base.seed if self.seed is None else self.seed
        spec = at.source.spec
        return replace(
            self,
            arch=arch,
            seed=seed,
            how=replace(base, arch=arch, seed=seed),
            precision=self.precision or at.recipe.precision,
            resolution=spec.resolution,
            stem=spec.stem,
        )

    def reads(self) -> tuple[Split, ...]:
        return ("train", "test")

    def stream(self, at: Context) -> int | None:
        return self.seed

    def make(self, have: Reference, at: Context, run: Run) -> Teacher:
        assert self.how is not None
        fast = self.precision == "bf16"
        real, test = run.split("train"), run.split("test")
        return squeeze(real, test, self.how, run.device, fast, run.emit)

    def work(self, at: Context) -> Work:
        """All epochs, and a pass over the test split; a batch as stored, normalised and cropped."""
        how, count = self.filled(at).how or at.recipe.squeeze, at.source.train_count
        steps = how.epochs * -(-kept(count, how.batch) // how.batch)
        inputs = how.batch * pixels_of(at.source.spec) * (1 + 4)
        return Work(
            passes=(
                Passes("train", how.arch, how.batch, steps, moments=1),
                test_pass(how.arch, at.source.test_count),
            ),
            draws=how.epochs * count,
            bytes=weight_bytes(how.arch, at.source.spec),
            held=inputs,
            host=inputs,
            less="lower squeeze.batch",
        )

    def untrained(self, at: Context) -> Teacher:
        """A teacher of that shape as it is before training, where only its speed counts."""
        spec, arch = at.source.spec, self.arch or at.recipe.squeeze.arch
        sizes = (spec.num_classes, spec.channels, spec.resolution)
        model = build_model(
            arch,
            num_classes=spec.num_classes,
            channels=spec.channels,
            resolution=spec.resolution,
            seed=0,
            stem=spec.stem,
        )
        return Teacher(arch, *sizes, state_of(model), 0.0, spec.stem)

    def facts(self, meta: Mapping[str, Any], at: Context) -> Mapping[str, object]:
        return {"teacher_top1": meta["top1"]}


GREY, SMALL, LARGE = "grey", "small", "large"  # kinds of data sets that networks are chosen for
PHOTOGRAPH_SIDE = 128  # from here on images are photographs
GREY_SIDE = 32  # grey images up to here are digits
BACKBONES: Mapping[str, tuple[str, ...]] = {  # beside the recipe's teacher
    GREY: ("convnet2-w64-bn", "convnet3-w32-bn", "convnet2-w32"),
    SMALL: ("convnet3", "mobilenet_v2", "mobilenetv3_small_050"),
    LARGE: ("mobilenet_v2", "efficientnet_b0", "mobilenetv3_small_050"),
}
BACKBONE_COUNT = 4


@dataclass(frozen=True)
class BackboneRequest(Request[Teacher]):
    """One of several teachers of different architectures; it is a `TeacherRequest` once filled.

    Attributes:
        place: 0 is the recipe's teacher, 1 to 3 are others that fit the data set.
        arch: instead of the place's own.
    """

    made: ClassVar[type] = Teacher

    place: int = 0
    arch: str = ""

    def filled(self, at: Context) -> TeacherRequest:
        spec = at.source.spec
        grey = spec.channels == 1 and spec.resolution <= GREY_SIDE
        kind = GREY if grey else SMALL if spec.resolution < PHOTOGRAPH_SIDE else LARGE
        own = BACKBONES[kind][self.place - 1] if self.place else None
        return TeacherRequest(arch=self.arch or own).filled(at)


def backbones(archs: Sequence[str] = ()) -> tuple[BackboneRequest, ...]:
    """The teachers of the named architectures, or those that fit the data set."""
    if archs:
        return tuple(BackboneRequest(arch=arch) for arch in archs)
    return tuple(BackboneRequest(place) for place in range(BACKBONE_COUNT))
