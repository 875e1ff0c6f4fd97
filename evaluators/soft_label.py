"""Soft labels without distillation of knowledge: one teacher's answer per image, kept for good.

Source: the middle of three label regimes that arXiv:2604.18811 tells apart (hard labels, soft
labels, soft labels with knowledge distillation). The teacher sees each synthetic image once, whole
and not augmented; its logits are the label of every view of that image. Our reading: the loss is
that of `fkd` (KL at the recipe's temperature), so that only the label differs from it, and crops
and flips are those of `hard-label`, which cannot mix images either. Without augmentation a teacher
that answers anew each time gives the same label, so that `soft-label-plain` is also knowledge
distillation without augmentation. The last epoch counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import Tensor, nn

from bench import RealSet, Recipe, Reference, Score, SyntheticSet, Teacher, evaluator
from bench.core.events import Emit
from bench.data.mixing import augmented_batch, draws_on
from bench.data.network_input import streamed_input
from bench.plugin.recipes import Relabel
from bench.stages.epoch_choice import logits_on
from bench.stages.relabel import drawn
from bench.stages.student import SoftTarget, Target, fresh, optimizer_of, schedule_of, score
from bench.stages.teacher import network
from bench.stages.training import train

BYTES = 2  # of a logit, as FKD stores them


@dataclass(frozen=True)
class SoftLabelled:
    """Trains one student on one soft label per image; `augment` keeps crops and flips."""

    augment: bool = True
    needs: tuple[type, ...] = (Teacher,)
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
        feed = Answered(synthetic, network(reference[Teacher], fast), test, config, seed, fast)
        updates = train(
            model,
            optimizer_of(model, recipe.student),
            config.epochs,
            feed,
            SoftTarget(recipe.student.temperature, recipe.student.squared),
            stage="evaluate",
            fast=fast,
            emit=emit,
            schedule=schedule_of(recipe.student),
        )
        size = BYTES * feed.logits.numel()
        return score(model, test, device, fast, updates, size, emit)


class Answered:
    """Augmented batches with the teacher's one answer to each whole image."""

    def __init__(
        self,
        synthetic: SyntheticSet,
        teacher: nn.Module,
        test: RealSet,
        config: Relabel,
        seed: int,
        fast: bool,
    ) -> None:
        given = streamed_input(synthetic, test.mean, test.std)
        self.images, self.weights = given.images, given.weights
        self.logits: Tensor = logits_on(teacher, self.images, fast).half()
        self.draws = draws_on(drawn(config, self.images, seed), self.images.device)

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Target]]:
        size = self.draws.batch
        for index in range(self.draws.boxes.shape[1]):
            order = self.draws.order[epoch, index * size : (index + 1) * size]
            batch = augmented_batch(self.images, self.draws, epoch, index)
            yield batch, (self.logits[order], self.weights[order])


@evaluator("soft-label")
def soft_label() -> SoftLabelled:
    """One soft label per image, with crops and flips; the teacher is asked once."""
    return SoftLabelled()


@evaluator("soft-label-plain")
def soft_label_plain() -> SoftLabelled:
    """One soft label per image, without any augmentation."""
    return SoftLabelled(augment=False)
