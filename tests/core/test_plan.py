"""An address moves with everything that determines an artifact, and with nothing else."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from planning import RELEASED, SOURCE, addresses, cell_of, moved, plan_of, study_of

from bench.core.errors import BadValue, BenchError, UnknownName
from bench.core.fingerprint import digest_of
from bench.graph.request import Source
from bench.study.grid import Row

WMDD, SRE2L, RANDOM = Row("a", "wmdd"), Row("b", "sre2l"), Row("c", "random")
FULL = Row("d", "full")
ALL = {"squeeze", "observe", "barycenter", "recover", "relabel", "evaluate"}
OWN = {"recover", "relabel", "evaluate"}


def test_order_of_rows_does_not_matter() -> None:
    one = plan_of(study_of(WMDD, SRE2L, RANDOM, seeds=(0, 1)))
    other = plan_of(study_of(RANDOM, SRE2L, WMDD, seeds=(1, 0)))
    assert set(one.tasks()) == set(other.tasks())


def test_label_group_and_study_of_a_row_do_not_matter() -> None:
    renamed = Row("another label", "wmdd", group="g", paper="p", factors={"x": "y"})
    assert moved(addresses(cell_of(WMDD)), addresses(cell_of(renamed))) == set()


@pytest.mark.parametrize(
    ("row", "setting", "expected"),
    [
        (WMDD, "squeeze.seed=1", ALL),  # another teacher: everything stands on it
        (WMDD, "squeeze.epochs=9", ALL),
        (SRE2L, "squeeze.lr=0.5", ALL - {"observe", "barycenter"}),
        (RANDOM, "squeeze.seed=1", {"squeeze", "relabel", "evaluate"}),  # it sees no teacher
        (WMDD, "precision=bf16", ALL),
        (RANDOM, "precision=bf16", {"squeeze", "relabel", "evaluate"}),
        (WMDD, "observe.batch=50", ALL - {"squeeze"}),
        (WMDD, "solver_iterations=7", OWN | {"barycenter"}),
        (WMDD, "bn_weight=3", OWN),
        (WMDD, "recover.iterations=7", OWN),
        (WMDD, "recover.variance=pooled", OWN),
        (WMDD, "ipc=3", OWN | {"barycenter"}),
        (FULL, "ipc=3", {"relabel", "evaluate"}),  # all images; but few take smaller batches
        (WMDD, "seeds=1,2", OWN),
        (FULL, "seeds=1,2", {"relabel", "evaluate"}),  # there is only one full set
        (WMDD, "relabel.epochs=7", {"relabel", "evaluate"}),
        (WMDD, "student.temperature=3", {"evaluate"}),
        (WMDD, "student=convnet3-w16-bn", {"evaluate"}),
        (WMDD, "bn_weight=10.0", set()),  # what it was anyway
    ],
)
def test_a_setting_moves_what_it_determines(row: Row, setting: str, expected: set[str]) -> None:
    before = plan_of(study_of(row)).cells[0]
    after = plan_of(study_of(row), setting).cells[0]
    assert moved(addresses(before), addresses(after)) == {s for s in expected if s in before.tasks}


@pytest.mark.parametrize(
    "other",
    [replace(SOURCE, train="c" * 64), replace(SOURCE, test="c" * 64)],
    ids=["train", "test"],
)
def test_other_data_move_everything(other: Source) -> None:
    """The test split, too: the teacher's artifact holds its accuracy there."""
    assert moved(addresses(cell_of(WMDD)), addresses(cell_of(WMDD, source=other))) == ALL


def test_a_row_of_its_own_value_is_the_override_of_that_value() -> None:
    row = Row("a", "wmdd", params={"bn_weight": 3}, overrides={"relabel.epochs": 7})
    by_hand = cell_of(WMDD, "bn_weight=3.0", "relabel.epochs=7")
    assert moved(addresses(cell_of(row)), addresses(by_hand)) == set()


