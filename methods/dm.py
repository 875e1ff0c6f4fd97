"""DM: match the mean embedding of each class under random networks.

Source: arXiv:2110.04181 and its released code; methods.md 12: SGD on the images with rate 1 and
momentum 0.5 for 20,000 iterations; each takes a fresh, untrained network in training mode, 256 real
images of each class and all synthetic ones under the same augmentation, and the squared distance
of their mean embeddings, summed over classes. A network with BatchNorm sees all classes in one
batch. The released code uses rate 10 from 100 images per class on. Evaluate it by `convnet-dsa`.
`factor` 2 stores four images in one, as IDC does (arXiv:2205.14959); it is no part of DM.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor, nn

from bench import Budget, Choice, RealSet, Reference, SyntheticSet, Uniform, distiller
from bench.core.events import Emit
from bench.data.dsa import Siamese, augment, draw_shared
from bench.models.taps import has_batchnorm
from bench.stages.learned_images import ImageSteps, LearnedImages, Start, Terms

Distance = Callable[[Tensor, Tensor], Tensor]  # embeddings (n, d) real, (k, d) synthetic
POLICY = Siamese()


def mean_distance(real: Tensor, synthetic: Tensor) -> Tensor:
    """The squared distance of two mean embeddings, summed over dimensions."""
    return (real.mean(0) - synthetic.mean(0)).square().sum()


@dataclass(frozen=True)
class EmbeddingMatching:
    """Learns images whose embeddings under random networks are close to real ones.

    Attributes:
        distance: of the embeddings of one class.
        batch: real images of each class in an iteration.
        dsa: whether both sides are augmented, by one set of numbers for each class.
        arch: the networks; empty means the ConvNet of the data set's resolution.
        per_network: iterations for which a network is kept.
    """

    steps: ImageSteps
    distance: Distance = mean_distance
    batch: int = 256
    dsa: bool = True
    arch: str = ""
    per_network: int = 1
    needs: tuple[type, ...] = (RealSet,)

    def images_each(self, side: int) -> int:
        return self.steps.images_each

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        learned = LearnedImages(reference[RealSet], budget, self.steps, rng, emit)
        return learned.run(partial(self.step, learned, Networks(learned, self)))

    def step(self, learned: LearnedImages, networks: "Networks", iteration: int) -> Terms:
        model = networks.at(iteration)
        learned.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=learned.device)
        for loss in self._losses(learned, model):
            loss.backward()
            total += loss.detach()
        learned.optimizer.step()
        return {"total": total}

    def _losses(self, learned: LearnedImages, model: nn.Module) -> Iterator[Tensor]:
        """One loss for each class, so that a class's graph is freed before the next; or their sum
        where BatchNorm must see all classes together."""
        pairs = (self.pair(learned, label) for label in range(learned.budget.num_classes))
        if not has_batchnorm(model):
            for real, made in pairs:
                with torch.no_grad():
                    seen = embedded(model, real)
                yield self.distance(seen, embedded(model, made))
            return
        both = list(pairs)
        reals, mades = [real for real, _ in both], [made for _, made in both]
        with torch.no_grad():
            seen = embedded(model, torch.cat(reals)).split([len(part) for part in reals])
        ours = embedded(model, torch.cat(mades)).split([len(part) for part in mades])
        yield torch.stack([self.distance(r, s) for r, s in zip(seen, ours, strict=True)]).sum()

    def pair(self, learned: LearnedImages, label: int) -> tuple[Tensor, Tensor]:
        """Real and synthetic images of a class, augmented alike."""
        real, made = learned.real.of_class(label, self.batch), learned.of_class(label)
        if not self.dsa:
            return real, made
        drawn = draw_shared(POLICY, learned.rng)
        return augment(real, drawn, POLICY), augment(made, drawn, POLICY)


class Networks:
    """Random networks without gradients of their own, each for a few iterations."""

    def __init__(self, learned: LearnedImages, method: EmbeddingMatching) -> None:
        self.learned, self.method = learned, method
        self._index, self._model = -1, nn.Module()

    def at(self, iteration: int) -> nn.Module:
        index = iteration // self.method.per_network
        if index != self._index:
            model = self.learned.network(self.method.arch, index)
            self._index, self._model = index, model.requires_grad_(False)
        return self._model


def embedded(model: nn.Module, images: Tensor) -> Tensor:
    """What the classifier receives, (n, d)."""
    features: Tensor = model.get_submodule("features")(images)
    return features.flatten(1)


@distiller(
    "dm",
    space={"lr": Uniform(0.1, 10.0, log=True), "dsa": Choice((True, False))},
    lengths={"quick": {"iterations": 200, "batch": 64}, "smoke": {"iterations": 3, "batch": 16}},
)
def dm(
    iterations: int = 20_000,
    lr: float = 1.0,
    batch: int = 256,
    start: Start = "real",
    dsa: bool = True,
    factor: int = 1,
    arch: str = "",
) -> EmbeddingMatching:
    """Distribution matching: mean embeddings under random ConvNets (DM)."""
    steps = ImageSteps(iterations, lr, start=start, factor=factor)
    return EmbeddingMatching(steps, batch=batch, dsa=dsa, arch=arch)
