"""Table 4's rows are what their labels say, under both recipes and on every data set."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench.data.builtin import get_dataset
from bench.execution.planner import make_plan
from bench.graph.plan import CellPlan, Plan, Source
from bench.stages.recover import MatchingDistiller
from bench.study.catalog import load_study
from bench.study.grid import Row, Study, expand
from bench.study.overrides import parse

ROWS = ("wmdd", "ce-pcbn", "wass-bn", "clean-bn", "sre2l", "cda", "mmd-linear", "mmd-rbf")
LAMBDA = {"imagenette": (10.0, 0.01), "tiny-imagenet@224": (300.0, 1.0), "imagenet-1k": (500, 0.01)}


def nominal(name: str) -> Source:
    return Source(get_dataset(name), "a" * 64, "b" * 64, 9, 5)


def planned(study: Study, dataset: str, *settings: str) -> Plan:
    study = replace(study, datasets=(dataset,), paper_datasets=(), grids=(), seeds=(0,))
    return make_plan(study, "paper", parse(settings, study), nominal)


def methods(plan: Plan) -> Iterator[tuple[CellPlan, MatchingDistiller]]:
    for cell in plan.cells:
        if isinstance(cell.distiller, MatchingDistiller):
            yield cell, cell.distiller


@pytest.mark.parametrize("dataset", LAMBDA)
def test_wass_bn_runs_at_wmdds_lambda_and_at_sre2ls_in_a_second_row(dataset: str) -> None:
    found = methods(planned(load_study("ablation"), dataset))
    weights = {cell.cell.row.label: made.bn_weight for cell, made in found}
    wmdd, sre2l = LAMBDA[dataset]
    assert weights.pop("CE + BN") == weights.pop("Wass + BN, SRe2L's λ") == sre2l
    assert set(weights.values()) == {wmdd}


def test_every_clean_row_has_the_form_of_the_recipe() -> None:
    for recipe, squared in (("wmdd-code", False), ("wmdd-paper", True)):
        plan = planned(load_study("ablation"), "imagenette", f"recipe={recipe}")
        forms = {made.regularizer.squared for _, made in methods(plan)}  # type: ignore[attr-defined]
        assert forms == {squared}


@pytest.mark.parametrize("name", ROWS)
def test_every_matching_row_follows_the_form_of_the_recipe(name: str) -> None:
    study = Study("s", "t", (Row(name, name),))
    ((_, code),) = methods(planned(study, "imagenette"))
    ((_, paper),) = methods(planned(study, "imagenette", "recipe=wmdd-paper"))
    ((_, asked),) = methods(planned(study, "imagenette", "form=squares"))
    assert not code.regularizer.squared  # type: ignore[attr-defined]
    assert paper.regularizer.squared  # type: ignore[attr-defined]
    assert asked.regularizer == paper.regularizer


def test_one_setting_changes_every_row_and_another_one_row() -> None:
    study = Study("s", "t", tuple(Row(name, name) for name in ROWS))
    every = {made.bn_weight for _, made in methods(planned(study, "imagenette", "bn_weight=3"))}
    assert every == {3.0}
    one = methods(planned(study, "imagenette", "wmdd.bn_weight=3"))
    assert [cell.cell.row.label for cell, made in one if made.bn_weight == 3.0] == ["wmdd"]
    home = methods(planned(study, "imagenette", "objective.bn_weight=3"))
    followers = {cell.cell.row.label for cell, made in home if made.bn_weight == 3.0}
    assert followers == set(ROWS) - {"sre2l", "cda"}


def test_the_paper_is_judged_on_line_on_tiny_imagenet_unless_asked_otherwise() -> None:
    study = Study("s", "t", (Row("a", "wmdd"),))
    tiny, paper = "tiny-imagenet@224", "recipe=wmdd-paper"
    assert planned(study, tiny, paper).cells[0].cell.evaluator == "online-kd"
    assert planned(study, tiny, paper, "evaluator=fkd").cells[0].cell.evaluator == "fkd"
    assert planned(study, tiny).cells[0].cell.evaluator == "fkd"
    assert planned(study, "imagenette", paper).cells[0].cell.evaluator == "fkd"


def test_the_default_run_has_seven_seeds_and_a_smoke_test_two() -> None:
    study = load_study("ablation")
    assert {cell.seed for cell in expand(study, "quick")} == set(range(7))
    assert {cell.seed for cell in expand(study, "smoke")} == {0, 1}
