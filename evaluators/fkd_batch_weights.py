"""FKD with image weights relative to their mean over each batch, as WMDD's release scales them.

Source: the released code of WMDD (arXiv:2311.18531), `weights /= weights.mean()` on every batch of
the FKD loss. `fkd` divides by the mean over the whole set instead, so that an image counts the same
in every batch. Under uniform weights, which every published script of the release sets, the two are
equal; they differ for learned ones (`kmeans`, recipe `wmdd-paper`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from bench import RealSet, Recipe, Reference, Score, SyntheticSet, evaluator
from bench.core.events import Emit
from bench.stages.student import SoftTarget, Target, fresh, optimizer_of, schedule_of, score
from bench.stages.training import train
from evaluators.fkd import Replay, StoredLabels


class BatchWeights(Replay):
    """The stored batches, the weights of each with a mean of 1."""

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Target]]:
        for batch, (logits, weights) in super().__call__(epoch):
            yield batch, (logits, weights / weights.mean())


@dataclass(frozen=True)
class BatchWeighted(StoredLabels):
    """Trains one student on stored labels, every batch of which weighs the same."""

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
            BatchWeights(synthetic, labels, test),
            SoftTarget(config.temperature, config.squared),
            stage="evaluate",
            fast=fast,
            emit=emit,
            schedule=schedule_of(config),
        )
        return score(model, test, device, fast, updates, labels.label_bytes, emit)


@evaluator("fkd-batch-weights")
def fkd_batch_weights() -> BatchWeighted:
    """Stored soft labels (FKD), image weights scaled within each batch; last epoch."""
    return BatchWeighted()
