"""Students: fresh networks with their optimiser, and the score of a trained one."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax
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
from bench.stages.training import decayed

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
    return placed(model, device, fast)


def optimizer_of(model: nn.Module, config: Student) -> Optimizer:
    """The recipe's optimiser; by default it decays only weights with more than one dimension."""
    groups = decayed(model, config.weight_decay)
    if config.decay == "all":
        groups = [{**group, "weight_decay": config.weight_decay} for group in groups]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, config.lr, config.momentum)
    return torch.optim.AdamW(groups, lr=config.lr)


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
    emit(StudentTrained(model, shape, test.mean, test.std, test.classes))
    verdict = judge(model, test, device, fast)
    numbers = {"top5": verdict.top5, **extra}
    return Score(verdict.top1, verdict.predicted, verdict.labels, updates, label_bytes, numbers)


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
