"""A plugin file may define kinds of artifacts; the documented example is run as it stands."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from shared_checker import Checker

from bench.app.session import find_source
from bench.artifacts.values import Teacher
from bench.core.events import Event, StageFinished
from bench.execution.costs import estimate
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

ROOT = Path(__file__).resolve().parents[2]
TINY = {"squeeze.epochs": 1, "relabel.epochs": 2}
SHOWN = {"path", "noisy-teacher", "nearest", "two-teachers"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Registered]:
    """What the file that docs/kinds.md shows registers, from outside the repository."""
    text = (ROOT / "docs/kinds.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    file = tmp_path_factory.mktemp("own") / "paths.py"
    file.write_text(code, encoding="utf-8")
    return {entry.name: entry for entry in load_file(file)}


@pytest.fixture
def plan(example: Mapping[str, Registered], data_root: Path) -> Plan:
    """One cell of its distiller, judged on labels by two teachers."""
    assert example
    row = Row("nearest", "nearest", overrides=TINY)
    study = Study("own", "own", (row,), ipcs=(2,), seeds=(0,), evaluators=("two-teachers",))
    return make_plan(study, "smoke", Overrides(), lambda name: find_source(name, data_root))


def test_a_file_registers_kinds_beside_methods(example: Mapping[str, Registered]) -> None:
    assert set(example) == SHOWN
    assert {"path", "noisy-teacher"} <= set(kinds())
    assert {item.name for item in listing()} >= SHOWN


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_what_the_example_brings_holds_the_contract(
    name: str, example: Mapping[str, Registered], checker: Checker
) -> None:
    assert [c for c in checker(example[name]) if not c.ok] == []


def test_a_cell_has_two_teachers_with_statistics_of_each_and_a_kind_of_its_own(plan: Plan) -> None:
    (cell,) = plan.cells
    assert {"path", "squeeze", "squeeze.2", "observe", "observe.2"} <= set(cell.tasks)
    archs = {task.request.arch for task in cell.of_kind("squeeze")}
    assert archs == {"convnet3-w64-bn", "convnet2-w16-bn"}
    assert len({task.address for task in cell.tasks.values()}) == len(cell.tasks)
    assert list(cell.tasks["relabel"].upstream) == ["recover", "squeeze", "squeeze.2"]


def test_it_is_priced_made_once_and_found_again(
    plan: Plan, data_root: Path, tmp_path: Path
) -> None:
    store, heard = Store(tmp_path), list[Event]()
    costs = estimate(plan, store, torch.device("cpu"))
    assert set(costs) == set(plan.tasks())
    for again in (False, True):
        heard.clear()
        shop = Workshop(store, data_root, torch.device("cpu"), heard.append)
        (outcome,) = run_plan(plan, shop, heard.append)
        assert not outcome.failed, outcome.error
        ended = [event for event in heard if isinstance(event, StageFinished)]
        first = {event.address: event.hit for event in reversed(ended)}
        assert set(first.values()) == {again}
    row = row_of(plan.cells[0], plan, store)
    assert row["seconds_path"] is not None
    assert row["address_squeeze"] == "+".join(t.address for t in plan.cells[0].of_kind("squeeze"))


def test_labels_of_two_teachers_are_the_mean_of_their_probabilities(
    plan: Plan, data_root: Path, tmp_path: Path
) -> None:
    from bench.stages.teacher import Committee, labeller, network

    shop = Workshop(Store(tmp_path), data_root, torch.device("cpu"), lambda event: None)
    (cell,) = plan.cells
    teachers = tuple(shop.artifact(cell, task, Teacher) for task in cell.of_kind("squeeze"))
    x = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    each = [network(teacher)(x).softmax(-1) for teacher in teachers]
    together = labeller(Committee(teachers, "probabilities"))(x)
    assert torch.allclose(together.exp(), (each[0] + each[1]) / 2, atol=1e-6)
    raw = labeller(Committee(teachers, "logits"))(x)
    assert torch.allclose(raw, (network(teachers[0])(x) + network(teachers[1])(x)) / 2, atol=1e-6)
