"""FKD with the epoch chosen on 20 % of the distilled images, which the student never sees.

Source: arXiv:2311.18531, section 5.4 (Table 2): "held out 20 % of the distilled data as validation
set to find the best training epoch". The released code does not do it; our reading: of each class a
fifth of the images (at least one) is held out, labels are made for the others alone (so that CutMix
shows the student no held-out pixel), the epoch with the best accuracy on the held-out images
against their hard labels wins, a tie goes to the smaller KL to the teacher, and only that epoch's
weights meet the test images, once.
"""

from dataclasses import dataclass

import torch

from bench import RealSet, Recipe, Reference, Score, SyntheticSet, Teacher, evaluator
from bench.core.events import Emit
from bench.data.mixing import normalize
from bench.stages.compute import autocast
from bench.stages.epoch_choice import BestEpoch, Exam, divide
from bench.stages.placement import to_device
from bench.stages.relabel import relabel
from bench.stages.student import SoftTarget, fresh, optimizer_of, schedule_of, score
from bench.stages.teacher import network
from bench.stages.training import train
from evaluators.fkd import Replay


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
        stored = relabel(kept, teacher, recipe.relabel, test.mean, test.std, seed, fast, emit)
        labels = to_device(stored, device)
        model = fresh(config, test, seed, device, fast)
        best = BestEpoch(model, exam_of(held, teacher, test, config.temperature, fast), fast)
        updates = train(
            model,
            optimizer_of(model, config),
            recipe.relabel.epochs,
            Replay(kept, labels, test),
            SoftTarget(config.temperature, config.squared),
            stage="evaluate",
            fast=fast,
            emit=emit,
            schedule=schedule_of(config),
            after=best,
        )
        best.restore()
        chosen = {"chosen_epoch": best.epoch + 1.0, "held_out_top1": best.marks[0]}
        return score(model, test, device, fast, updates, labels.label_bytes, emit, **chosen)


@torch.no_grad()
def exam_of(
    held: SyntheticSet, teacher: Teacher, test: RealSet, temperature: float, fast: bool
) -> Exam:
    """The held-out images, unaugmented, with the teacher's logits on them."""
    images = normalize(held.images, test.mean, test.std)
    with autocast(images.device, fast):
        logits = network(teacher, fast)(images).float()
    return Exam(images, held.labels, logits, temperature)


@evaluator("fkd-held-out")
def fkd_held_out() -> HeldOut:
    """Soft labels; the epoch is chosen on a held-out fifth of the distilled images."""
    return HeldOut()
