"""FKD: students learn from stored soft labels, replaying the augmentation that made them.

Source: the protocol of SRe2L (arXiv:2306.13092) and WMDD (arXiv:2311.18531): AdamW, cosine per
epoch, KL at temperature 20 without the T² factor, CutMix on every batch. The last epoch counts.
Differs from the released code only in mechanics: draws are an indexed artifact, no patched torch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from bench import Need, RealSet, Recipe, Reference, Score, SoftLabels, SyntheticSet, evaluator
from bench.core.events import Emit
from bench.data.mixing import augmented_batch, draws_on
from bench.data.network_input import streamed_input
from bench.data.streaming import EpochStream
from bench.stages.student import SoftTarget, Target, fresh, optimizer_of, schedule_of, score
from bench.stages.training import train


@dataclass(frozen=True)
class StoredLabels:
    """Trains one student on stored labels and judges its last epoch on the test split.

    Attributes:
        labels: which soft labels: by default those of the recipe's teacher.
    """

    labels: Need = SoftLabels
    sections: tuple[str, ...] = ("student",)
    higher_is_better: bool = True

    @property
    def needs(self) -> tuple[Need, ...]:
        return (self.labels,)

    def evaluate(
        self,
        synthetic: SyntheticSet,
        reference: Reference,
        test: RealSet,
        recipe: Recipe,
        seed: int,
        emit: Emit,
    ) -> Score:
        labels, config = reference[self.labels], recipe.student
        device, fast = synthetic.images.device, recipe.precision == "bf16"
        model = fresh(config, test, seed, device, fast)
        updates = train(
            model,
            optimizer_of(model, config),
            len(labels.logits),
            Replay(synthetic, labels, test),
            SoftTarget(config.temperature, config.squared),
            stage="evaluate",
            fast=fast,
            emit=emit,
            schedule=schedule_of(config),
        )
        return score(model, test, device, fast, updates, labels.label_bytes, emit)


class Replay:
    """The stored batches of an epoch, bit-identical to those that the teacher labelled.

    Labels come from where they lie, epoch by epoch; only the draws are on the device as a whole.
    """

    def __init__(self, synthetic: SyntheticSet, labels: SoftLabels, test: RealSet) -> None:
        given = streamed_input(synthetic, test.mean, test.std)
        self.images, self.weights = given.images, given.weights
        self.draws = draws_on(labels.draws, self.images.device)
        self.logits = EpochStream(labels.logits, self.images.device)

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Target]]:
        size, logits = self.draws.batch, self.logits(epoch)
        for index in range(self.draws.boxes.shape[1]):
            chosen = slice(index * size, (index + 1) * size)
            weights = self.weights[self.draws.order[epoch, chosen]]
            batch = augmented_batch(self.images, self.draws, epoch, index)
            yield batch, (logits[chosen], weights)


@evaluator("fkd")
def fkd() -> StoredLabels:
    """Stored soft labels (FKD), last epoch."""
    return StoredLabels()
