"""FKD with the epoch chosen on 20 % of the distilled images, which the student never sees.

Source: arXiv:2311.18531, section 5.4 (Table 2): "held out 20 % of the distilled data as validation
set to find the best training epoch". The released code does not do it; our reading: of each class a
fifth of the images (at least one) is held out, labels are made for the others alone (so that CutMix
shows the student no held-out pixel), the epoch with the best accuracy on the held-out images
against their hard labels wins, a tie goes to the smaller KL to the teacher, and only that epoch's
weights meet the test images, once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from bench import RealSet, Recipe, Reference, Score, SyntheticSet, Teacher, evaluator
from bench.core.events import Emit
from bench.data.mixing import draws_on
from bench.data.network_input import streamed_input
from bench.plugin.recipes import Relabel
from bench.stages.epoch_choice import BestEpoch, Exam, divide, logits_on
from bench.stages.relabel import drawn, labelled
from bench.stages.student import SoftTarget, Target, fresh, optimizer_of, schedule_of, score
from bench.stages.teacher import network
from bench.stages.training import train


@dataclass(frozen=True)
class HeldOut:
    """Trains one student on four fifths of the images and judges the epoch the rest chose."""

    needs: tuple[type, ...] = (Teacher,)
    sections: tuple[str, ...] = ("relabel", "student")
    higher_is_better: bool = True
    least_ipc: int = 2  # one image to train on, one to hold out

    def evaluate(
        self,
        synthetic: SyntheticSet,
        reference: Reference,
        test: RealSet,
        recipe: Recipe,
        seed: int,
        emit: Emit,
    ) -> Score:
        teacher, config = reference[Teacher], recipe.student
        device, fast = synthetic.images.device, recipe.precision == "bf16"
        kept, held = divide(synthetic, seed)
        guide = network(teacher, fast)
        feed = Labelled(kept, guide, test, recipe.relabel, seed, fast)
        model = fresh(config, test, seed, device, fast)
        exam = streamed_input(held, test.mean, test.std)
        known = logits_on(guide, exam.images, fast)
        best = BestEpoch(model, Exam(exam.images, exam.labels, known, config.temperature), fast)
        updates = train(
            model,
            optimizer_of(model, config),
            recipe.relabel.epochs,
            feed,
            SoftTarget(config.temperature, config.squared),
            stage="evaluate",
            fast=fast,
            emit=emit,
            schedule=schedule_of(config),
            after=best,
        )
        best.restore()
        chosen = {"chosen_epoch": best.epoch + 1.0, "held_out_top1": best.marks[0]}
        size = feed.label_bytes(teacher.num_classes)
        return score(model, test, device, fast, updates, size, emit, **chosen)


class Labelled:
    """The batches of FKD with the labels that it would store, each made when its turn comes.

    They are for the four fifths of this seed alone, so nothing is kept of them, and an epoch is
    all that is ever in memory.
    """

    def __init__(
        self,
        kept: SyntheticSet,
        teacher: nn.Module,
        test: RealSet,
        config: Relabel,
        seed: int,
        fast: bool,
    ) -> None:
        given = streamed_input(kept, test.mean, test.std)
        images = given.images
        self.draws = draws_on(drawn(config, images, seed), images.device)
        self.weights, self.count = given.weights, len(given.labels)
        self._made = (
            pair for group in labelled(images, teacher, self.draws, fast) for pair in group
        )

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Target]]:
        size = self.draws.batch
        for index in range(self.draws.boxes.shape[1]):
            batch, logits = next(self._made)
            order = self.draws.order[epoch, index * size : (index + 1) * size]
            yield batch, (logits, self.weights[order])

    def label_bytes(self, num_classes: int) -> int:
        """Bytes of the labels as FKD would store them."""
        return 2 * len(self.draws.order) * self.count * num_classes + self.draws.nbytes


@evaluator("fkd-held-out")
def fkd_held_out() -> HeldOut:
    """Soft labels; the epoch is chosen on a held-out fifth of the distilled images."""
    return HeldOut()
