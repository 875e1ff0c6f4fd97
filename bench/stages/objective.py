"""The objective of a recovery, term by term, and how long a feature loss takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from bench.artifacts.values import ClassFeatures
from bench.artifacts.views import Reference, View
from bench.core.errors import CellFailed
from bench.graph.work import Clock, Timing
from bench.models.taps import Tapped
from bench.plugin.contracts import Budget, Loss
from bench.stages.compute import autocast

if TYPE_CHECKING:
    from bench.stages.recover import MatchingDistiller

TERMS = ("classification", "feature", "batch_norm", "total")


class Terms(torch.nn.Module):
    """The objective's terms, stacked as (4,): classification, feature, batch norm, total."""

    def __init__(
        self, tapped: Tapped, method: "MatchingDistiller", reference: Reference, budget: Budget
    ) -> None:
        super().__init__()
        self.tapped, self.method, self.reference = tapped, method, reference
        self.fast = budget.fast
        self.per_class = 1
        self.see(budget.ipc)

    def see(self, ipc: int) -> None:
        """So many images of each class are judged from here on, where they stand together."""
        if self.method.grouping == "class-major":
            self.per_class = ipc

    def forward(self, x: Tensor, labels: Tensor, slots: Tensor, noise: Tensor) -> Tensor:
        with autocast(x.device, self.fast):
            out = self.tapped(x)
        features = out.features[self.method.layer].float()
        view = View(out.logits.float(), features, out.moments, labels, slots, self.per_class, noise)
        classification = self.method.ce_weight * cross_entropy(view.logits, labels)
        feature = self.method.feature_loss(view, self.reference)
        batch_norm = self.method.bn_weight * self.method.regularizer(view, self.reference)
        total = classification + feature + batch_norm
        return torch.stack((classification, feature, batch_norm, total))


def refuse_non_finite(values: Tensor, step: int, index: int) -> None:
    if not bool(torch.isfinite(values[-1])):
        terms: Mapping[str, float] = dict(zip(TERMS, values.tolist(), strict=True))
        shown = ", ".join(f"{name} {value:.4g}" for name, value in terms.items())
        raise CellFailed(
            f"recover: expected a finite loss, given {shown} at step {step} of batch {index}; "
            "lower recover.lr or bn_weight"
        )


class Votes(Protocol):
    """Which members of a committee judge a slot's images at a step, and with which weights."""

    def __call__(self, slot: int, step: int) -> Sequence[tuple[int, float]]: ...


def alone(slot: int, step: int) -> Sequence[tuple[int, float]]:
    """The first member, always."""
    return ((0, 1.0),)


def voted(
    terms: Sequence[Terms],
    votes: Sequence[tuple[int, float]],
    inputs: tuple[Tensor, Tensor, Tensor, Tensor],
) -> Tensor:
    """The terms (4,) of those who vote, each times its weight, summed."""
    if len(terms) == 1:
        single: Tensor = terms[0](*inputs)
        return single
    return torch.stack([weight * terms[index](*inputs) for index, weight in votes]).sum(0)


@dataclass(frozen=True)
class Comparison:
    """A feature loss that reads the real features of its classes, timed on simulated ones.

    Comparing a batch with hundreds of real features takes as long as a small network does; the
    targets of other losses are as small as the batch itself.

    Attributes:
        batch, per_class: images of the step, and of each class in it.
        classes: of the data set.
        real: images of each class in the data set.
        draws: uniform numbers that the loss finds in the view.
        code: hash of the plugin that holds the loss.
    """

    loss: Loss
    batch: int
    per_class: int
    classes: int
    real: int
    dims: int
    draws: int
    code: str
    name: ClassVar[str] = "loss-timing-2"

    @property
    def key(self) -> str:
        return sha256(repr(self).encode()).hexdigest()[:32]

    def measure(self, clock: Clock) -> Timing:
        """The loss and its gradient; one that fails here fails its own cells, not the plan."""
        classes, rng = -(-self.batch // self.per_class), torch.Generator().manual_seed(0)
        size = classes * self.per_class

        def drawn(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=rng).to(clock.device)

        known = torch.arange(classes, device=clock.device)
        real = drawn(classes * self.real, self.dims)
        features = drawn(size, self.dims).requires_grad_()
        view = View(
            logits=drawn(size, self.classes),
            features=features,
            moments=(),
            labels=known.repeat_interleave(self.per_class),
            slots=torch.arange(self.per_class, device=clock.device).repeat(classes),
            per_class=self.per_class,
            noise=drawn(self.draws),
        )
        seen = ClassFeatures(real, known.repeat_interleave(self.real))
        reference = Reference({ClassFeatures: seen})

        def step() -> None:
            features.grad = None
            self.loss(view, reference).backward()

        try:
            return clock.step(step)
        except Exception:
            return Timing(0.0)
