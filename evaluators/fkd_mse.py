"""FKD by mean squared error: students match the stored logits and learn the hard labels beside.

Source: G-VBSM (arXiv:2311.17950) and EDC (arXiv:2404.13733): MSE to the teacher's logits plus w
times cross-entropy to the label of each image, w = 0.1 (G-VBSM on ImageNet and Tiny), 0.15 (on
CIFAR) and 0.025 (EDC); EDC judges a moving average of the weights, `student.ema=0.99`. Batches are
those that FKD replays. The last epoch counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from bench import (
    RealSet,
    Recipe,
    Reference,
    Score,
    SoftLabels,
    SoftLabelsRequest,
    SyntheticSet,
    evaluator,
)
from bench.core.events import Emit
from bench.stages.squeeze import backbones
from bench.stages.student import LogitTarget, train_student
from evaluators.fkd import Replay, StoredLabels

Target = tuple[Tensor, Tensor, Tensor]  # teacher logits (B, C), hard labels (B,), weights (B,)


@dataclass(frozen=True)
class MatchedLogits(StoredLabels):
    """Trains one student on stored logits and hard labels, and judges its last epoch."""

    def evaluate(
        self,
        synthetic: SyntheticSet,
        reference: Reference,
        test: RealSet,
        recipe: Recipe,
        seed: int,
        emit: Emit,
    ) -> Score:
        labels = reference[self.labels]
        return train_student(
            recipe.student,
            test,
            LabelledReplay(synthetic, labels, test),
            LogitTarget(recipe.student.ce_weight),
            epochs=len(labels.logits),
            seed=seed,
            device=synthetic.images.device,
            fast=recipe.precision == "bf16",
            emit=emit,
            label_bytes=labels.label_bytes,
        )


class LabelledReplay:
    """The batches of FKD with the hard label of each image, CutMix or not."""

    def __init__(self, synthetic: SyntheticSet, labels: SoftLabels, test: RealSet) -> None:
        self.replay = Replay(synthetic, labels, test)
        self.labels = synthetic.labels.repeat_interleave(synthetic.factor**2)

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Target]]:
        draws = self.replay.draws
        orders = draws.order[epoch].split(draws.batch)
        for (images, (logits, weights)), order in zip(self.replay(epoch), orders, strict=True):
            yield images, (logits, self.labels[order], weights)


@evaluator("fkd-mse")
def fkd_mse() -> MatchedLogits:
    """Stored logits by MSE, hard labels by cross-entropy (G-VBSM, EDC), last epoch."""
    return MatchedLogits()


@evaluator("fkd-mse-ensemble")
def fkd_mse_ensemble() -> MatchedLogits:
    """As fkd-mse, by the mean logits of four teachers of different architectures."""
    return MatchedLogits(labels=SoftLabelsRequest(teachers=backbones()))
