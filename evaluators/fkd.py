"""FKD: students learn from stored soft labels, replaying the augmentation that made them.

Source: the protocol of SRe2L (arXiv:2306.13092) and WMDD (arXiv:2311.18531): AdamW, cosine per
epoch, KL at temperature 20 without the T² factor, CutMix on every batch. The last epoch counts.
Differs from the released code only in mechanics: draws are an indexed artifact, no patched torch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from bench import Recipe, RealSet, Reference, Score, SoftLabels, SyntheticSet, evaluator
from bench.data.mixing import augmented_batch, normalize
from bench.events import Emit
from bench.models.build import build_model
from bench.seeds import seed_for
from bench.stages.accuracy import judge
from bench.stages.compute import memory_format
from bench.stages.training import decayed, train

Target = tuple[Tensor, Tensor]  # teacher logits (B, C) and image weights (B,)


@dataclass(frozen=True)
class StoredLabels:
    """Trains one student on stored labels and judges its last epoch on the test split."""

    needs: tuple[type, ...] = (SoftLabels,)
    sections: tuple[str, ...] = ("student",)
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
        labels, config = reference[SoftLabels], recipe.student
        device, fast = synthetic.images.device, recipe.precision == "bf16"
        student = build_model(
            config.arch,
            num_classes=len(test.classes),
            channels=test.images.shape[1],
            resolution=test.resolution,
            seed=seed_for(seed, "student"),
            stem=test.stem,
        ).to(device, memory_format=memory_format(device, fast))
        optimizer = torch.optim.AdamW(decayed(student, config.weight_decay), lr=config.lr)
        replay = Replay(synthetic, labels, test.mean, test.std)
        updates = train(
            student,
            optimizer,
            len(labels.logits),
            replay,
            SoftTarget(config.temperature),
            stage="evaluate",
            fast=fast,
            emit=emit,
        )
        verdict = judge(student, test, device, fast)
        return Score(
            top1=verdict.top1,
            correct=verdict.correct,
            updates=updates,
            label_bytes=labels.label_bytes,
            extra={"top5": verdict.top5},
        )


class Replay:
    """The stored batches of an epoch, bit-identical to those that the teacher labelled."""

    def __init__(
        self,
        synthetic: SyntheticSet,
        labels: SoftLabels,
        mean: tuple[float, ...],
        std: tuple[float, ...],
    ) -> None:
        self.images = normalize(synthetic.images, mean, std)
        self.weights, self.labels, self.draws = synthetic.weights, labels, labels.draws

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Target]]:
        size, count = self.draws.batch, len(self.images)
        device = self.images.device
        for index in range(self.draws.boxes.shape[1]):
            chosen = slice(index * size, min((index + 1) * size, count))
            logits = self.labels.logits[epoch, chosen].to(device)
            weights = self.weights[self.draws.order[epoch, chosen].to(device)]
            yield augmented_batch(self.images, self.draws, epoch, index), (logits, weights)


@dataclass(frozen=True)
class SoftTarget:
    """KL(teacher || student) at a temperature, weighted by w / mean(w), mean over the batch."""

    temperature: float

    def __call__(self, logits: Tensor, target: Target) -> Tensor:
        teacher, weights = target
        log_p = log_softmax(teacher.float() / self.temperature, dim=1)
        log_q = log_softmax(logits / self.temperature, dim=1)
        divergence = (log_p.exp() * (log_p - log_q)).sum(1)  # (B,)
        return (divergence * weights).mean()


@evaluator("fkd")
def fkd() -> StoredLabels:
    """Stored soft labels (FKD), last epoch."""
    return StoredLabels()
