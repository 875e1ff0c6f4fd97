"""G-VBSM: several teachers in turn, whose BatchNorm and convolution statistics images match.

Source: arXiv:2311.17950 and its released code; methods.md 7. Every step one of four networks of
different architectures sees the batch: cross-entropy, plus a weight times the unsquared distances
of layer statistics (methods/layer_statistics.py) from those of the real set. What is compared is a
running average over steps that starts at zero and lives on from batch to batch of images; the
gradient is that of the current batch alone. A convolution is left out of a step with probability
`drop`. Data densification pulls the eigenvalues of each class's Gram matrix (images pooled to 32 x
32) towards each other: KL(softmax(l / 4) || softmax(l)). Batches hold all images of their classes.
Students: evaluator `fkd-mse-ensemble`, the mean of all teachers' logits by MSE, and hard labels;
the recipe `g-vbsm` has the published lengths, averages and drops.

Differs: the networks are trained here by the recipe, and those that this suite has not are replaced
(ShuffleNetV2 by MobileNetV3, the fifth, a wide ResNet, left out; small grey images have ConvNets).
Images are cropped as the recipe says, where the code pads and crops small ones. Eigenvalues are
those of a symmetric matrix. On ImageNet-1K the code scales each teacher's logits before it
averages them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Generator, Tensor
from torch.nn.functional import adaptive_avg_pool2d, cross_entropy, log_softmax

from bench import (
    BadValue,
    Budget,
    Milestone,
    Need,
    Recover,
    Reference,
    SyntheticSet,
    Teacher,
    Uniform,
    distiller,
)
from bench.core.events import Emit, Note, Step
from bench.data.augment import CropPolicy, batch_crop, draw_batch_crop, roll
from bench.data.codec import encode_decode
from bench.data.mixing import denormalize_to_uint8
from bench.plugin.recipes import require_weight
from bench.stages.compute import autocast
from bench.stages.grouping import Batch, batches
from bench.stages.learned_images import refuse_non_finite
from bench.stages.position import Position, Resumed
from bench.stages.progress import part, prefixed, take_progress
from bench.stages.recover import drawn_shift
from bench.stages.schedule import cosine
from bench.stages.squeeze import BackboneRequest, backbones
from bench.stages.teacher import network
from methods.layer_statistics import (
    LayerStats,
    LayerStatsRequest,
    Watching,
    flat,
    patch_sizes,
    statistics,
)

TERMS = ("classification", "statistics", "densification", "total")
CURVE_POINTS, SHOWN = 100, 10
MILESTONES = (0.0, 0.1, 0.25, 0.5, 1.0)  # of a batch's iterations, at which its images are shown
POOLED = 32  # pixels of a side, to which images are pooled before they are compared
AVERAGE = "average."


def densification(images: Tensor, per_class: int, temperature: float = 4.0) -> Tensor:
    """Sum over classes of KL(softmax(l / t) || softmax(l)), l the eigenvalues of their Gram matrix.

    The first argument is held constant. One image of a class has one eigenvalue, and adds nothing.

    Args:
        images: (classes * per_class, ch, H, W), class by class.
    """
    pooled = adaptive_avg_pool2d(images, POOLED)
    rows: Tensor = pooled.flatten(1).unflatten(0, (-1, per_class))  # (classes, per_class, d)
    values = torch.linalg.eigvalsh(rows @ rows.mT)
    wanted = log_softmax(values.detach() / temperature, -1)
    return (wanted.exp() * (wanted - log_softmax(values, -1))).sum()


class Matched:
    """A frozen teacher whose layers compare what they receive with their targets.

    Attributes:
        averages: running averages of the statistics, one per target, zero before the first step.
    """

    def __init__(
        self, teacher: Teacher, stats: LayerStats, method: "GeneralizedMatching", budget: Budget
    ) -> None:
        self.model, self.stats, self.method = network(teacher, budget.fast), stats, method
        self.fast = budget.fast
        self.sizes = patch_sizes(self.model, budget.shape[-1])
        self.averages = [torch.zeros_like(target) for target in stats.targets]

    def __call__(self, images: Tensor, labels: Tensor, kept: Sequence[bool]) -> Tensor:
        """Cross-entropy and the weighted distances of the layers that are kept, stacked as (2,)."""
        found: dict[int, tuple[Tensor, ...]] = {}

        def see(index: int, x: Tensor) -> None:
            found[index] = statistics(x, self.sizes[index]) if kept[index] else ()

        with Watching(self.model, see), autocast(images.device, self.fast):
            logits = self.model(images).float()
        flat(found, len(self.sizes))
        place, gaps = 0, logits.new_zeros(())
        for index, size in enumerate(self.sizes):
            factor = self.method.first if index == 0 else 1.0
            for offset, value in enumerate(found[index]):
                gaps = gaps + factor * self._gap(place + offset, value, labels)
            place += 4 if size else 2
        return torch.stack((cross_entropy(logits, labels), self.method.statistics_weight * gaps))

    def _gap(self, place: int, value: Tensor, labels: Tensor) -> Tensor:
        """How far a running average is off, with the gradient of the batch's own statistic."""
        momentum = self.method.momentum
        self.averages[place] = momentum * self.averages[place] + (1 - momentum) * value.detach()
        relaxed = self.averages[place] + value - value.detach()
        whole: Tensor = torch.linalg.vector_norm(self.stats.targets[place] - relaxed)
        if not self.method.per_class:
            return whole
        mixture = self.stats.of_classes[place][labels].mean(0)
        mixed: Tensor = torch.linalg.vector_norm(mixture - relaxed)
        return 0.5 * (whole + mixed)


