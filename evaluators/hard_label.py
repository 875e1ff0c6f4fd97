"""Hard labels: students learn class indices by cross-entropy; the teacher plays no part.

Source: the `train_vanilla` script of WMDD's release (arXiv:2311.18531): AdamW, cosine per epoch,
random resized crops and flips, no CutMix; our reading of Figure 3. The last epoch counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import Tensor
from torch.nn.functional import cross_entropy

from bench import RealSet, Recipe, Reference, Score, SyntheticSet, evaluator
from bench.core.events import Emit
from bench.data.mixing import augmented_batch, draws_on
from bench.data.network_input import streamed_input
from bench.plugin.recipes import Relabel
from bench.stages.relabel import drawn
from bench.stages.student import fresh, optimizer_of, schedule_of, score
from bench.stages.training import train


@dataclass(frozen=True)
class HardLabels:
    """Trains one student on class indices; `augment` keeps the recipe's crops and flips."""

    augment: bool = True
    needs: tuple[type, ...] = ()
    sections: tuple[str, ...] = ("relabel", "student")
    higher_is_better: bool = True

    def evaluate(
        self,
        synthetic: SyntheticSet,
        reference: Reference,
        test: RealSet,
        recipe: Recipe,
        seed: int,
        emit: Emit,
    ) -> Score:
        device, fast = synthetic.images.device, recipe.precision == "bf16"
        model = fresh(recipe.student, test, seed, device, fast)
        config = replace(recipe.relabel, cutmix=False)
        if not self.augment:
            config = replace(config, crop_min=1.0, flip=0.0)
        updates = train(
            model,
            optimizer_of(model, recipe.student),
            config.epochs,
            Plain(synthetic, test, config, seed),
            cross_entropy,
            stage="evaluate",
            fast=fast,
            emit=emit,
            schedule=schedule_of(recipe.student),
        )
        return score(model, test, device, fast, updates, 0, emit)


class Plain:
    """Augmented batches with their class indices."""

    def __init__(self, synthetic: SyntheticSet, test: RealSet, config: Relabel, seed: int) -> None:
        given = streamed_input(synthetic, test.mean, test.std)
        self.images, self.labels = given.images, given.labels
        self.draws = draws_on(drawn(config, self.images, seed), self.images.device)

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        size = self.draws.batch
        for index in range(self.draws.boxes.shape[1]):
            order = self.draws.order[epoch, index * size : (index + 1) * size]
            yield augmented_batch(self.images, self.draws, epoch, index), self.labels[order]


@evaluator("hard-label")
def hard_label() -> HardLabels:
    """Class indices and cross-entropy, with crops and flips."""
    return HardLabels()


@evaluator("hard-label-plain")
def hard_label_plain() -> HardLabels:
    """Class indices and cross-entropy, without any augmentation."""
    return HardLabels(augment=False)
