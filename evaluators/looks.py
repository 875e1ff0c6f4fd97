"""The look audit: one student, three epochs to report it at: last, validation-selected, oracle.

Source: an audit of this suite, from no paper. Most of the field reports the best of several looks
at the test images; what that is worth is a difference between epochs of the *same* student, which
this evaluator measures. The student is trained bit for bit as `fkd` trains it, and its score is
that of the last epoch. At 30 evenly spaced epochs (every tenth of 300, as SRe2L's released code
looks) it is also judged on the test images and on real training images; the numbers that this
gives are kept beside the score: `top1_validation`, on test images at the epoch that is best on the
training images, and `top1_oracle_test`, the best on the test images themselves, which is named
`oracle (test)` in reports and is nothing to compare methods by. Of equal epochs the earlier counts.
The validation images are as many real training images as there are test images (all, where there
are fewer), drawn by the seed; teacher and distiller have seen them, the student has not.
"""

from dataclasses import dataclass, field, replace

import torch
from torch import nn

from bench import Need, RealSet, Recipe, Reference, Score, SoftLabels, SyntheticSet, evaluator
from bench.core.events import Emit
from bench.core.seeds import generator_for
from bench.stages.accuracy import judge
from bench.stages.student import SoftTarget, fresh, optimizer_of, schedule_of, score
from bench.stages.training import train
from evaluators.fkd import Replay

LOOKS = 30


@dataclass(frozen=True)
class LookAudit:
    """Trains one student on stored labels; its score is the last epoch's, with two others beside.

    Attributes:
        oracle: that it looks at test images more than once, which nothing else may.
    """

    needs: tuple[Need, ...] = (SoftLabels, RealSet)
    sections: tuple[str, ...] = ("student",)
    higher_is_better: bool = True
    oracle: bool = True

    def evaluate(
        self,
        synthetic: SyntheticSet,
        reference: Reference,
        test: RealSet,
        recipe: Recipe,
        seed: int,
        emit: Emit,
    ) -> Score:
        labels, config = reference[SoftLabels], recipe.student
        device, fast = synthetic.images.device, recipe.precision == "bf16"
        model = fresh(config, test, seed, device, fast)
        epochs = len(labels.logits)
        validation = drawn_from(reference[RealSet], len(test.labels), seed)
        looks = Looks(model, validation, test, epochs, device, fast)
        updates = train(
            model,
            optimizer_of(model, config),
            epochs,
            Replay(synthetic, labels, test),
            SoftTarget(config.temperature, config.squared),
            stage="evaluate",
            fast=fast,
            emit=emit,
            schedule=schedule_of(config),
            after=looks,
        )
        size = labels.label_bytes
        return score(model, test, device, fast, updates, size, emit, **looks.numbers())


def drawn_from(real: RealSet, count: int, seed: int) -> RealSet:
    """At most `count` images of a real set, drawn without replacement by the seed."""
    rng = generator_for(seed, "look-audit")
    chosen = torch.randperm(len(real.labels), generator=rng)[:count].sort().values
    return replace(real, images=real.images[chosen], labels=real.labels[chosen])


@dataclass
class Looks:
    """What a student is worth on two sets of images at some of its epochs.

    Attributes:
        marks: (epoch, accuracy on the validation images, accuracy on the test images).
    """

    model: nn.Module
    validation: RealSet
    test: RealSet
    epochs: int
    device: torch.device
    fast: bool
    marks: list[tuple[int, float, float]] = field(default_factory=list)

    def __call__(self, epoch: int) -> None:
        every = max(1, self.epochs // LOOKS)
        if (epoch + 1) % every == 0 or epoch + 1 == self.epochs:
            sets = (self.validation, self.test)
            top1 = [judge(self.model, real, self.device, self.fast).top1 for real in sets]
            self.marks.append((epoch + 1, top1[0], top1[1]))

    def numbers(self) -> dict[str, float]:
        """The test accuracies at the two chosen epochs, and which epochs they are."""
        chosen = max(self.marks, key=lambda mark: (mark[1], -mark[0]))
        oracle = max(self.marks, key=lambda mark: (mark[2], -mark[0]))
        return {
            "looks": float(len(self.marks)),
            "top1_validation": chosen[2],
            "epoch_validation": float(chosen[0]),
            "top1_oracle_test": oracle[2],
            "epoch_oracle_test": float(oracle[0]),
        }


@evaluator("looks")
def looks() -> LookAudit:
    """As fkd, and beside the last epoch: validation-selected, and the oracle on test images."""
    return LookAudit()
