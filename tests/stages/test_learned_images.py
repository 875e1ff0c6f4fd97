"""Learned images go on after a break, bit by bit as without one, and so do student and its rate."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from bench import Budget, Distiller, Need, RealSet, Reference, SyntheticSet
from bench.core.events import Emit, Event, Note, Step, silent
from bench.data.builtin import get_dataset
from bench.data.zca import whitening
from bench.stages.progress import kept_in
from bench.study.presets import recipe_for
from evaluators.convnet_dc import ConvNetProtocol
from methods.datadam import datadam
from methods.dc import dc, dsa
from methods.dm import dm
from methods.m3d import m3d
from methods.mtt import TrajectoryMatching, mtt
from methods.mtt_experts import Experts, Trajectories, train_experts

BUDGET = Budget(2, 2, (1, 8, 8), (0.5,), (0.25,))
SMALL = {"iterations": 5, "arch": "convnet2-w16"}


class Memory:
    """Keeps the state after every step."""

    def __init__(self) -> None:
        self.state: dict[str, Tensor] | None = None

    def saved(self) -> Mapping[str, Tensor] | None:
        return self.state

    def due(self) -> bool:
        return True

    def save(self, state: Mapping[str, Tensor]) -> None:
        self.state = {name: value.detach().clone() for name, value in state.items()}


class Killed(Exception):
    pass


def killing(step: int) -> Emit:
    """Ends the process, as it were, when a step is told; that step is not kept."""

    def hear(event: Event) -> None:
        if isinstance(event, Step) and event.step == step:
            raise Killed

    return hear


@pytest.fixture
def real() -> RealSet:
    """Two classes of sixteen images each."""
    pixels = torch.randint(
        0, 200, (32, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    pixels[16:, :, 4:] += 50
    labels = torch.arange(2).repeat_interleave(16)
    return RealSet("two", pixels, labels, ("dark", "bright"), 8, (0.5,), (0.25,), "x")


PATHS: dict[Experts, Trajectories] = {}


def made(method: Distiller, real: RealSet, emit: Emit = silent) -> SyntheticSet:
    rng = torch.Generator().manual_seed(7)
    known: dict[Need, object] = {RealSet: real}
    if isinstance(method, TrajectoryMatching):
        config = replace(method.experts, arch=method.experts.arch or "convnet2")
        if config not in PATHS:  # an artifact of its own, made before and apart
            whiten = whitening(real) if method.zca else None
            PATHS[config] = train_experts(real, config, 0, BUDGET.device, silent, whiten)
        known[method.paths] = PATHS[config]
    return method.distill(Reference(known), BUDGET, rng, emit)


METHODS: list[Callable[[], Distiller]] = [
    lambda: dm(**SMALL),  # type: ignore[arg-type]
    lambda: dc(outer=2, inner=1, **SMALL),  # type: ignore[arg-type]
    lambda: dsa(factor=2, **SMALL),  # type: ignore[arg-type]
    lambda: datadam(**SMALL),  # type: ignore[arg-type]
    lambda: m3d(per_network=3, **SMALL),  # type: ignore[arg-type]
    lambda: mtt(experts=2, epochs=3, latest=2, inner=2, zca=True, **SMALL),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("method", METHODS, ids=["dm", "dc", "dsa", "datadam", "m3d", "mtt"])
@pytest.mark.parametrize("step", [2, 5])
def test_a_break_changes_no_bit(method: Callable[[], Distiller], step: int, real: RealSet) -> None:
    whole, memory, heard = made(method(), real), Memory(), list[Event]()
    with kept_in(memory), pytest.raises(Killed):
        made(method(), real, killing(step))
    with kept_in(memory):
        again = made(method(), real, heard.append)
    assert [e.step for e in heard if isinstance(e, Step)] == list(range(step, 6))
    notes = [e.text for e in heard if isinstance(e, Note)]
    assert notes[-1] == f"recover: goes on after step {step - 1} of 5, where a process ended"
    assert torch.equal(again.images, whole.images)
    assert again.lr == whole.lr
    assert all(torch.equal(again.curve[name], value) for name, value in whole.curve.items())


def test_a_student_goes_on_after_a_break(real: RealSet) -> None:
    synthetic = made(dm(**SMALL), real)  # type: ignore[arg-type]
    recipe = recipe_for("convnet-dsa", get_dataset("digits"), 2, "smoke")
    judge, memory = ConvNetProtocol(dsa=True), Memory()
    whole = judge.evaluate(synthetic, Reference({}), real, recipe, 0, silent)
    with kept_in(memory), pytest.raises(Killed):
        judge.evaluate(synthetic, Reference({}), real, recipe, 0, killing(40))
    with kept_in(memory):
        again = judge.evaluate(synthetic, Reference({}), real, recipe, 0, silent)
    assert torch.equal(whole.predicted, again.predicted)
    assert whole.updates == again.updates
