"""DataDAM: match attention maps of random networks, and mean embeddings a little.

Source: arXiv:2310.00093 and its released code; methods.md 15. An iteration takes a fresh ConvNet;
64 real images and all synthetic ones of each class get the same augmentation; after each ReLU but
the last block's, the attention map of an image is the sum over channels of |activation|^p, scaled
to length 1; maps are averaged over a class's images and compared by squared distance, summed over
pixels and classes, times 100. DM's distance is added with weight 100 * balance. The released code
has p 1 and 20,000 iterations, the paper's table p 4 and 8,000. Images start at real ones, as by the
code's default. Evaluate it by `convnet-dsa` with 1,800 epochs (`--set relabel.epochs=1800`).
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import normalize

from bench import BadValue, Budget, RealSet, Reference, SyntheticSet, Uniform, distiller
from bench.core.events import Emit
from bench.data.dsa import Siamese, augment, draw_shared
from bench.stages.learned_images import ImageSteps, LearnedImages, Start, Terms

SCALE = 100.0  # of both terms, as released
POLICY = Siamese()


def attention(activations: Tensor, power: float) -> Tensor:
    """Attention maps (n, H * W) of length 1 from activations (n, ch, H, W)."""
    return normalize(activations.abs().pow(power).sum(1).flatten(1), dim=1)


def class_means(values: Tensor, counts: list[int]) -> Tensor:
    """Means (C, d) of values (n, d) that come class by class."""
    return torch.stack([part.mean(0) for part in values.split(counts)])


@dataclass(frozen=True)
class AttentionMatching:
    """Learns images with the attention maps and mean embeddings of real ones.

    Attributes:
        power: exponent of an activation in the attention map.
        balance: weight of the embeddings' term beside the maps'.
        batch: real images of each class in an iteration.
    """

    steps: ImageSteps
    power: float = 1.0
    balance: float = 0.01
    batch: int = 64
    dsa: bool = True
    arch: str = ""
    needs: tuple[type, ...] = (RealSet,)

    def __post_init__(self) -> None:
        if self.power <= 0 or self.balance < 0:
            raise BadValue(
                "datadam: expected a positive power and a balance of 0 or more, "
                f"given {self.power} and {self.balance}"
            )

    def images_each(self, side: int) -> int:
        return self.steps.images_each

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        learned = LearnedImages(reference[RealSet], budget, self.steps, rng, emit)
        return learned.run(partial(self.step, learned))

    def step(self, learned: LearnedImages, iteration: int) -> Terms:
        model = learned.network(self.arch, iteration).requires_grad_(False)
        pairs = [self._pair(learned, label) for label in range(learned.budget.num_classes)]
        real, made = (torch.cat(side) for side in zip(*pairs, strict=True))
        with torch.no_grad():
            wanted = self.means(model, real, [len(r) for r, _ in pairs])
        ours = self.means(model, made, [len(m) for _, m in pairs])
        apart = [SCALE * (r - s).square().sum() for r, s in zip(wanted, ours, strict=True)]
        maps, embedding = torch.stack(apart[:-1]).sum(), self.balance * apart[-1]
        total = maps + embedding
        learned.optimizer.zero_grad(set_to_none=True)
        total.backward()
        learned.optimizer.step()
        return {"attention": maps, "embedding": embedding, "total": total}

    def _pair(self, learned: LearnedImages, label: int) -> tuple[Tensor, Tensor]:
        real, made = learned.real.of_class(label, self.batch), learned.of_class(label)
        if not self.dsa:
            return real, made
        drawn = draw_shared(POLICY, learned.rng)
        return augment(real, drawn, POLICY), augment(made, drawn, POLICY)

    def means(self, model: nn.Module, images: Tensor, counts: list[int]) -> list[Tensor]:
        """Class means of the attention maps of all ReLUs but the last, then of the embeddings."""
        activations, embedding = activated(model, images)
        maps = [attention(each, self.power) for each in activations[:-1]]
        return [class_means(each, counts) for each in (*maps, embedding)]


def activated(model: nn.Module, images: Tensor) -> tuple[list[Tensor], Tensor]:
    """What each ReLU returns, and what the classifier receives, flattened.

    Raises:
        BadValue: a network without two ReLUs in a row of layers, whose last one is left out.
    """
    layers = model.get_submodule("features")
    found, x = [], images
    for layer in layers.children():
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            found.append(x)
    if len(found) < 2:
        raise BadValue(
            "datadam: expected a network with at least two ReLUs among its features, "
            f"given {len(found)}; choose a convnet of depth 2 or more"
        )
    return found, x.flatten(1)


LENGTHS = {"quick": {"iterations": 200}, "smoke": {"iterations": 3, "batch": 16}}
SPACE = {"lr": Uniform(0.1, 10.0, log=True), "balance": Uniform(0.001, 0.1, log=True)}


@distiller("datadam", space=SPACE, lengths=LENGTHS)
def datadam(
    iterations: int = 20_000,
    lr: float = 1.0,
    power: float = 1.0,
    balance: float = 0.01,
    batch: int = 64,
    start: Start = "real",
    dsa: bool = True,
    factor: int = 1,
    arch: str = "",
) -> AttentionMatching:
    """Attention matching as its released code runs it: p 1, 20,000 iterations (DataDAM)."""
    steps = ImageSteps(iterations, lr, start=start, factor=factor)
    return AttentionMatching(steps, power, balance, batch, dsa, arch)


@distiller("datadam-paper", space=SPACE, lengths=LENGTHS)
def datadam_paper(
    iterations: int = 8000,
    lr: float = 1.0,
    power: float = 4.0,
    balance: float = 0.01,
    batch: int = 64,
    start: Start = "real",
    dsa: bool = True,
    factor: int = 1,
    arch: str = "",
) -> AttentionMatching:
    """Attention matching as the paper's table says: p 4, 8,000 iterations (DataDAM)."""
    steps = ImageSteps(iterations, lr, start=start, factor=factor)
    return AttentionMatching(steps, power, balance, batch, dsa, arch)
