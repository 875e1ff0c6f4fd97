"""MTT: match the path of a network on synthetic images with that of one on real images.

Source: arXiv:2203.11932 (MTT), arXiv:2211.10586 (TESLA) and their released code; methods.md 14.
Experts are ConvNets trained on the real set (methods/mtt_experts.py), shared by all synthetic sets.
An iteration takes an expert at an early epoch, trains from there on batches of synthetic images by
`inner` SGD steps with a learned rate, and compares where that ends with where the expert is `ahead`
epochs later, in units of how far the expert went. Images take an SGD step with momentum, and so
does the rate. With `zca`, all of it happens on whitened images, and the
images are stored unwhitened: evaluate those by `convnet-zca`, others by `convnet-dsa`.

Both forms of the gradient keep the graph of a single inner step. "checkpointed" goes back through
the steps one by one and is exact; "tesla" is TESLA's sum over them, which holds the parameters at
which each inner gradient is taken constant: it equals the exact one for one step, and not for more.
Differs from the released code: the last iteration counts, not the best on test images.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from bench import (
    BadValue,
    Budget,
    CellFailed,
    Choice,
    Need,
    RealSet,
    Reference,
    SyntheticSet,
    Uniform,
    distiller,
)
from bench.core.events import Emit
from bench.data.dsa import Drawn, augment, draw_each
from bench.data.network_input import decode
from bench.data.streaming import upload
from bench.data.zca import whitening
from bench.stages.learned_images import ImageSteps, LearnedImages, Start, Terms
from methods.mtt_experts import POLICY, Experts, Flat, Trajectories, TrajectoriesRequest

Form = Literal["checkpointed", "tesla"]
Batch = Callable[[Tensor], Tensor]  # from all images, as they are learned, to one inner step's


def matching_loss(reached: Tensor, start: Tensor, target: Tensor) -> Tensor:
    """Squared distance to where the expert went, over how far it went: 0 there, 1 at the start."""
    return (reached - target).square().sum() / (start - target).square().sum()


def inner_gradient(
    network: Flat, vector: Tensor, images: Tensor, labels: Tensor, keep: bool
) -> Tensor:
    """The gradient (P,) of the cross-entropy at parameters that require one."""
    loss = cross_entropy(network(vector, images), labels)
    return torch.autograd.grad(loss, vector, create_graph=keep)[0]


def path_of_student(
    network: Flat,
    start: Tensor,
    images: Tensor,
    lr: Tensor,
    batches: list[tuple[Batch, Tensor]],
) -> list[Tensor]:
    """Parameters before, between and after the inner steps, without a graph."""
    path, given = [start.detach()], images.detach()
    for batch, labels in batches:
        here = path[-1].clone().requires_grad_()
        step = inner_gradient(network, here, batch(given), labels, keep=False)
        path.append((here - lr.detach() * step).detach())
    return path


@dataclass(frozen=True)
class Matched:
    """The matching loss, and its gradients with respect to all images and to the rate."""

    loss: Tensor
    images: Tensor
    lr: Tensor


def matched(
    network: Flat,
    start: Tensor,
    target: Tensor,
    images: Tensor,
    lr: Tensor,
    batches: list[tuple[Batch, Tensor]],
    form: Form = "checkpointed",
) -> Matched:
    """The loss of a student trained from `start` on the batches, and its gradients.

    Memory: one vector of parameters for each inner step, and the graph of a single one.

    Args:
        start, target: (P,), of the expert at both ends.
        images, lr: leaves that require a gradient; the batches are made of the images.
    """
    path = path_of_student(network, start, images, lr, batches)
    reached = path[-1].clone().requires_grad_()
    loss = matching_loss(reached, start, target)
    (back,) = torch.autograd.grad(loss, reached)  # of the loss by parameters after a step
    of_images, of_lr = torch.zeros_like(images), torch.zeros_like(lr)
    for (batch, labels), before in reversed(list(zip(batches, path[:-1], strict=True))):
        here = before.clone().requires_grad_()
        gradient = inner_gradient(network, here, batch(images), labels, keep=True)
        after = here - lr * gradient if form == "checkpointed" else -lr * gradient
        wanted = [images, lr, here] if form == "checkpointed" else [images, lr]
        found = torch.autograd.grad(after, wanted, grad_outputs=back)
        of_images += found[0]
        of_lr += found[1]
        if form == "checkpointed":
            back = found[2]
    return Matched(loss.detach(), of_images, of_lr)


@dataclass(frozen=True)
class TrajectoryMatching:
    """Learns images, and a rate, that move a network as real images do.

    Attributes:
        inner: SGD steps of the student.
        ahead: epochs of the expert that they stand for.
        latest: experts are taken at epochs below this.
        lr_start, lr_lr: the learned rate's start and its own learning rate.
        inner_batch: synthetic images of an inner step; 0 means all.
        form: how the gradient is computed, exactly or as TESLA does.
    """

    steps: ImageSteps
    experts: Experts
    inner: int
    ahead: int
    latest: int
    lr_start: float
    lr_lr: float
    inner_batch: int = 0
    dsa: bool = True
    zca: bool = False
    form: Form = "checkpointed"

    def __post_init__(self) -> None:
        if min(self.inner, self.ahead, self.latest) < 1 or min(self.lr_start, self.lr_lr) <= 0:
            raise BadValue(
                "mtt: expected inner, ahead and latest of at least 1 and positive rates, given "
                f"{self.inner}, {self.ahead}, {self.latest}, {self.lr_start} and {self.lr_lr}"
            )
        if self.experts.epochs < self.ahead:
            raise BadValue(
                f"mtt.epochs: expected at least ahead ({self.ahead}), given {self.experts.epochs}"
            )

    @property
    def paths(self) -> TrajectoriesRequest:
        return TrajectoriesRequest(self.experts, self.zca)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (RealSet, self.paths)

    def images_each(self, side: int) -> int:
        return self.steps.images_each

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        """Matches the experts.

        Raises:
            CellFailed: the loss is not finite, or the learned rate fell to 0.
        """
        real = reference[RealSet]
        whiten = whitening(real, device=budget.device) if self.zca else None
        learned = LearnedImages(
            real,
            budget,
            self.steps,
            rng,
            emit,
            whiten=whiten,
            scalars={"lr": (self.lr_start, self.lr_lr)},
        )
        network = Flat(learned.network(self.experts.arch, 0).requires_grad_(False))
        made = learned.run(partial(self.step, learned, network, reference[self.paths]))
        return with_rate(made, learned.scalars)

    def step(
        self, learned: LearnedImages, network: Flat, paths: Trajectories, iteration: int
    ) -> Terms:
        start, target = self._ends(learned, paths)
        lr = learned.scalars["lr"]
        batches = self._batches(learned)
        found = matched(network, start, target, learned.images, lr, batches, self.form)
        learned.images.grad, lr.grad, used = found.images, found.lr, lr.detach().clone()
        learned.optimizer.step()
        return {"learned_lr": used, "total": found.loss}

    def _ends(self, learned: LearnedImages, paths: Trajectories) -> tuple[Tensor, Tensor]:
        """A random expert's parameters at an early epoch and `ahead` epochs later."""
        count, epochs = paths.parameters.shape[0], paths.parameters.shape[1] - 1
        chosen = int(torch.randint(count, (), generator=learned.rng))
        most = min(self.latest, epochs - self.ahead + 1)
        epoch = int(torch.randint(most, (), generator=learned.rng))
        path, device = paths.parameters[chosen], learned.device
        return upload(path[epoch], device), upload(path[epoch + self.ahead], device)

    def _batches(self, learned: LearnedImages) -> list[tuple[Batch, Tensor]]:
        """The inner steps' batches as functions of the images, their draws made beforehand."""
        size, factor = len(learned.labels), self.steps.factor
        batches: list[tuple[Batch, Tensor]] = []
        left: list[Tensor] = []
        for _ in range(self.inner):
            left = left or list(
                torch.randperm(size, generator=learned.rng).split(self.inner_batch or size)
            )
            chosen = left.pop()
            drawn = draw_each(POLICY, len(chosen), learned.rng) if self.dsa else None
            chosen = chosen.to(learned.device)
            batches.append((partial(_taken, chosen, drawn, factor), learned.labels[chosen]))
        return batches


