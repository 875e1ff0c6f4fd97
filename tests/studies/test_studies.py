"""Every built-in study can be planned: names exist, labels differ, shared cells share addresses."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import methods
from bench.data.builtin import get_dataset
from bench.execution.planner import make_plan
from bench.graph.plan import CellPlan, Plan
from bench.graph.request import Source
from bench.plugin.discovery import get, names
from bench.plugin.recipes import Profile
from bench.stages.recover import MatchingDistiller
from bench.study.catalog import FROM_PATH, load_study, study_names
from bench.study.grid import Row, Study, expand
from bench.study.overrides import Overrides
from bench.study.rivals import NATIVE
from reports.numbers.published import published

PROFILES: tuple[Profile, ...] = ("smoke", "quick", "paper")
METHODS = {f"methods.{path.stem}" for path in Path(methods.__file__).parent.glob("*.py")}
PLAIN = sorted(study_names())


def nominal(name: str) -> Source:
    """A data set that is not here: real shape, made-up digests."""
    return Source(get_dataset(name), f"train-{name}", f"test-{name}", 1000, 500)


def planned(name: str, profile: Profile = "smoke") -> Plan:
    return make_plan(load_study(name), profile, Overrides(), nominal)


def studies() -> list[Study]:
    return [load_study(name) for name in PLAIN]


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("profile", PROFILES)
def test_cells_have_labels_of_their_own(name: str, profile: Profile) -> None:
    labels = [cell.label for cell in expand(load_study(name), profile)]
    assert labels
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("name", PLAIN)
def test_every_distiller_and_evaluator_exists(name: str) -> None:
    study = load_study(name)
    for row in study.rows:
        if row.distiller:
            assert get("distiller", row.distiller)
    assert all(get("evaluator", name) for name in study.evaluators if name != NATIVE)


@pytest.mark.parametrize("name", PLAIN)
def test_smoke_can_be_planned(name: str) -> None:
    plan = planned(name)
    assert len({cell.address for cell in plan.cells}) > 0


@pytest.mark.parametrize("name", PLAIN)
def test_rows_of_the_paper_are_in_its_table(name: str) -> None:
    study = load_study(name)
    theirs = {fact.method for fact in published() if fact.table == study.paper_table}
    ours = {row.paper for row in study.rows if row.paper}
    assert ours <= theirs
    assert bool(ours) == bool(study.paper_table)


@pytest.mark.parametrize("name", PLAIN)
def test_a_study_is_named_after_its_file(name: str) -> None:
    assert load_study(name).name == name


def test_every_table_and_figure_of_the_paper_that_has_cells_has_a_study() -> None:
    made = {item for study in studies() for item in study.items}
    tables = {f"table{n}" for n in range(1, 7)}
    figures = {f"figure{n}" for n in ("3", "4", "5a", "5b", "6", "7", "8", "9", "10")}
    assert made == tables | figures


def test_every_row_of_the_paper_has_a_method_that_runs() -> None:
    for name in ("table1", "table2", "table3", "table5", "table6", "ablation"):
        study = load_study(name)
        theirs = {fact.method for fact in published() if fact.table == study.paper_table}
        theirs -= {"full-data-teacher"}  # stands in the caption, beside our teacher
        assert theirs == {row.paper for row in study.rows if row.paper and row.distiller}, name


def test_the_clean_cells_with_cross_entropy_are_those_of_the_ablation() -> None:
    ablation = {cell.cell.row.label: cell for cell in planned("ablation").cells}
    factors = {cell.cell.row.label: cell for cell in planned("factors").cells}
    shared = set(ablation) & set(factors)
    assert len(shared) == 4
    assert all(ablation[label].address == factors[label].address for label in shared)


def test_the_six_layers_are_observed_in_one_pass() -> None:
    assert len(stages(planned("table6").cells, "observe")) == 1
    assert len(stages(planned("table6").cells, "barycenter")) == 6


def test_a_sweep_of_lambda_shares_everything_but_its_images() -> None:
    cells = planned("figure5a").cells
    shared = [stages(cells, stage) for stage in ("squeeze", "observe", "barycenter")]
    assert [len(found) for found in shared] == [1, 1, 1]
    assert len(stages(cells, "recover")) == len(cells)


def test_expanding_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom bench.study.catalog import load_study, study_names\n"
        "from bench.study.grid import expand\n"
        "[expand(load_study(n), 'paper') for n in study_names()]\n"
        "print([m for m in ('torch', 'pandas', 'mlflow', 'timm') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def stages(cells: tuple[CellPlan, ...], stage: str) -> set[str]:
    return {cell.tasks[stage].address for cell in cells if stage in cell.tasks}


def test_table1_has_a_row_for_every_distiller() -> None:
    rows = {row.distiller for row in load_study("table1").rows}
    known = {name: get("distiller", name) for name in names("distiller")}
    built = {name for name, found in known.items() if found.factory.__module__ in METHODS}
    assert len(built) >= 16
    assert built - {FROM_PATH} <= rows


@pytest.mark.parametrize("dataset", ["digits", "imagenette", "tiny-imagenet@224", "imagenet-1k"])
def test_rows_of_table5_differ_in_the_solver_alone(dataset: str) -> None:
    """The barycenter is the only thing that changes, lambda included."""
    study = replace(load_study("table5"), datasets=(dataset,), grids=(), paper_datasets=())
    cells = make_plan(study, "paper", Overrides(), nominal).cells
    shared = {
        (d.bn_weight, d.ce_weight, d.recover, d.grouping, type(d.feature_loss), d.regularizer.first)
        for cell in cells
        if isinstance(d := cell.distiller, MatchingDistiller)
    }
    assert len(shared) == 1
    assert len({cell.distiller for cell in cells}) == 7


@pytest.mark.parametrize("dataset", ["tiny-imagenet@224", "imagenet-1k"])
@pytest.mark.parametrize("pair", [("wmdd", "mmd-linear"), ("wmdd", "mmd-rbf"), ("sre2l", "cda")])
def test_methods_that_differ_in_one_part_share_their_weight(
    dataset: str, pair: tuple[str, str]
) -> None:
    rows = tuple(Row(name, name) for name in pair)
    plan = make_plan(Study("pair", "", rows, (dataset,)), "paper", Overrides(), nominal)
    first, second = (cell.distiller for cell in plan.cells if cell.cell.seed == 0)
    assert first.bn_weight == second.bn_weight  # type: ignore[attr-defined]


def test_all_protocols_of_the_flip_study_judge_the_same_sets_by_their_own_recipes() -> None:
    plan = planned("flip", "quick")
    sets: dict[tuple[str, int], set[str]] = {}
    for cell in plan.cells:
        sets.setdefault((cell.cell.row.label, cell.cell.seed), set()).add(cell.synthetic.address)
    assert {len(found) for found in sets.values()} == {1}
    by_protocol = {cell.cell.protocol: cell for cell in plan.cells}
    assert list(by_protocol) == [p.recipe for p in load_study("flip").protocols]
    assert by_protocol["hard-300"].cell.evaluator == "hard-label"
    assert by_protocol["rded"].recipe.name == "wmdd-code/rded"
    assert by_protocol["rded"].recipe.student.schedule == "cosine-half"
    assert by_protocol["rded"].recipe.recover == by_protocol["wmdd-code"].recipe.recover
    assert by_protocol["convnet-dc"].recipe.student.optimizer == "sgd"


def test_the_study_s_own_recipe_as_a_protocol_is_the_same_cell_as_without_protocols() -> None:
    flip = planned("flip").cells[0]
    alone = make_plan(
        replace(load_study("flip"), protocols=()), "smoke", Overrides(), nominal
    ).cells[0]
    assert (flip.cell.protocol, alone.cell.protocol) == ("wmdd-code", "")
    assert (flip.address, flip.recipe.id) == (alone.address, alone.recipe.id)
