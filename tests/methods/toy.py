"""A toy data set with a random teacher, for methods that optimise images."""

from dataclasses import replace

import torch
from torch import Generator

from bench.artifacts.values import GlobalStats, Observation, RealSet, SyntheticSet, Teacher
from bench.artifacts.views import Reference
from bench.core.events import Emit, silent
from bench.models.build import build_model
from bench.plugin.contracts import Budget
from bench.plugin.recipes import Observe, Recover
from bench.stages.observe import GlobalStatsRequest, observe
from bench.stages.recover import MatchingDistiller
from bench.stages.teacher import running_stats, state_of

CLASSES, SIDE, CPU = 2, 8, torch.device("cpu")
RECOVER = Recover(iterations=4, batch=100, crop_min=0.5, roll=1, codec="png")


def real_set(each: int = 6) -> RealSet:
    """So many colour images of each of two classes, sorted by class."""
    shape = (each * CLASSES, 3, SIDE, SIDE)
    pixels = torch.randint(256, shape, dtype=torch.uint8, generator=Generator().manual_seed(1))
    labels = torch.arange(CLASSES).repeat_interleave(each)
    third = (0.5, 0.5, 0.5)
    return RealSet("toy", pixels, labels, ("a", "b"), SIDE, third, third, "0" * 64)


def teacher(arch: str = "convnet3-w16-bn", seed: int = 0) -> Teacher:
    model = build_model(arch, num_classes=CLASSES, channels=3, resolution=SIDE, seed=seed)
    return Teacher(arch, CLASSES, 3, SIDE, state_of(model), 0.5)


def seen_by(real: RealSet, seer: Teacher) -> Observation:
    return observe(real, seer, Observe(batch=100), CPU, False, silent)


def reference_for(
    method: MatchingDistiller, real: RealSet | None = None, seer: Teacher | None = None
) -> Reference:
    """What a method needs: of the teacher, and of members of their own seeds."""
    real, seer = real or real_set(), seer or teacher()
    committee = {member: teacher(seed=1 + i) for i, member in enumerate(method.members)}
    stats = {GlobalStatsRequest(of=m): running_stats(t) for m, t in committee.items()}
    return Reference(
        {
            Teacher: seer,
            GlobalStats: running_stats(seer),
            RealSet: real,
            Observation: seen_by(real, seer),
            **committee,
            **stats,
        }
    )


def budget(ipc: int = 2) -> Budget:
    third = (0.5, 0.5, 0.5)
    return Budget(ipc, CLASSES, (3, SIDE, SIDE), third, third)


def distil(
    method: MatchingDistiller,
    ipc: int = 2,
    seed: int = 0,
    reference: Reference | None = None,
    emit: Emit = silent,
) -> SyntheticSet:
    found = reference or reference_for(method)
    return method.distill(found, budget(ipc), Generator().manual_seed(seed), emit)


def still(method: MatchingDistiller) -> MatchingDistiller:
    """The method with a rate so small that images stay where they start."""
    return replace(method, recover=replace(method.recover, lr=1e-12))
