"""Students: fresh networks with their optimiser, and the score of a trained one."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax
from torch.optim import Optimizer

from bench.artifacts.labels import Score
from bench.artifacts.values import RealSet
from bench.core.events import Emit, StudentTrained
from bench.core.seeds import seed_for
from bench.models.build import build_model
from bench.plugin.recipes import Student
from bench.stages.accuracy import judge
from bench.stages.compute import placed
from bench.stages.schedule import Schedule
from bench.stages.training import EpochBatches, decayed, train

T = TypeVar("T")
Target = tuple[Tensor, Tensor]  # teacher logits (B, C) and image weights (B,)


def fresh(config: Student, test: RealSet, seed: int, device: torch.device, fast: bool) -> nn.Module:
    """A student whose initial weights depend on the cell's seed alone, whatever the method."""
    model = build_model(
        config.arch,
        num_classes=len(test.classes),
        channels=test.images.shape[1],
        resolution=test.resolution,
        seed=seed_for(seed, "student"),
        stem=test.stem,
    )
    network = placed(model, device, fast)
    return Averaged(network, config.ema) if config.ema else network


class Averaged(nn.Module):
    """A student that trains as it is and is judged by a moving average of its weights.

    Source: EDC (arXiv:2404.13733), train/direct_train.py: the average starts at the initial
    weights, average <- decay * average + (1 - decay) * weights after every update, and the running
    statistics of BatchNorm are the student's own. Both are in the state that a killed training
    goes on from.
    """

    def __init__(self, student: nn.Module, decay: float) -> None:
        super().__init__()
        self.student, self.decay = student, decay
        self.average = deepcopy(student).requires_grad_(False)

    @torch.no_grad()
    def update(self) -> None:
        """Moves the average towards the weights; called after every step of the optimiser."""
        mine, theirs = self.average.parameters(), self.student.parameters()
        torch._foreach_lerp_(list(mine), list(theirs), 1 - self.decay)

    @torch.no_grad()
    def judged(self) -> nn.Module:
        """The averaged network, with the student's running statistics."""
        for mine, theirs in zip(self.average.buffers(), self.student.buffers(), strict=True):
            mine.copy_(theirs)
        return self.average

    def forward(self, images: Tensor) -> Tensor:
        network = self.student if self.training else self.judged()
        logits: Tensor = network(images)
        return logits


def optimizer_of(model: nn.Module, config: Student) -> Optimizer:
    """The recipe's optimiser; by default it decays only weights with more than one dimension."""
    averaged = model if isinstance(model, Averaged) else None
    groups = decayed(averaged.student if averaged else model, config.weight_decay)
    if config.decay == "all":
        groups = [{**group, "weight_decay": config.weight_decay} for group in groups]
    found: Optimizer
    if config.optimizer == "sgd":
        found = torch.optim.SGD(groups, config.lr, config.momentum)
    else:
        found = torch.optim.AdamW(groups, lr=config.lr)
    if averaged:
        found.register_step_post_hook(lambda *_: averaged.update())
    return found


def schedule_of(config: Student) -> Schedule:
    """How the recipe's rate changes over the epochs."""
    return Schedule(config.schedule, config.warmup)


def score(
    model: nn.Module,
    test: RealSet,
    device: torch.device,
    fast: bool,
    updates: int,
    label_bytes: int,
    emit: Emit,
    **extra: float,
) -> Score:
    """The score of a trained student, from one pass over the test split."""
    shape = (test.images.shape[1], test.resolution, test.resolution)
    model = model.judged() if isinstance(model, Averaged) else model
    emit(StudentTrained(model, shape, test.mean, test.std, test.classes))
    verdict = judge(model, test, device, fast)
    numbers = {"top5": verdict.top5, **extra}
    return Score(verdict.top1, verdict.predicted, verdict.labels, updates, label_bytes, numbers)


def train_student(
    config: Student,
    test: RealSet,
    batches: EpochBatches[T],
    loss: Callable[[Tensor, T], Tensor],
    *,
    epochs: int,
    seed: int,
    device: torch.device,
    fast: bool,
    emit: Emit,
    label_bytes: int = 0,
) -> Score:
    """Trains a fresh student as the recipe says, and scores its last epoch: most of an evaluator.

    Args:
        batches: epoch -> pairs of normalised images (B, ch, H, W) and whatever `loss` takes as its
            second argument. A killed training goes on bit by bit where its random numbers come
            from a generator `batches.rng`.
        loss: of logits (B, C) and a target, a scalar.
        seed: of the student's initial weights.
        fast: compute convolutions in bfloat16 (`recipe.precision == "bf16"`).
        label_bytes: of what the protocol stores of labels.

    Raises:
        CellFailed: the loss is not finite.
    """
    model = fresh(config, test, seed, device, fast)
    updates = train(
        model,
        optimizer_of(model, config),
        epochs,
        batches,
        loss,
        stage="evaluate",
        fast=fast,
        emit=emit,
        schedule=schedule_of(config),
    )
    return score(model, test, device, fast, updates, label_bytes, emit)


@dataclass(frozen=True)
class SoftTarget:
    """KL(teacher || student) at a temperature, weighted by w / mean(w), mean over the batch.

    The T² factor is an option: the released code of SRe2L (ImageNet) and WMDD has none.
    """

    temperature: float
    squared: bool = False

    def __call__(self, logits: Tensor, target: Target) -> Tensor:
        teacher, weights = target
        log_p = log_softmax(teacher.float() / self.temperature, dim=1)
        log_q = log_softmax(logits / self.temperature, dim=1)
        divergence = (log_p.exp() * (log_p - log_q)).sum(1)  # (B,)
        mean = (divergence * weights).mean()
        return mean * self.temperature**2 if self.squared else mean


@dataclass(frozen=True)
class LogitTarget:
    """Mean squared error to the teacher's logits, plus weighted cross-entropy to hard labels.

    Source: G-VBSM (arXiv:2311.17950) and EDC (arXiv:2404.13733), `mse_gt` in their training: the
    mean over batch and classes, and the label of the image itself, whatever CutMix pasted into it.
    Images count by their weights.
    """

    ce_weight: float

    def __call__(self, logits: Tensor, target: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        teacher, labels, weights = target  # (B, C), (B,), (B,)
        distance = (logits - teacher.float()).square().mean(1)
        hard = cross_entropy(logits, labels, reduction="none")
        return ((distance + self.ce_weight * hard) * weights).mean()
