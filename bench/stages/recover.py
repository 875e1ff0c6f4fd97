"""Recover: optimise synthetic images against the teacher (Eq. 15 of arXiv:2311.18531)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from bench.artifacts import Barycenter, Reference, SyntheticSet, Teacher, View
from bench.contracts import Budget, Loss, Request
from bench.data.augment import CropPolicy, batch_crop, draw_batch_crop, draw_roll, roll
from bench.data.codec import encode_decode
from bench.data.mixing import denormalize_to_uint8
from bench.errors import CellFailed
from bench.events import Emit, Step
from bench.models.taps import Tapped
from bench.recipes import Recover
from bench.stages.compute import autocast, compiled, worth_compiling
from bench.stages.schedule import Curriculum, cosine
from bench.stages.teacher import network

TERMS = ("classification", "feature", "batch_norm", "total")
CURVE_POINTS = 100


@dataclass(frozen=True)
class NoFeatureLoss:
    """The feature loss of methods that have none."""

    needs: tuple[type, ...] = ()

    def __call__(self, view: View, reference: Reference) -> Tensor:
        return view.logits.new_zeros(())


@dataclass(frozen=True)
class MatchingDistiller:
    """The family of SRe2L and WMDD: invert the teacher under a feature loss and a regularizer.

    The objective is ce_weight * CE + feature_loss + weight * regularizer.

    Attributes:
        weight: lambda of Eq. 15, on the regularizer.
        ce_weight: the released code adds cross-entropy with weight 1; Eq. 15 has none.
        grouping: whether a batch holds all images of a few classes, or one image of each class.
        curriculum: how the smallest crop shrinks over the iterations; by default it is constant.
        draws: uniform numbers that a sampling loss finds in the view at every step.
    """

    feature_loss: Loss
    regularizer: Loss
    weight: float
    ce_weight: float = 1.0
    grouping: Literal["class-major", "one-per-class"] = "class-major"
    recover: Recover = field(default_factory=Recover)
    request: Request = field(default_factory=Request)
    curriculum: Curriculum = field(default_factory=Curriculum)
    draws: int = 0

    @property
    def needs(self) -> tuple[type, ...]:
        wanted = (Teacher, *self.feature_loss.needs, *self.regularizer.needs)
        return tuple(dict.fromkeys(wanted))

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        """Optimises all images, batch after batch.

        Raises:
            CellFailed: the loss is no longer finite; names the step and the terms.
        """
        return _Recovery(self, reference, budget).run(rng, emit)


@dataclass(frozen=True)
class _Batch:
    """Class ids and slots of the images that are optimised together, each (B,)."""

    labels: Tensor
    slots: Tensor


def batches(grouping: str, num_classes: int, ipc: int, size: int) -> Iterator[_Batch]:
    """How the released code splits C*m images into batches of at most `size`."""
    if grouping == "class-major":
        per_batch = max(1, min(size // ipc, num_classes))
        for chunk in torch.arange(num_classes).split(per_batch):
            yield _Batch(chunk.repeat_interleave(ipc), torch.arange(ipc).repeat(len(chunk)))
        return
    for slot in range(ipc):
        for chunk in torch.arange(num_classes).split(size):
            yield _Batch(chunk, torch.full_like(chunk, slot))


class _Recovery:
    """One run of the optimisation: the tapped teacher, the objective and the pixel bounds."""

    def __init__(self, method: MatchingDistiller, reference: Reference, budget: Budget) -> None:
        self.method, self.reference, self.budget = method, reference, budget
        self.model = network(reference[Teacher], budget.fast)
        self.device = next(self.model.parameters()).device
        mean = torch.tensor(budget.mean, device=self.device).view(1, -1, 1, 1)
        std = torch.tensor(budget.std, device=self.device).view(1, -1, 1, 1)
        self.bounds = (-mean / std, (1 - mean) / std)

    def run(self, rng: Generator, emit: Emit) -> SyntheticSet:
        budget, recover = self.budget, self.method.recover
        chunks = list(batches(self.method.grouping, budget.num_classes, budget.ipc, recover.batch))
        images = torch.empty(budget.num_classes, budget.ipc, *budget.shape, dtype=torch.uint8)
        curves: list[Tensor] = []
        with Tapped(self.model, layers=(self.method.request.layer,)) as tapped:
            terms = self._objective(tapped, len(chunks) * recover.iterations)
            for index, chunk in enumerate(chunks):
                pixels, curve = self._optimise(terms, chunk, rng, emit, index, len(chunks))
                images[chunk.labels, chunk.slots] = denormalize_to_uint8(
                    pixels, budget.mean, budget.std
                ).cpu()
                curves.append(curve.cpu())
        return self._collect(images.flatten(0, 1), torch.stack(curves).mean(0))

    def _objective(self, tapped: Tapped, steps: int) -> "_Terms":
        terms = _Terms(tapped, self.method, self.reference, self.budget)
        size = (self.method.recover.batch, *self.budget.shape)
        if worth_compiling(self.model, size, steps, self.device):
            return compiled(terms)
        return terms

    def _optimise(
        self, terms: "_Terms", chunk: _Batch, rng: Generator, emit: Emit, index: int, count: int
    ) -> tuple[Tensor, Tensor]:
        """One batch: (B, ch, H, W) normalised pixels and its (4, points) loss curve."""
        recover, side = self.method.recover, self.budget.shape[-1]
        labels, slots = chunk.labels.to(self.device), chunk.slots.to(self.device)
        noise = torch.randn(len(labels), *self.budget.shape, generator=rng)
        x = noise.to(self.device).requires_grad_()
        optimizer = torch.optim.Adam([x], lr=recover.lr, betas=(recover.beta1, recover.beta2))
        every = max(1, recover.iterations // CURVE_POINTS)
        curve = []
        for step in range(recover.iterations):
            optimizer.param_groups[0]["lr"] = recover.lr * cosine(step, recover.iterations)
            smallest = self.method.curriculum.scale(step, recover.iterations, recover.crop_min)
            policy = CropPolicy(scale_min=smallest, flip=recover.flip)
            crop = draw_batch_crop(side, side, policy, rng)
            shift = draw_roll(recover.roll, rng), draw_roll(recover.roll, rng)
            optimizer.zero_grad(set_to_none=True)
            drawn = torch.rand(self.method.draws, generator=rng).to(self.device)
            values = terms(roll(batch_crop(x, crop, side), *shift), labels, slots, drawn)
            values[-1].backward()
            optimizer.step()
            with torch.no_grad():
                x.clamp_(*self.bounds)
            seen = values.detach()
            emit(
                Step(
                    "recover",
                    index * recover.iterations + step + 1,
                    count * recover.iterations,
                    dict(zip(TERMS, seen, strict=True)),
                )
            )
            if step % every == 0 or step == recover.iterations - 1:
                _refuse_non_finite(seen, step, index)
                curve.append(seen)
        return x.detach(), torch.stack(curve, dim=1)

    def _collect(self, images: Tensor, curve: Tensor) -> SyntheticSet:
        budget = self.budget
        decoded, size = encode_decode(images, self.method.recover.codec)
        weights = torch.ones(budget.num_classes, budget.ipc)
        if Barycenter in self.method.needs:
            weights = self.reference[Barycenter].weights.cpu().float() * budget.ipc
        return SyntheticSet(
            images=decoded,
            labels=torch.arange(budget.num_classes).repeat_interleave(budget.ipc),
            slots=torch.arange(budget.ipc).repeat(budget.num_classes),
            weights=weights.flatten(),
            image_bytes=size,
            curve=dict(zip(TERMS, curve, strict=True)),
        )


class _Terms(torch.nn.Module):
    """The objective's terms, stacked as (4,): classification, feature, batch norm, total."""

    def __init__(
        self, tapped: Tapped, method: MatchingDistiller, reference: Reference, budget: Budget
    ) -> None:
        super().__init__()
        self.tapped, self.method, self.reference = tapped, method, reference
        self.fast = budget.fast
        self.per_class = budget.ipc if method.grouping == "class-major" else 1

    def forward(self, x: Tensor, labels: Tensor, slots: Tensor, noise: Tensor) -> Tensor:
        with autocast(x.device, self.fast):
            out = self.tapped(x)
        features = out.features[self.method.request.layer].float()
        view = View(out.logits.float(), features, out.moments, labels, slots, self.per_class, noise)
        classification = self.method.ce_weight * cross_entropy(view.logits, labels)
        feature = self.method.feature_loss(view, self.reference)
        batch_norm = self.method.weight * self.method.regularizer(view, self.reference)
        total = classification + feature + batch_norm
        return torch.stack((classification, feature, batch_norm, total))


def _refuse_non_finite(values: Tensor, step: int, index: int) -> None:
    if not bool(torch.isfinite(values[-1])):
        terms: Mapping[str, float] = dict(zip(TERMS, values.tolist(), strict=True))
        shown = ", ".join(f"{name} {value:.4g}" for name, value in terms.items())
        raise CellFailed(
            f"recover: expected a finite loss, given {shown} at step {step} of batch {index}; "
            "lower recover.lr or the regularizer's weight"
        )
