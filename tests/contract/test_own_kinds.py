"""Plugin files may define kinds of artifacts; the documented ones are run as they stand."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from shared_checker import Checker
from shown import files, written

from bench.app.session import find_source
from bench.artifacts.values import Teacher
from bench.core.events import Event, StageFinished
from bench.execution.meter import estimate
from bench.execution.planner import make_plan
from bench.execution.results import row_of
from bench.execution.runner import run_plan
from bench.execution.workshop import Workshop
from bench.graph.plan import Plan
from bench.graph.request import kinds
from bench.plugin.discovery import listing, load_file
from bench.plugin.registry import Registered
from bench.storage.store import Store
from bench.study.grid import Row, Study
from bench.study.overrides import Overrides

PAGE = "docs/kinds.md"
TINY = {"squeeze.epochs": 1, "relabel.epochs": 2}
KINDS = {"path", "smooth-teacher"}
SHOWN = KINDS | {"typical", "near-both", "two-teachers", "smooth-labels"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Registered]:
    """What the files that docs/kinds.md shows register, from outside the repository."""
    shown = written(PAGE, tmp_path_factory.mktemp("own")).values()
    return {entry.name: entry for file in shown for entry in load_file(file)}


@pytest.fixture
def plan(example: Mapping[str, Registered], data_root: Path) -> Plan:
    """Cells of both distillers, each judged on labels by two teachers and by a smooth one."""
    assert example
    rows = tuple(Row(name, name, overrides=TINY) for name in ("near-both", "typical"))
    protocols = ("two-teachers", "smooth-labels")
    study = Study("own", "own", rows, ipcs=(2,), seeds=(0,), evaluators=protocols)
    return make_plan(study, "smoke", Overrides(), lambda name: find_source(name, data_root))


def test_each_file_is_shorter_than_sixty_lines() -> None:
    lengths = {name: len(text.splitlines()) for name, text in files(PAGE).items()}
    assert set(lengths) == {"paths.py", "two_networks.py", "two_teachers.py", "smooth.py"}
    assert max(lengths.values()) < 60


def test_files_register_kinds_beside_methods(example: Mapping[str, Registered]) -> None:
    assert set(example) == SHOWN
    assert set(kinds()) >= KINDS
    assert {item.name for item in listing()} >= SHOWN


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_what_the_examples_bring_holds_the_contract(
    name: str, example: Mapping[str, Registered], checker: Checker
) -> None:
    assert [c for c in checker(example[name]) if not c.ok] == []


def test_a_cell_has_two_teachers_with_statistics_of_each(plan: Plan) -> None:
    cell = plan.cells[0]
    assert {"squeeze", "squeeze.2", "observe", "observe.2"} <= set(cell.tasks)
    archs = {task.request.arch for task in cell.of_kind("squeeze")}
    assert archs == {"convnet3-w64-bn", "convnet2-w16-bn"}
    assert len({task.address for task in cell.tasks.values()}) == len(cell.tasks)
    assert list(cell.tasks["recover"].upstream) == ["observe", "observe.2"]
    assert list(cell.tasks["relabel"].upstream) == ["recover", "squeeze", "squeeze.2"]


def test_a_distiller_reads_a_kind_of_its_own_and_needs_no_other(plan: Plan) -> None:
    cell = next(c for c in plan.cells if c.cell.row.distiller == "typical")
    assert list(cell.tasks["recover"].upstream) == ["path"]


def test_a_teacher_of_another_objective_is_another_teacher(plan: Plan) -> None:
    usual, smooth = (
        next(task for task in plan.tasks().values() if task.stage == kind)
        for kind in ("squeeze", "smooth-teacher")
    )
    assert usual.request.how == smooth.request.how
    assert usual.address != smooth.address


def test_kinds_stand_after_those_that_they_stand_on(plan: Plan) -> None:
    order = plan.kinds()
    assert set(order) == KINDS | {"squeeze", "observe", "recover", "relabel", "evaluate"}
    for task in plan.tasks().values():
        above = [order.index(item.stage) for item in task.walk() if item.stage in order]
        assert max(above) == order.index(task.stage)


def test_they_are_priced_made_once_and_found_again(
    plan: Plan, data_root: Path, tmp_path: Path
) -> None:
    store, heard = Store(tmp_path), list[Event]()
    costs = estimate(plan, store, torch.device("cpu"))
    assert set(costs) == set(plan.tasks())
    (smooth,) = (a for a, task in plan.tasks().items() if task.stage == "smooth-teacher")
    assert costs[smooth].flops > 0
    for again in (False, True):
        heard.clear()
        shop = Workshop(store, data_root, torch.device("cpu"), heard.append)
        for outcome in run_plan(plan, shop, heard.append):
            assert not outcome.failed, outcome.error
        ended = [event for event in heard if isinstance(event, StageFinished)]
        first = {event.address: event.hit for event in reversed(ended)}
        assert again or set(first) == set(plan.tasks())
        assert set(first.values()) == {again}
    rows = {(c.cell.row.label, c.cell.evaluator): row_of(c, plan, store) for c in plan.cells}
    assert rows["typical", "two-teachers"]["seconds_path"] is not None
    assert rows["near-both", "two-teachers"]["seconds_path"] is None
    both = rows["near-both", "two-teachers"]
    assert both["address_squeeze"] == "+".join(t.address for t in plan.cells[0].of_kind("squeeze"))
    assert both["teacher_top1"] is None  # two teachers of two accuracies
    assert rows["typical", "smooth-labels"]["teacher_top1"] is not None


def test_labels_of_two_teachers_are_the_mean_of_their_probabilities(
    plan: Plan, data_root: Path, tmp_path: Path
) -> None:
    from bench.stages.teacher import Committee, labeller, network

    shop = Workshop(Store(tmp_path), data_root, torch.device("cpu"), lambda event: None)
    cell = plan.cells[0]
    teachers = tuple(shop.artifact(cell, task, Teacher) for task in cell.of_kind("squeeze"))
    x = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    each = [network(teacher)(x).softmax(-1) for teacher in teachers]
    together = labeller(Committee(teachers, "probabilities"))(x)
    assert torch.allclose(together.exp(), (each[0] + each[1]) / 2, atol=1e-6)
    raw = labeller(Committee(teachers, "logits"))(x)
    assert torch.allclose(raw, (network(teachers[0])(x) + network(teachers[1])(x)) / 2, atol=1e-6)
