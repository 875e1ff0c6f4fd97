"""Timing a feature loss that reads the real features of its classes, on simulated ones.

Comparing a batch with hundreds of real features takes as long as a small network does; the targets
of other losses are as small as the batch itself.
"""

from dataclasses import dataclass
from hashlib import sha256

import torch

from bench.artifacts.values import ClassFeatures
from bench.artifacts.views import Reference, View
from bench.execution.calibration import Meter, Shape, Step
from bench.execution.timings import remembered
from bench.plugin.contracts import Loss

RECORDS = "loss-timing-1"


@dataclass(frozen=True)
class Comparison:
    """One step's batch against the real images of its classes.

    Attributes:
        shape: the step of the network whose features are compared.
        per_class: images of each class in the batch.
        real: images of each class in the data set.
        draws: uniform numbers that the loss finds in the view.
        code: hash of the plugin that holds the loss.
    """

    loss: Loss
    shape: Shape
    per_class: int
    real: int
    dims: int
    draws: int
    code: str

    def key(self, device: torch.device) -> str:
        """A name for the record of its timing."""
        return sha256(f"{self} {device}".encode()).hexdigest()[:32]

    def step(self, device: torch.device) -> Step:
        """The loss and its gradient, on made-up features."""
        classes, rng = -(-self.shape.batch // self.per_class), torch.Generator().manual_seed(0)
        size = classes * self.per_class

        def drawn(*shape: int) -> torch.Tensor:
            return torch.rand(*shape, generator=rng).to(device)

        known = torch.arange(classes, device=device)
        real = ClassFeatures(
            drawn(classes * self.real, self.dims), known.repeat_interleave(self.real)
        )
        features = drawn(size, self.dims).requires_grad_()
        view = View(
            logits=drawn(size, self.shape.num_classes),
            features=features,
            moments=(),
            labels=known.repeat_interleave(self.per_class),
            slots=torch.arange(self.per_class, device=device).repeat(classes),
            per_class=self.per_class,
            noise=drawn(self.draws),
        )
        reference = Reference({ClassFeatures: real})

        def step() -> None:
            features.grad = None
            self.loss(view, reference).backward()

        return step


def comparing_seconds(comparison: Comparison, meter: Meter) -> float:
    """Seconds of the loss in one step; none where it reads something else."""
    if set(comparison.loss.needs) != {ClassFeatures}:
        return 0.0
    key = comparison.key(meter.device)
    return remembered(meter.store, RECORDS, key, lambda: _timed(comparison, meter))


def _timed(comparison: Comparison, meter: Meter) -> float:
    """A loss that fails here fails its own cells; the plan of others must not fail with it."""
    try:
        return meter.typical(comparison.step(meter.device), comparison.shape)
    except Exception:
        return 0.0
