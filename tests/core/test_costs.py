"""What a plan says an artifact takes: rounds of classes, and steps with their loss."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from planning import SOURCE, cell_of

from bench.execution import costs
from bench.execution.calibration import Meter
from bench.execution.costs import START, predict
from bench.execution.loss_timing import Comparison
from bench.execution.solver_timing import Problem
from bench.storage.store import Store
from bench.study.grid import Row


@pytest.fixture
def meter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Meter:
    """Every step takes 0.5 s."""
    monkeypatch.setattr(Meter, "seconds", lambda self, shape: 0.5)
    return Meter(Store(tmp_path), torch.device("cpu"))


@pytest.mark.parametrize(("cores", "at_once"), [(4, 4), (32, 10), (None, 1)])
def test_classes_are_solved_in_rounds_of_as_many_as_there_are_cores(
    cores: int | None, at_once: int, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Problem] = []
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(costs, "seconds_of", lambda problem, store: asked.append(problem) or 3.0)
    cell = cell_of(Row("sinkhorn", "sinkhorn"))
    cost = predict(cell, cell.tasks["barycenter"], meter)
    assert cost.seconds == pytest.approx(START + 10 / at_once * 3.0)
    (problem,) = asked
    assert (problem.classes, problem.atoms, problem.solve.solver) == (at_once, 2, "sinkhorn")


@pytest.mark.parametrize(("name", "loss"), [("mmd-rbf", 0.25), ("mmd-linear", 0.0), ("wmdd", 0.0)])
def test_a_step_is_the_network_and_the_comparison_with_real_features(
    name: str, loss: float, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Meter, "typical", lambda self, step, shape: 0.25)
    cell = cell_of(Row(name, name))
    steps = cell.synthetic.request.steps(cell.at)
    assert steps
    cost = predict(cell, cell.tasks["recover"], meter)
    assert cost.seconds == pytest.approx(START + steps * (0.5 + loss))


def test_the_loss_is_timed_at_the_sizes_of_the_cell(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two images of each of ten classes in one batch, and a tenth of the real ones."""
    asked: list[Comparison] = []
    monkeypatch.setattr(costs, "comparing_seconds", lambda found, meter: asked.append(found) or 0.0)
    source = replace(SOURCE, train_count=1442)
    cell = cell_of(Row("mmd-rbf", "mmd-rbf"), source=source)
    predict(cell, cell.tasks["recover"], meter)
    (found,) = asked
    assert (found.shape.batch, found.per_class, found.real, found.draws) == (20, 2, 144, 8192)
