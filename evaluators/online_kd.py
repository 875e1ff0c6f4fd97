"""Online KD: the teacher labels every augmented batch when the student sees it; nothing is stored.

Source: mathematically the same as FKD (arXiv:2112.01528) up to float16 rounding of the logits, for
sets whose stored labels would not fit. The draws are those that FKD would store.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench import RealSet, Recipe, Reference, Score, SyntheticSet, Teacher, evaluator
from bench.core.events import Emit
from bench.data.mixing import augmented_batch, draws_on
from bench.data.network_input import streamed_input
from bench.stages.compute import autocast
from bench.stages.relabel import drawn
from bench.stages.student import SoftTarget, Target, fresh, optimizer_of, schedule_of, score
from bench.stages.teacher import network
from bench.stages.training import train


@dataclass(frozen=True)
class OnlineLabels:
    """Trains one student on labels that the teacher gives on the spot."""

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
        teacher = network(reference[Teacher], fast)
        updates = train(
            model,
            optimizer_of(model, recipe.student),
            recipe.relabel.epochs,
            Labelled(synthetic, teacher, test, recipe, seed, fast),
            SoftTarget(recipe.student.temperature, recipe.student.squared),
            stage="evaluate",
            fast=fast,
            emit=emit,
            schedule=schedule_of(recipe.student),
        )
        return score(model, test, device, fast, updates, 0, emit)


class Labelled:
    """The batches of FKD's draws, labelled by the teacher as they are made."""

    def __init__(
        self,
        synthetic: SyntheticSet,
        teacher: nn.Module,
        test: RealSet,
        recipe: Recipe,
        seed: int,
        fast: bool,
    ) -> None:
        given = streamed_input(synthetic, test.mean, test.std)
        self.images, self.weights = given.images, given.weights
        self.teacher, self.fast = teacher, fast
        self.draws = draws_on(drawn(recipe.relabel, self.images, seed), self.images.device)

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Target]]:
        size, device = self.draws.batch, self.images.device
        for index in range(self.draws.boxes.shape[1]):
            order = self.draws.order[epoch, index * size : (index + 1) * size]
            batch = augmented_batch(self.images, self.draws, epoch, index)
            with torch.no_grad(), autocast(device, self.fast):
                logits = self.teacher(batch)
            yield batch, (logits.half(), self.weights[order])


@evaluator("online-kd")
def online_kd() -> OnlineLabels:
    """The teacher labels every batch on the spot; no label is stored."""
    return OnlineLabels()