@dataclass(frozen=True)
class GeneralizedMatching:
    """Images under several teachers in turn; EDC changes start, targets and densification.

    Attributes:
        statistics_weight: on the distances of layer statistics, r_loss of the released code.
        momentum: of the running averages.
        drop: probability that a convolution is left out of a step.
        first: factor on the first watched layer.
        densify: weight of data densification.
        per_class: half of each distance is from the mean of the targets of the batch's classes.
        members: the teachers that take turns.
    """

    recover: Recover
    statistics_weight: float = 0.01
    momentum: float = 0.8
    drop: float = 0.4
    first: float = 10.0
    densify: float = 1.0
    per_class: bool = False
    members: tuple[BackboneRequest, ...] = field(default_factory=backbones)
    grouping: Literal["class-major", "one-per-class"] = "class-major"

    def __post_init__(self) -> None:
        require_weight("statistics_weight", self.statistics_weight)
        require_weight("densify", self.densify)
        require_weight("first", self.first)
        for name, value in (("momentum", self.momentum), ("drop", self.drop)):
            if not 0 <= value < 1:
                raise BadValue(f"{name}: expected in [0, 1), given {value}")

    def stats_of(self, member: BackboneRequest) -> LayerStatsRequest:
        return LayerStatsRequest(of=member, per_class=self.per_class)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (*self.members, *(self.stats_of(member) for member in self.members))

    def started(self, reference: Reference, budget: Budget, rng: Generator) -> Tensor:
        """All images (C * m, ch, S, S) before the first step, normalised."""
        return torch.randn(budget.num_classes * budget.ipc, *budget.shape, generator=rng)

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        """Optimises all images, batch after batch.

        Raises:
            CellFailed: the loss is no longer finite; names the step and the terms.
        """
        return _Recovery(self, reference, budget, rng, emit).run()