def _taken(chosen: Tensor, drawn: Drawn | None, factor: int, images: Tensor) -> Tensor:
    batch = decode(images, factor)[chosen]
    return augment(batch, drawn, POLICY) if drawn else batch


def with_rate(made: SyntheticSet, scalars: Mapping[str, Tensor]) -> SyntheticSet:
    """The set with its learned rate.

    Raises:
        CellFailed: no student can be trained by it.
    """
    lr = float(scalars["lr"].detach())
    if not lr > 0:
        raise CellFailed(
            f"recover: expected a positive learned rate, given {lr:.4g}; lower mtt.lr_lr"
        )
    return replace(made, lr=lr)


@distiller(
    "mtt",
    space={
        "lr": Uniform(10.0, 10_000.0, log=True),
        "lr_lr": Uniform(1e-7, 1e-4, log=True),
        "form": Choice(("checkpointed", "tesla")),
    },
    lengths={
        "quick": {"iterations": 100, "experts": 3, "epochs": 15, "inner": 10, "latest": 10},
        "smoke": {
            "iterations": 2,
            "experts": 1,
            "epochs": 1,
            "ahead": 1,
            "inner": 2,
            "latest": 1,
        },
    },
)
def mtt(
    iterations: int = 5000,
    lr: float = 100.0,
    inner: int = 30,
    ahead: int = 2,
    latest: int = 20,
    lr_start: float = 0.001,
    lr_lr: float = 1e-5,
    inner_batch: int = 0,
    experts: int = 100,
    epochs: int = 50,
    expert_lr: float = 0.01,
    start: Start = "real",
    dsa: bool = True,
    zca: bool = False,
    factor: int = 1,
    form: Form = "checkpointed",
    arch: str = "",
) -> TrajectoryMatching:
    """Trajectory matching with a learned rate (MTT); form "tesla" is TESLA's gradient."""
    return TrajectoryMatching(
        ImageSteps(iterations, lr, start=start, factor=factor),
        Experts(experts, epochs, expert_lr, arch=arch),
        inner,
        ahead,
        latest,
        lr_start,
        lr_lr,
        inner_batch,
        dsa,
        zca,
        form,
    )