def test_a_lambda_search_shares_teacher_observation_and_barycenter() -> None:
    rows = [Row(f"{w}", "wmdd", params={"bn_weight": w}) for w in (0.1, 1.0, 10.0, 100.0)]
    tasks = plan_of(study_of(*rows)).tasks().values()
    counts = {stage: sum(task.stage == stage for task in tasks) for stage in ALL}
    shared = {"squeeze": 1, "observe": 1, "barycenter": 1}
    assert counts == {**shared, "recover": 4, "relabel": 4, "evaluate": 4}


def test_four_rows_of_five_seeds_share_what_is_common() -> None:
    tasks = plan_of(study_of(*RELEASED, seeds=range(5))).tasks().values()
    counts = {stage: sum(task.stage == stage for task in tasks) for stage in ALL}
    shared = {"squeeze": 1, "observe": 1, "barycenter": 1}
    assert counts == {**shared, "recover": 20, "relabel": 20, "evaluate": 20}


def test_students_of_one_set_share_the_set_and_have_labels_of_their_own() -> None:
    plan = plan_of(study_of(WMDD), "repeats=3")
    first, second, _ = plan.cells
    assert moved(addresses(first), addresses(second)) == {"relabel", "evaluate"}
    stages = [task.stage for task in plan.tasks().values()]
    assert {s: stages.count(s) for s in OWN} == {"recover": 1, "relabel": 3, "evaluate": 3}
    alone = plan_of(study_of(WMDD)).cells[0]
    assert moved(addresses(alone), addresses(first)) == set()


def test_every_task_comes_after_what_it_stands_on() -> None:
    for cell in plan_of(study_of(*RELEASED, RANDOM, FULL)).cells:
        seen: set[str] = set()
        for task in cell.tasks.values():
            assert set(task.upstream.values()) <= seen
            seen.add(task.address)


def test_addresses_are_equal_in_another_process() -> None:
    here = Path(__file__).parent
    code = (
        "from planning import RELEASED, plan_of, study_of\n"
        "from bench.core.fingerprint import digest_of\n"
        "print(digest_of(sorted(plan_of(study_of(*RELEASED)).tasks())))"
    )
    env = {"PYTHONPATH": f"{here}:{here.parents[1]}", "PYTHONHASHSEED": "12345", "PATH": ""}
    out = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == digest_of(sorted(plan_of(study_of(*RELEASED)).tasks()))


@pytest.mark.parametrize(
    ("row", "settings", "kind", "message"),
    [
        (Row("a", "wmd"), [], UnknownName, "unknown distiller 'wmd' — did you mean 'wmdd'"),
        (Row("a", "wmdd", params={"bn_wait": 1}), [], BadValue, "no field 'bn_wait'.*'bn_weight'"),
        (Row("a", "wmdd", overrides={"recover.lrr": 1}), [], BadValue, r"mean 'recover\.lr'"),
        (WMDD, ["recipe=wmdd-cod"], UnknownName, "did you mean 'wmdd-code'"),
        (WMDD, ["evaluator=fdk"], UnknownName, "did you mean 'fkd'"),
        (WMDD, ["ipc=0"], BadValue, "at least 1 image per class, given 0"),
        (WMDD, ["sre2l.bn_weight=1"], BadValue, "unknown key 'sre2l.bn_weight'"),
    ],
)
def test_a_plan_that_cannot_be_made_says_why(
    row: Row, settings: list[str], kind: type[BenchError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        plan_of(study_of(row), *settings)


def test_expanding_every_study_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from bench.study.catalog import load_study, study_names\n"
        "from bench.study.grid import expand\n"
        "print(sum(len(expand(load_study(name), 'paper')) for name in study_names()))\n"
        "print([m for m in ('torch', 'mlflow', 'pandas', 'ot', 'numpy') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    cells, heavy = out.stdout.splitlines()
    assert int(cells) > 0
    assert heavy == "[]"
