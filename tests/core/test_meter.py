"""What a plan says that an artifact takes: its work in passes, timed once on a machine."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch
from planning import SOURCE, cell_of

from bench.app.announcing import others, unpriced
from bench.core.errors import BadValue
from bench.execution import meter as metering
from bench.execution.calibration import Shape
from bench.execution.meter import BIGGEST, OLD, START, STEPS, TYPICAL, Meter
from bench.graph.plan import CellPlan
from bench.graph.work import Clock, Passes, Timing, Work
from bench.stages.barycenter import Problem
from bench.stages.objective import Comparison
from bench.storage.store import Store
from bench.study.grid import Row

CPU = torch.device("cpu")
CELL = cell_of(Row("random", "random"))


@pytest.fixture
def meter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Meter:
    """Every step of a network takes 0.5 s, drawing nothing; nobody else uses the machine."""
    monkeypatch.setattr(Meter, "_step", lambda self, shape: 0.5)
    monkeypatch.setattr(metering, "drawing", lambda side: lambda: None)
    return Meter(Store(tmp_path), CPU, lambda: 0.0)


def work_of(cell: CellPlan, stage: str) -> Work:
    return cell.tasks[stage].request.work(cell.at)


def steps_of(work: Work) -> list[tuple[str, int, float]]:
    return [(one.kind, one.batch, one.steps) for one in work.passes]


@dataclass
class Called:
    """A probe that tells how often it was measured."""

    seconds: float = 3.0
    name: str = "called-1"
    key: str = "a"
    times: int = 0
    error: Exception | None = None
    clocks: list[Clock] = field(default_factory=list)

    def measure(self, clock: Clock) -> Timing:
        self.times += 1
        self.clocks.append(clock)
        if self.error:
            raise self.error
        return Timing(self.seconds)


def test_seconds_are_passes_and_probes_and_what_is_known(meter: Meter) -> None:
    passes = (Passes("train", "convnet3-w64-bn", 4, 10), Passes("forward", "convnet3-w64-bn", 8, 2))
    work = Work(passes, ((Called(3.0), 2),), seconds=1.0, bytes=7)
    cost = meter.cost(work, CELL.at)
    assert cost.seconds == pytest.approx(START + 12 * 0.5 + 2 * 3.0 + 1.0)
    once = meter.flops("convnet3-w64-bn", SOURCE.spec)
    assert (cost.bytes, cost.flops) == (7, once * (3 * 4 * 10 + 8 * 2))


def test_the_device_holds_the_largest_pass_and_what_lies_beside_it(meter: Meter) -> None:
    small = Passes("train", "convnet3-w64-bn", 4, 10)
    large = replace(small, batch=64)
    both, one = Work((small, large), held=100, host=9), Work((large,))
    alone = meter.need(one, CELL.at)
    assert meter.need(both, CELL.at).device == alone.device + 100
    assert meter.need(both, CELL.at).host == 9


def test_a_distiller_that_says_nothing_and_fails_is_not_priced_and_the_plan_says_why(
    meter: Meter,
) -> None:
    for error, said in ((BadValue("too small"), "too small"), (KeyError("x"), "KeyError: 'x'")):
        cost = meter.cost(Work(probes=((Called(error=error, key=said[:3]), 1),)), CELL.at)
        assert cost.unknown == said
    lines = unpriced({"first": "why", "second": "", "third": "why"})
    assert lines == ["not in the time: first: why"]


@pytest.mark.parametrize(("name", "more"), [("dm", 1), ("m3d", 4)])
def test_labels_and_students_see_all_images_that_a_factorised_set_holds(
    name: str, more: int
) -> None:
    cell = cell_of(Row(name, name))
    epochs = cell.recipe.relabel.epochs
    (labelled,), (trained, _) = work_of(cell, "relabel").passes, work_of(cell, "evaluate").passes
    images = 2 * 10 * more  # digits at two images per class
    assert labelled.batch * labelled.steps == epochs * images
    assert trained.batch * trained.steps == epochs * images
    assert work_of(cell, "recover").bytes == 4 * 20 * 64


def test_a_teacher_that_labels_on_the_spot_is_priced() -> None:
    work = work_of(cell_of(Row("random", "random"), "evaluator=online-kd"), "evaluate")
    stored = work_of(CELL, "evaluate")
    assert [one.kind for one in work.passes] == ["train", "forward", "forward"]
    assert [one.kind for one in stored.passes] == ["train", "forward"]
    assert work.draws > stored.draws == 0


@pytest.mark.parametrize(("cores", "at_once"), [(4, 4), (32, 10), (None, 1)])
def test_classes_are_solved_in_rounds_of_as_many_as_there_are_cores(
    cores: int | None, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    ((problem, rounds),) = work_of(cell_of(Row("sinkhorn", "sinkhorn")), "barycenter").probes
    assert isinstance(problem, Problem)
    assert rounds == 10 / at_once
    assert (problem.classes, problem.atoms, problem.solve.solver) == (at_once, 2, "sinkhorn")


@pytest.mark.parametrize(("name", "compares"), [("mmd-rbf", 1), ("mmd-linear", 0), ("wmdd", 0)])
def test_a_step_is_the_network_and_the_comparison_with_real_features(
    name: str, compares: int
) -> None:
    cell = cell_of(Row(name, name))
    steps = cell.synthetic.request.steps(cell.at)
    work = work_of(cell, "recover")
    assert steps_of(work) == [("recover", 20, steps)]
    assert [times for _, times in work.probes] == [steps] * compares


def test_the_loss_is_timed_at_the_sizes_of_the_cell() -> None:
    """Two images of each of ten classes in one batch, and a tenth of the real ones."""
    cell = cell_of(Row("mmd-rbf", "mmd-rbf"), source=replace(SOURCE, train_count=1442))
    ((found, _),) = work_of(cell, "recover").probes
    assert isinstance(found, Comparison)
    assert (found.batch, found.per_class, found.real, found.draws) == (20, 2, 144, 8192)


@pytest.mark.parametrize("kind", ["train", "forward", "observe", "relabel", "recover"])
@pytest.mark.parametrize("arch", ["convnet3-w16-bn", "convnet3"])
def test_every_kind_of_step_can_be_timed(kind: str, arch: str) -> None:
    shape = Shape(kind, arch, 1, 8, 10, "auto", 4, False)
    found = Clock(CPU).step(shape.step(CPU))
    assert found.seconds > 0
    assert found.times >= 3


def counted(at: list[float], each: float) -> tuple[Clock, Callable[[], None]]:
    """A clock that a step moves on by `each` seconds."""
    clock = Clock(CPU)
    clock.now = lambda: at[0]  # type: ignore[method-assign]

    def step() -> None:
        at[0] += each

    return clock, step


@pytest.mark.parametrize(("each", "times"), [(5.0, 3), (0.125, 3), (0.0625, 5), (0.001, 25)])
def test_long_steps_are_timed_three_times_and_short_ones_until_it_is_enough(
    each: float, times: int
) -> None:
    clock, step = counted([0.0], each)
    found = clock.step(step)
    assert (found.times, found.seconds) == (times, pytest.approx(each))


def test_the_spread_of_unequal_steps_is_said() -> None:
    clock, at, taken = Clock(CPU), [0.0], iter([9.0, 1.0, 2.0, 3.0])
    clock.now = lambda: at[0]  # type: ignore[method-assign]

    def step() -> None:
        at[0] += next(taken)

    assert clock.step(step) == Timing(2.0, 3, 1.0)  # the first is not counted


def test_on_one_thread_a_clock_counts_what_the_process_computes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "process_time", lambda: 1.0)
    monkeypatch.setattr(time, "perf_counter", lambda: 2.0)
    for threads, now in ((1, 1.0), (2, 2.0)):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        assert Clock(CPU).now() == now


def seconds(store: Path, called: Called, busy: float) -> float:
    meter = Meter(Store(store), CPU, lambda: busy)
    return meter.cost(Work(probes=((called, 1),)), CELL.at).seconds - START


@pytest.mark.parametrize(
    ("then", "now", "again"), [(0.0, 0.0, 0), (0.0, 1.4, 0), (1.4, 1.4, 0), (1.4, 0.0, 1)]
)
def test_a_timing_of_a_busy_machine_is_taken_again_when_it_is_idle(
    then: float, now: float, again: int, tmp_path: Path
) -> None:
    assert seconds(tmp_path, Called(5.0), then) == pytest.approx(5.0)
    later = Called(3.0)
    assert seconds(tmp_path, later, now) == pytest.approx(3.0 if again else 5.0)
    assert later.times == again


def test_an_old_timing_is_taken_again(tmp_path: Path) -> None:
    seconds(tmp_path, Called(5.0), 0.0)
    store = Store(tmp_path)
    record = store.record("called-1", "a")
    assert record
    assert time.time() - float(str(record["taken"])) < 3600
    store.put_record("called-1", "a", record | {"taken": time.time() - OLD - 1})
    assert seconds(tmp_path, Called(3.0), 1.4) == pytest.approx(3.0)


def test_a_big_step_is_scaled_from_the_typical_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Shape] = []
    monkeypatch.setattr(Meter, "_step", lambda self, shape: asked.append(shape) or 2.0)
    arch, side, batch = TYPICAL["cpu"]
    spec = replace(
        SOURCE.spec,
        channels=3,
        resolution=side,
        store_resolution=side,
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
    )
    at, meter = replace(CELL.at, source=replace(SOURCE, spec=spec)), Meter(Store(tmp_path), CPU)
    assert 3 * meter.flops(arch, spec) * 50 * batch > BIGGEST["cpu"]
    assert meter.seconds(Passes("forward", arch, 50 * batch, 1), at) == pytest.approx(100.0)
    assert [(shape.arch, shape.batch) for shape in asked] == [(arch, batch)]


def test_what_is_counted_is_counted_once_for_all_plans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Meter(Store(tmp_path), CPU).need(work_of(CELL, "evaluate"), CELL.at)
    monkeypatch.setattr(metering, "trained", lambda *sizes: pytest.fail("counted again"))
    assert Meter(Store(tmp_path), CPU).need(work_of(CELL, "evaluate"), CELL.at) == first


def test_a_plan_says_how_much_longer_a_busy_machine_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.app.announcing.cores_available", lambda: 2)
    assert others(1.4) == "other processes use 1.4 of 2 cores: expect 1.7 times longer"


def test_a_passing_of_steps_is_kept_under_a_name_of_all_that_it_depends_on(tmp_path: Path) -> None:
    meter = Meter(Store(tmp_path), CPU, lambda: 0.0)
    for batch in (2, 4):
        assert meter.seconds(Passes("forward", "convnet3-w16-bn", batch, 1), CELL.at) > 0
    assert len(Store(tmp_path).records(STEPS)) == 2
