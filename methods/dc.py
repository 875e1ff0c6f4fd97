"""DC and DSA: match the gradients that a network gets from real and from synthetic images.

Source: arXiv:2006.05929 (DC), arXiv:2102.08259 (DSA) and their released code; methods.md 11. An
iteration takes a fresh network; `outer` times, the gradients of the cross-entropy on 256 real
images and on all synthetic ones of a class are compared by the cosine of each output channel's
row, class by class, the images take one SGD step (rate 0.1, momentum 0.5), and the network is
trained on the images for `inner` epochs. DC starts at noise and does not augment; DSA starts at
real images and augments both sides alike. Numbers of steps by IPC are the published ones; where
an IPC has none, those of the nearest smaller IPC count, while the released code stops.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy

from bench import (
    BadValue,
    Budget,
    Context,
    Passes,
    RealSet,
    Reference,
    SyntheticSet,
    Uniform,
    Work,
    distiller,
)
from bench.core.events import Emit
from bench.data.dsa import Siamese, augment, draw_each, draw_shared
from bench.models.taps import has_batchnorm
from bench.stages.learned_images import ImageSteps, LearnedImages, Start, Terms
from bench.study.convnet import convnet_for

LOOPS = {1: (1, 1), 10: (10, 50), 20: (20, 25), 30: (30, 20), 40: (40, 15), 50: (50, 10)}
TINY = 1e-6  # in the denominator of a cosine, as released
NORM_IMAGES = 16  # real images of each class that set the statistics of BatchNorm
POLICY = Siamese()


def loops(ipc: int) -> tuple[int, int]:
    """Outer steps and inner epochs at a number of images per class."""
    return LOOPS[max(known for known in LOOPS if known <= ipc)]


def gradient_distance(synthetic: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Summed 1 - cosine of the rows of each layer's gradients; vectors (biases, norms) count 0."""
    terms = [rows_apart(s, r) for s, r in zip(synthetic, real, strict=True) if s.dim() > 1]
    return torch.stack(terms).sum()


def rows_apart(synthetic: Tensor, real: Tensor) -> Tensor:
    """Summed 1 - cosine of the rows, one for each output channel, of two gradients."""
    s, r = synthetic.flatten(1), real.flatten(1)
    cosine = (s * r).sum(1) / (s.norm(dim=1) * r.norm(dim=1) + TINY)
    return torch.sum(1 - cosine)


def gradients(model: nn.Module, images: Tensor, label: int, keep: bool = False) -> list[Tensor]:
    """Gradients of the cross-entropy by parameter; with `keep` they have a gradient themselves."""
    target = torch.full((len(images),), label, device=images.device)
    loss = cross_entropy(model(images), target)
    return list(torch.autograd.grad(loss, list(model.parameters()), create_graph=keep))


