"""The protocol of the ConvNet line: SGD on the synthetic images as they are, accuracy at the end.

Source: the released code of DC and DSA (arXiv:2006.05929, 2102.08259), which DM, MTT and DataDAM
share; methods.md 11.1: SGD 0.01, momentum 0.9, weight decay 5e-4 on everything, batch 256, epochs
0 to E, the rate a tenth and the momentum forgotten after epoch E // 2 + 1, the last epoch counts.
`convnet-dc` does not augment, `convnet-dsa` draws DSA for every image of a batch, `convnet-zca`
does so on whitened images. Learned labels are soft targets and a learned rate is the rate, where
a set has them. Fresh networks and further architectures are a study's `repeats` and `students`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from bench import RealSet, Recipe, Reference, Score, SyntheticSet, evaluator
from bench.core.events import Emit
from bench.core.seeds import generator_for
from bench.data.dsa import Siamese, augment, draw_each
from bench.data.network_input import NetworkInput, network_input
from bench.data.streaming import upload
from bench.data.zca import Whitened, Whitening, whitening
from bench.plugin.recipes import Student
from bench.stages.student import fresh, optimizer_of, schedule_of, score
from bench.stages.training import train


@dataclass(frozen=True)
class ConvNetProtocol:
    """Trains one student by SGD on hard or learned labels and judges its last epoch."""

    dsa: bool = False
    zca: bool = False
    sections: tuple[str, ...] = ("relabel", "student")
    higher_is_better: bool = True

    @property
    def needs(self) -> tuple[type, ...]:
        return (RealSet,) if self.zca else ()

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
        given = network_input(synthetic, test.mean, test.std)
        whiten = whitening(reference[RealSet], device=device) if self.zca else None
        if whiten:
            given = replace(given, images=whiten(given.images))
        optimizer = optimizer_of(model, with_learned_rate(recipe.student, synthetic))
        epochs = recipe.relabel.epochs + 1  # the released code counts from 0 to E
        batches = Shuffled(given, recipe.relabel.batch, self.dsa, seed, optimizer, epochs)
        updates = train(
            model,
            optimizer,
            epochs,
            batches,
            weighted_cross_entropy,
            stage="evaluate",
            fast=fast,
            emit=emit,
            schedule=schedule_of(recipe.student),
        )
        judged = whitened(model, whiten)
        return score(judged, test, device, fast, updates, synthetic.label_bytes, emit)


def with_learned_rate(config: Student, synthetic: SyntheticSet) -> Student:
    """The student's settings with the rate that the set brings, where it brings one."""
    return replace(config, lr=synthetic.lr) if synthetic.lr else config


def whitened(model: nn.Module, whiten: Whitening | None) -> nn.Module:
    """The network as one that takes normalised images; all of it is on its device already."""
    return Whitened(model, whiten) if whiten else model


def weighted_cross_entropy(logits: Tensor, target: tuple[Tensor, Tensor]) -> Tensor:
    """Cross-entropy to class indices (B,) or to label logits (B, C), with image weights (B,)."""
    labels, weights = target
    wanted = labels if labels.dim() == 1 else labels.softmax(1)
    return (cross_entropy(logits, wanted, reduction="none") * weights).mean()


class Shuffled:
    """Batches of all images in a fresh order, augmented or not, with labels and weights."""

    def __init__(
        self,
        given: NetworkInput,
        batch: int,
        dsa: bool,
        seed: int,
        optimizer: Optimizer,
        epochs: int,
    ) -> None:
        self.given, self.batch, self.policy = given, batch, Siamese() if dsa else None
        self.labels = given.soft if len(given.soft) else given.labels
        self.rng: Generator = generator_for(seed, "convnet-dc")
        self.optimizer, self.rebuilt = optimizer, (epochs - 1) // 2 + 2

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, tuple[Tensor, Tensor]]]:
        if epoch == self.rebuilt:  # the released code makes a new optimiser for the lower rate
            self.optimizer.state.clear()
        images, weights = self.given.images, self.given.weights
        order = upload(torch.randperm(len(images), generator=self.rng), images.device)
        for chosen in order.split(self.batch):
            part = images[chosen]
            if self.policy:
                part = augment(part, draw_each(self.policy, len(part), self.rng), self.policy)
            yield part, (self.labels[chosen], weights[chosen])


@evaluator("convnet-dc")
def convnet_dc() -> ConvNetProtocol:
    """The ConvNet line's SGD on the images as they are (DC)."""
    return ConvNetProtocol()


@evaluator("convnet-dsa")
def convnet_dsa() -> ConvNetProtocol:
    """The ConvNet line's SGD with differentiable siamese augmentation (DSA, DM, MTT)."""
    return ConvNetProtocol(dsa=True)


@evaluator("convnet-zca")
def convnet_zca() -> ConvNetProtocol:
    """The ConvNet line's SGD with augmentation, on images whitened by the real set (MTT)."""
    return ConvNetProtocol(dsa=True, zca=True)
