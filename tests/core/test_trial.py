"""A distiller that says nothing of its work is timed by a call of its own at the cell's sizes."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch
from planning import SOURCE, cell_of
from torch import Generator

from bench import Budget, ClassFeatures, RealSet, Reference, SyntheticSet, Teacher
from bench.core.events import Emit, Step
from bench.execution.meter import Meter
from bench.graph.plan import CellPlan
from bench.graph.request import Source
from bench.graph.work import Clock, Work
from bench.plugin.registry import Registered
from bench.stages.distil import DistilledRequest
from bench.stages.trial import Trial, made_up, reduced
from bench.storage.store import Store
from bench.study.grid import Row

CPU = torch.device("cpu")
DIGITS = replace(SOURCE, train_count=1440)
CELL = cell_of(Row("random", "random"), source=DIGITS)


@dataclass
class Counter:
    """A clock that goes on by what a distiller says it spends."""

    at: float = 0.0

    def clock(self) -> Clock:
        clock = Clock(CPU)
        clock.now = lambda: self.at  # type: ignore[method-assign]
        return clock


@dataclass(frozen=True)
class Spending:
    """Spends seconds on `experts`, then on each of `steps`, and multiplies as many matrices."""

    time: Counter
    steps: int
    experts: int = 0
    inner: int = 1
    before: float = 0.0
    each: float = 0.25
    seen: list[Reference] = field(default_factory=list, compare=False)
    needs: tuple[type, ...] = (RealSet,)

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        self.seen.append(reference)
        self.spend(self.experts, self.before)
        for step in range(self.steps):
            self.spend(self.inner, self.each)
            emit(Step("recover", step + 1, self.steps))
        return SyntheticSet(
            torch.zeros(1, 1, 8, 8), torch.zeros(1).long(), torch.zeros(1), torch.ones(1), 1
        )

    def spend(self, count: int, each: float) -> None:
        for _ in range(count):
            torch.ones(4, 4) @ torch.ones(4, 4)
        self.time.at += count * each


def seconds_of(
    method: Spending,
    source: Source = DIGITS,
    params: dict[str, int] | None = None,
    plugin: Registered | None = None,
) -> float:
    request = DistilledRequest(
        "spending", tuple((params or {}).items()), 2, method=method, plugin=plugin
    )
    at = replace(CELL.at, source=source)
    return Trial(request, at, "").measure(method.time.clock()).seconds


@pytest.mark.parametrize("steps", [1, 3, 1000])
def test_few_steps_tell_the_time_of_all(steps: int) -> None:
    method = Spending(Counter(), steps)
    assert seconds_of(method) == pytest.approx(0.25 * steps)
    assert method.time.at <= 6 * 0.25


def test_what_comes_before_the_first_step_counts_once() -> None:
    assert seconds_of(Spending(Counter(), 100, experts=2, before=3.0)) == pytest.approx(6 + 25)


def test_a_distiller_without_steps_runs_to_its_end() -> None:
    assert seconds_of(Spending(Counter(), 0, experts=2, before=3.0)) == pytest.approx(6)


def test_steps_grow_with_the_classes_that_were_left_out() -> None:
    """Of 100 classes of 300 images and 2 synthetic ones at 32 pixels, three are tried."""
    spec = replace(SOURCE.spec, num_classes=100, resolution=32, store_resolution=32)
    source = replace(DIGITS, spec=spec, train_count=50_000)
    at = reduced(replace(CELL.at, source=source), 500_000, 32, 150)
    assert (at.source.spec.num_classes, at.source.train_count) == (3, 450)
    method = Spending(Counter(), 100)
    assert seconds_of(method, source) == pytest.approx(0.25 * 100 * 100 / 3)


def test_large_images_are_made_smaller_when_two_classes_are_left() -> None:
    spec = replace(SOURCE.spec, num_classes=1000, resolution=224, store_resolution=256)
    at = reduced(
        replace(CELL.at, source=replace(DIGITS, spec=spec, train_count=10**6)), 10**6, 32, 300
    )
    less = at.source.spec
    assert (less.num_classes, less.resolution, at.source.train_count) == (2, 32, 600)
    real = made_up(at)
    assert tuple(real.images.shape) == (600, 1, 32, 32)
    assert real.labels.bincount().tolist() == [300, 300]


def test_a_distiller_gets_what_it_reads_made_of_its_very_sizes() -> None:
    method = Spending(Counter(), 2, needs=(RealSet, Teacher, ClassFeatures))
    seconds_of(method)
    reference = method.seen[-1]
    real, teacher, seen = reference[RealSet], reference[Teacher], reference[ClassFeatures]
    assert real.labels.bincount().tolist() == [144] * 10
    assert (teacher.arch, teacher.resolution) == (CELL.recipe.squeeze.arch, 8)
    assert tuple(seen.features.shape) == (1440, 64)


def test_a_method_that_says_its_work_is_believed(tmp_path: Path) -> None:
    class Saying(Spending):
        def work(self, at: object) -> Work:
            return Work(seconds=7.0)

    request = DistilledRequest("saying", method=Saying(Counter(), 3))
    assert request.work(CELL.at) == Work(seconds=7.0)


@pytest.mark.parametrize("name", ["dm", "datadam", "mtt", "rded", "herding", "random"])
def test_methods_that_say_nothing_are_timed_by_a_call(name: str, tmp_path: Path) -> None:
    cell = cell_of(Row(name, name), source=DIGITS)
    work = cell.tasks["recover"].request.work(cell.at)
    ((trial, times),) = work.probes
    assert isinstance(trial, Trial)
    assert times == 1
    first = Meter(Store(tmp_path), CPU, lambda: 0.0).cost(work, cell.at)
    assert first.unknown == ""
    assert first.seconds > 0.02
    again = Meter(Store(tmp_path), CPU, lambda: 0.0).cost(work, cell.at)
    assert again == first


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Row("dm", "dm"), Row("dm", "dm", params={"batch": 7})),
        (Row("dm", "dm"), Row("datadam", "datadam")),
    ],
)
def test_other_values_have_a_timing_of_their_own(one: Row, other: Row) -> None:
    assert key(cell_of(one)) == key(cell_of(one))
    assert key(cell_of(one)) != key(cell_of(other))


def key(cell: CellPlan) -> str:
    ((trial, _),) = cell.tasks["recover"].request.work(cell.at).probes
    return trial.key