@dataclass(frozen=True)
class GradientMatching:
    """Learns images whose gradients point where those of real images do.

    Attributes:
        outer, inner: image steps of an iteration, and epochs of training between them; 0 means the
            published number at that IPC.
        net_lr: of SGD without momentum on the network.
        net_batch: synthetic images of a batch of that training.
    """

    steps: ImageSteps
    dsa: bool = False
    batch: int = 256
    outer: int = 0
    inner: int = 0
    net_lr: float = 0.01
    net_batch: int = 256
    arch: str = ""
    needs: tuple[type, ...] = (RealSet,)

    def __post_init__(self) -> None:
        if min(self.outer, self.inner) < 0 or self.net_lr <= 0:
            raise BadValue(
                "gradient matching: expected outer and inner of 0 or more and a positive net_lr, "
                f"given {self.outer}, {self.inner} and {self.net_lr}"
            )

    def images_each(self, side: int) -> int:
        return self.steps.images_each

    def work(self, at: Context) -> Work:
        """Passes of an iteration: gradients of both batches of each class, then training."""
        spec, (outer, inner) = at.source.spec, loops(at.ipc)
        outer, inner = self.outer or outer, self.inner or inner
        arch, each = self.arch or convnet_for(spec.resolution), at.ipc * self.steps.images_each
        turns, images = self.steps.iterations * outer, spec.num_classes * each
        batch = min(self.net_batch, images)
        passes = (
            Passes("train", arch, self.batch, turns * spec.num_classes),
            Passes("train", arch, each, 2 * turns * spec.num_classes),  # differentiated twice
            Passes("train", arch, batch, turns * inner * -(-images // batch)),
        )
        size = 4.0 * spec.num_classes * at.ipc * spec.channels * spec.resolution**2
        return Work(passes, bytes=size)

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        learned = LearnedImages(reference[RealSet], budget, self.steps, rng, emit)
        return learned.run(partial(self.step, learned))

    def step(self, learned: LearnedImages, iteration: int) -> Terms:
        """One network's life: images and network learn in turn."""
        model = learned.network(self.arch, iteration)
        optimizer = torch.optim.SGD(model.parameters(), self.net_lr)
        outer, inner = loops(learned.budget.ipc)
        outer, inner = self.outer or outer, self.inner or inner
        total = torch.zeros((), device=learned.device)
        for turn in range(outer):
            if has_batchnorm(model):
                self._set_statistics(learned, model)
            learned.optimizer.zero_grad(set_to_none=True)
            for label in range(learned.budget.num_classes):
                loss = self._class_loss(learned, model, label)
                loss.backward(inputs=[learned.images])
                total += loss.detach()
            learned.optimizer.step()
            if turn < outer - 1:
                self._train(learned, model, optimizer, inner)
        return {"total": total / (outer * learned.budget.num_classes)}

    def _class_loss(self, learned: LearnedImages, model: nn.Module, label: int) -> Tensor:
        real, made = learned.real.of_class(label, self.batch), learned.of_class(label)
        if self.dsa:
            drawn = draw_shared(POLICY, learned.rng)
            real, made = augment(real, drawn, POLICY), augment(made, drawn, POLICY)
        wanted = gradients(model, real, label)
        return gradient_distance(gradients(model, made, label, keep=True), wanted)

    def _train(
        self, learned: LearnedImages, model: nn.Module, optimizer: torch.optim.SGD, epochs: int
    ) -> None:
        """Trains the network on the synthetic images as they are now."""
        images, model = learned.all().detach(), model.train()
        for _ in range(epochs):
            order = torch.randperm(len(images), generator=learned.rng).to(learned.device)
            for chosen in order.split(self.net_batch):
                part = images[chosen]
                if self.dsa:
                    part = augment(part, draw_each(POLICY, len(part), learned.rng), POLICY)
                optimizer.zero_grad(set_to_none=True)
                cross_entropy(model(part), learned.labels[chosen]).backward()
                optimizer.step()

    @torch.no_grad()
    def _set_statistics(self, learned: LearnedImages, model: nn.Module) -> None:
        """Lets BatchNorm see real images of all classes, then fixes its statistics."""
        classes = range(learned.budget.num_classes)
        model.train()
        model(torch.cat([learned.real.of_class(k, NORM_IMAGES) for k in classes]))
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


SPACE = {"lr": Uniform(0.01, 1.0, log=True), "net_lr": Uniform(0.001, 0.1, log=True)}
LENGTHS = {
    "quick": {"iterations": 20, "batch": 64},
    "smoke": {"iterations": 2, "batch": 16},
}


@distiller("dc", space=SPACE, lengths=LENGTHS)
def dc(
    iterations: int = 1000,
    lr: float = 0.1,
    batch: int = 256,
    start: Start = "noise",
    outer: int = 0,
    inner: int = 0,
    net_lr: float = 0.01,
    factor: int = 1,
    arch: str = "",
) -> GradientMatching:
    """Gradient matching from noise, without augmentation (DC)."""
    steps = ImageSteps(iterations, lr, start=start, factor=factor)
    return GradientMatching(steps, False, batch, outer, inner, net_lr, arch=arch)


@distiller("dsa", space=SPACE, lengths=LENGTHS)
def dsa(
    iterations: int = 1000,
    lr: float = 0.1,
    batch: int = 256,
    start: Start = "real",
    outer: int = 0,
    inner: int = 0,
    net_lr: float = 0.01,
    factor: int = 1,
    arch: str = "",
) -> GradientMatching:
    """Gradient matching from real images under siamese augmentation (DSA)."""
    steps = ImageSteps(iterations, lr, start=start, factor=factor)
    return GradientMatching(steps, True, batch, outer, inner, net_lr, arch=arch)
