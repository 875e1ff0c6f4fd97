"""The study of all methods: none is forgotten, and the native column is each one's protocol."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.data.builtin import get_dataset
from bench.execution.planner import make_plan
from bench.execution.results import row_of
from bench.graph.plan import CellPlan, Plan
from bench.graph.request import Source
from bench.plugin.discovery import load_file, names
from bench.plugin.registry import forget
from bench.stages.evaluate import ScoreRequest
from bench.storage.store import Store
from bench.study.catalog import FROM_PATH, FURTHER, OTHERS, completed, load_study
from bench.study.grid import Row, Study
from bench.study.overrides import Overrides
from bench.study.rivals import ITS_OWN, PROTOCOLS, RIVALS
from reports.numbers.cells import cells_of

DIGITS = Source(get_dataset("digits"), "train", "test", 1000, 200)
LEFT_OUT = {FROM_PATH}  # it makes nothing: a row must name the folder that it reads
NEW = '''"""Mine: an example of a plugin."""
from bench import distiller
from methods.real import random
@distiller("mine-alone")
def mine():
    """Random images under another name."""
    return random()
'''


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned(completed(load_study("methods")))


def planned(study: Study) -> Plan:
    return make_plan(replace(study, seeds=(0,)), "quick", Overrides(), lambda name: DIGITS)


def judged(plan: Plan, row: str) -> dict[str, CellPlan]:
    """Column -> cell of a row."""
    return {c.cell.evaluator: c for c in plan.cells if c.cell.row.label == row}


def by_whom(cell: CellPlan) -> str:
    assert isinstance(cell.root.request, ScoreRequest)
    return cell.root.request.evaluator


def test_every_registered_distiller_has_both_columns(plan: Plan) -> None:
    columns = {name: {c.cell.evaluator for c in plan.cells if c.cell.row.distiller == name}
               for name in names("distiller")}  # fmt: skip
    assert {name for name, found in columns.items() if not found} == LEFT_OUT
    assert all(found == {"fkd", "native"} for found in columns.values() if found)


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[str]:
    path = tmp_path / "mine_alone.py"
    path.write_text(NEW, encoding="utf-8")
    load_file(path)
    yield "mine-alone"
    forget(path.resolve())


def test_a_method_joins_by_being_registered(mine: str) -> None:
    groups = {row.distiller: row.group for row in completed(load_study("methods")).rows}
    assert groups[mine] == OTHERS


def test_a_built_in_method_that_no_row_names_is_no_plugin() -> None:
    study = completed(Study("s", "S", (Row("r", "random"),), every_distiller=True))
    assert {row.group for row in study.rows if row.distiller == "wmdd"} == {FURTHER}


@pytest.mark.parametrize(
    ("row", "recipe", "evaluator"),
    [
        ("dm", "convnet-dsa", "convnet-dsa"),  # by the table
        ("dc", "convnet-dc", "convnet-dc"),
        ("sre2l", "sre2l", "fkd"),  # by the recipe of its name
        ("rded", "rded", "fkd"),
        ("wmdd", "wmdd-code", "fkd"),  # the study's recipe is its own
        ("sinkhorn", "wmdd-code", "fkd"),  # it has none
    ],
)
def test_the_native_column_is_of_the_methods_own_recipe_and_evaluator(
    plan: Plan, row: str, recipe: str, evaluator: str
) -> None:
    own, common = judged(plan, row)["native"], judged(plan, row)["fkd"]
    assert (own.recipe.name, by_whom(own), own.recipe.evaluator) == (recipe, evaluator, evaluator)
    assert (common.recipe.name, by_whom(common)) == ("wmdd-code", "fkd")


def test_a_method_without_a_protocol_of_its_own_is_trained_once(plan: Plan) -> None:
    assert len({cell.address for cell in judged(plan, "sinkhorn").values()}) == 1
    assert len({cell.address for cell in judged(plan, "dm").values()}) == 2


def test_both_columns_score_one_synthetic_set_where_the_protocol_is_the_students_alone(
    plan: Plan,
) -> None:
    for row in ("dm", "dc", "herding"):
        assert len({cell.synthetic.address for cell in judged(plan, row).values()}) == 1


def test_native_students_of_all_architectures_are_one_column(plan: Plan, tmp_path: Path) -> None:
    import pandas as pd

    store = Store(tmp_path)
    frame = pd.DataFrame([row_of(cell, plan, store) for cell in plan.cells])
    settings = {cell.setting for cell in cells_of(frame)}
    assert {(s.evaluator, s.student) for s in settings} == {
        ("fkd", "convnet3-w64-bn"),
        ("native", ITS_OWN),
    }


def test_protocols_name_distillers_recipes_and_evaluators_that_exist() -> None:
    assert set(PROTOCOLS) <= set(names("distiller"))
    assert {found.recipe for found in PROTOCOLS.values()} <= set(RIVALS)
    assert {found.evaluator for found in PROTOCOLS.values()} <= {"", *names("evaluator")}


def test_any_study_can_be_run_under_native_protocols() -> None:
    study = replace(load_study("table5"), evaluators=("native",))
    assert {by_whom(cell) for cell in planned(study).cells} == {"fkd"}


def test_dm_and_dc_are_measured_in_the_run_of_sre2l_and_wmdd() -> None:
    plan = planned(load_study("table3"))
    steps = {
        cell.cell.row.label: cell.synthetic.request.facts({"image_bytes": 0}, cell.at)
        for cell in plan.cells
    }
    assert {name: steps[name]["recover_steps"] for name in ("SRe2L", "DM", "DC")} == {
        "SRe2L": 200,
        "DM": 200,
        "DC": 20,
    }
    assert all(row.distiller for row in plan.study.rows)
