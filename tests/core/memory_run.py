"""Runs one stage at a size and prints the bytes by which this process grew; for test_memory."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from bench import Reference
from bench.artifacts.labels import SoftLabels
from bench.artifacts.values import GlobalStats, RealSet, SyntheticSet, Teacher
from bench.core.events import silent
from bench.models.build import build_model
from bench.plugin.contracts import Budget
from bench.plugin.recipes import Recipe, Recover, Relabel, Squeeze, Student
from bench.stages.relabel import relabel
from bench.stages.squeeze import squeeze
from bench.stages.teacher import running_stats
from evaluators.fkd import fkd
from methods.sre2l import sre2l

CPU, CLASSES, SIDE = torch.device("cpu"), 10, 32
MEAN = STD = (0.5, 0.5, 0.5)


def pixels(count: int) -> Tensor:
    return torch.randint(256, (count, 3, SIDE, SIDE), dtype=torch.uint8)


def real(count: int) -> RealSet:
    names = tuple(str(k) for k in range(CLASSES))
    labels = torch.arange(count) % CLASSES
    return RealSet("made-up", pixels(count), labels, names, SIDE, MEAN, STD, "ab")


def teacher(arch: str) -> Teacher:
    model = build_model(arch, num_classes=CLASSES, channels=3, resolution=SIDE, seed=0)
    return Teacher(arch, CLASSES, 3, SIDE, model.state_dict(), 0.5)


def synthetic(count: int) -> SyntheticSet:
    labels = torch.arange(count) % CLASSES
    return SyntheticSet(pixels(count), labels, labels * 0, torch.ones(count), 1)


def squeezing(arch: str, batch: int) -> Callable[[], object]:
    config = Squeeze(arch=arch, epochs=2, batch=batch)  # moments are there from the second step
    return lambda: squeeze(real(batch), real(1), config, CPU, False, silent)


def recovering(arch: str, batch: int) -> Callable[[], object]:
    guide = teacher(arch)
    reference = Reference({Teacher: guide, GlobalStats: running_stats(guide)})
    method = sre2l(recover=Recover(iterations=2, batch=batch))
    method = replace(method, grouping="class-major")
    ipc = max(1, batch // CLASSES)
    budget = Budget(ipc, CLASSES, (3, SIDE, SIDE), MEAN, STD)
    rng = torch.Generator().manual_seed(0)
    return lambda: method.distill(reference, budget, rng, silent)


def relabelling(arch: str, batch: int) -> Callable[[], object]:
    guide, made, config = teacher(arch), synthetic(batch), Relabel(epochs=1, batch=batch)
    return lambda: relabel(made, guide, config, MEAN, STD, 0, False, silent)


def evaluating(arch: str, batch: int) -> Callable[[], object]:
    made, config = synthetic(batch), Relabel(epochs=2, batch=batch)
    labels = relabel(made, teacher("convnet3-w16-bn"), config, MEAN, STD, 0, False, silent)
    recipe = Recipe("test", "smoke", relabel=config, student=Student(arch=arch))
    found = Reference({SoftLabels: labels})
    return lambda: fkd().evaluate(made, found, real(1), recipe, 0, silent)


STAGES: dict[str, Callable[[str, int], Callable[[], object]]] = {
    "squeeze": squeezing,
    "recover": recovering,
    "relabel": relabelling,
    "evaluate": evaluating,
}


def peak() -> int:
    """Of this program alone: what a fork inherits from a large parent does not count."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    stage, arch, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
    STAGES[stage]("convnet3-w16-bn", 10)()  # loads libraries
    run = STAGES[stage](arch, batch)
    before = peak()
    run()
    print(peak() - before)