class _Recovery:
    """One run: the teachers with their averages, the draws of each step, and what is collected."""

    def __init__(
        self,
        method: GeneralizedMatching,
        reference: Reference,
        budget: Budget,
        rng: Generator,
        emit: Emit,
    ) -> None:
        self.method, self.budget, self.rng, self.emit = method, budget, rng, emit
        self.progress = take_progress()
        self.members = [
            Matched(reference[member], reference[method.stats_of(member)], method, budget)
            for member in method.members
        ]
        self.device = next(self.members[0].model.parameters()).device
        self.first = method.started(reference, budget, rng)
        mean = torch.tensor(budget.mean, device=self.device).view(1, -1, 1, 1)
        std = torch.tensor(budget.std, device=self.device).view(1, -1, 1, 1)
        self.bounds = (-mean / std, (1 - mean) / std)

    def run(self) -> SyntheticSet:
        budget, recover = self.budget, self.method.recover
        chunks = list(batches("class-major", budget.num_classes, budget.ipc, recover.batch))
        saved = self.progress.saved()
        resumed = Resumed(saved) if saved else None
        at, total = resumed.position() if resumed else Position(), len(chunks) * recover.iterations
        if saved and resumed:
            self._recall(part(AVERAGE, saved))
            done = at.chunk * recover.iterations + resumed.step
            self.emit(Note(f"recover: goes on after step {done} of {total}, where a process ended"))
        for chunk in chunks[at.chunk :]:
            pixels = self._optimise(chunk, at, resumed, total)
            at.finish(denormalize_to_uint8(pixels, budget.mean, budget.std).cpu())
            resumed = None
        images = torch.empty(budget.num_classes, budget.ipc, *budget.shape, dtype=torch.uint8)
        for chunk, made in zip(chunks, at.finished, strict=True):
            images[chunk.labels, chunk.slots] = made
        decoded, size = encode_decode(images.flatten(0, 1), recover.codec)
        curve = torch.stack(at.curves).mean(0)
        return SyntheticSet(
            images=decoded,
            labels=torch.arange(budget.num_classes).repeat_interleave(budget.ipc),
            slots=torch.arange(budget.ipc).repeat(budget.num_classes),
            weights=torch.ones(budget.num_classes * budget.ipc),
            image_bytes=size,
            curve=dict(zip(TERMS, curve, strict=True)),
        )

    def _optimise(self, chunk: Batch, at: Position, resumed: Resumed | None, total: int) -> Tensor:
        """One batch from its start, or from where an earlier process left it: its pixels."""
        recover = self.method.recover
        chosen = chunk.labels * self.budget.ipc + chunk.slots
        at.pixels = x = self.first[chosen].to(self.device).requires_grad_()
        labels, optimizer = chunk.labels.to(self.device), self._optimizer(x)
        if resumed:
            resumed.enter(at, optimizer, self.rng)
        every = max(1, recover.iterations // CURVE_POINTS)
        shown = {round(share * recover.iterations) for share in MILESTONES}
        if at.step == 0 and at.chunk == 0:
            self._show(x, chunk, 0)
        for step in range(at.step, recover.iterations):
            optimizer.param_groups[0]["lr"] = recover.lr * cosine(step, recover.iterations)
            optimizer.zero_grad(set_to_none=True)
            done = at.chunk * recover.iterations + step
            values = self._terms(x, labels, self.members[done % len(self.members)])
            values[-1].backward()
            optimizer.step()
            with torch.no_grad():
                x.clamp_(*self.bounds)
            seen = values.detach()
            at.step = step + 1
            terms = dict(zip(TERMS, seen, strict=True))
            self.emit(Step("recover", done + 1, total, terms))
            if at.chunk == 0 and at.step in shown:
                self._show(x, chunk, at.step)
            if step % every == 0 or step == recover.iterations - 1:
                refuse_non_finite(terms, done)
                at.curve.append(seen)
            if self.progress.due():
                kept = prefixed(AVERAGE, self._averages())
                self.progress.save(at.state(optimizer, self.rng) | kept)
        return x.detach()

    def _optimizer(self, x: Tensor) -> torch.optim.Optimizer:
        recover = self.method.recover
        return torch.optim.Adam([x], lr=recover.lr, betas=(recover.beta1, recover.beta2))

    def _terms(self, x: Tensor, labels: Tensor, member: Matched) -> Tensor:
        """Classification, statistics, densification and their sum, (4,)."""
        recover, side, rng = self.method.recover, self.budget.shape[-1], self.rng
        policy = CropPolicy(scale_min=recover.crop_min, flip=recover.flip)
        crop = draw_batch_crop(side, side, policy, rng)
        shift = drawn_shift(recover, rng), drawn_shift(recover, rng)
        drawn = torch.rand(len(member.sizes), generator=rng).tolist()
        kept = [
            not size or u >= self.method.drop for size, u in zip(member.sizes, drawn, strict=True)
        ]
        images = roll(batch_crop(x, crop, side), *shift)
        terms = member(images, labels, kept)
        dense = images.new_zeros(())
        if self.method.densify and self.budget.ipc > 1:
            dense = self.method.densify * densification(images, self.budget.ipc)
        return torch.stack((*terms, dense, terms.sum() + dense))

    def _averages(self) -> dict[str, Tensor]:
        return {
            f"{index}.{place}": value
            for index, member in enumerate(self.members)
            for place, value in enumerate(member.averages)
        }

    def _recall(self, saved: dict[str, Tensor]) -> None:
        for name, value in saved.items():
            index, place = map(int, name.split("."))
            self.members[index].averages[place] = value.to(self.device)

    def _show(self, x: Tensor, chunk: Batch, step: int) -> None:
        """Tells how the first image of each class of a batch looks now."""
        first = torch.nonzero(chunk.slots == chunk.slots[0]).flatten()[:SHOWN]
        pixels = x.detach()[first.to(x.device)]
        images = denormalize_to_uint8(pixels, self.budget.mean, self.budget.std).cpu()
        self.emit(Milestone("recover", step, images, chunk.labels[first].tolist()))


@distiller(
    "g-vbsm",
    space={
        "statistics_weight": Uniform(0.001, 1.0, log=True),
        "momentum": Uniform(0.0, 0.95),
        "drop": Uniform(0.0, 0.8),
        "densify": Uniform(1e-3, 10.0, log=True),
    },
)
def g_vbsm(
    statistics_weight: float = 0.01,
    momentum: float = 0.8,
    drop: float = 0.4,
    first: float = 10.0,
    densify: float = 1.0,
    members: tuple[str, ...] = (),
    recover: Recover = Recover(),  # noqa: B008
) -> GeneralizedMatching:
    """BatchNorm and convolution statistics of several teachers in turn (G-VBSM)."""
    return GeneralizedMatching(
        recover, statistics_weight, momentum, drop, first, densify, members=backbones(members)
    )
