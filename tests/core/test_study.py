"""A study expands to its full grid, and refuses contradictions at construction."""

from dataclasses import replace
from typing import Any

import pytest

from bench.core.errors import BadValue, UnknownName
from bench.core.seeds import seed_for
from bench.plugin.recipes import Profile
from bench.study.grid import Contrast, Grid, Protocol, Row, Study, expand
from bench.study.overrides import Overrides, apply_to_study, parse

ROWS = (Row("a", "wmdd"), Row("b", "sre2l"))


def test_grid_is_the_product_of_everything() -> None:
    study = Study("s", "t", ROWS, datasets=("digits", "cifar10"), ipcs=(1, 10), seeds=(0, 1, 2))
    cells = expand(study, "smoke")
    assert len(cells) == 2 * 2 * 2 * 3
    assert len({cell.label for cell in cells}) == len(cells)


def test_profile_gives_the_number_of_seeds_unless_they_are_named() -> None:
    assert len(expand(Study("s", "t", ROWS), "smoke")) == 2 * 2
    assert len(expand(Study("s", "t", ROWS), "paper")) == 2 * 5
    assert [c.seed for c in expand(Study("s", "t", ROWS[:1], seeds=(7,)), "paper")] == [7]


def test_labels_are_readable() -> None:
    cell = expand(Study("s", "t", ROWS, seeds=(3,)), "quick")[0]
    assert cell.label == "a · digits · ipc 1 · s3"


def test_two_rows_of_one_label_are_refused() -> None:
    with pytest.raises(BadValue, match="distinct row labels"):
        Study("s", "t", (Row("a", "wmdd"), Row("a", "sre2l")))


def test_ipc_zero_is_refused() -> None:
    with pytest.raises(BadValue, match="at least 1 image per class, given 0"):
        Study("s", "t", ROWS, ipcs=(0,))


def test_contrast_of_an_unknown_row_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'a'"):
        Study("s", "t", ROWS, contrasts=(Contrast("c", "aa", "b"),))


def test_a_row_without_a_distiller_has_no_cells() -> None:
    study = Study("s", "t", (*ROWS, Row("only in the paper", "", paper="dc")), seeds=(0,))
    assert [cell.row.label for cell in expand(study, "smoke")] == ["a", "b"]


def test_the_last_grid_that_fits_a_data_set_and_profile_replaces_what_it_names() -> None:
    study = Study(
        "s",
        "t",
        ROWS[:1],
        ipcs=(10, 50),
        seeds=(0,),
        students=("resnet50",),
        paper_datasets=("imagenette@64", "tiny-imagenet"),
        grids=(
            Grid(("digits",), ipcs=(1, 2), students=("teacher",)),
            Grid(("digits",), ("smoke",), ipcs=(1,)),
            Grid(("imagenette",), ipcs=(10,)),
        ),
    )

    def points(profile: Profile) -> list[tuple[str, int, str]]:
        return [(c.dataset, c.ipc, c.student) for c in expand(study, profile)]

    assert points("smoke") == [("digits", 1, "teacher")]
    assert points("quick") == [("digits", 1, "teacher"), ("digits", 2, "teacher")]
    assert points("paper") == [
        ("imagenette@64", 10, "resnet50"),
        ("tiny-imagenet", 10, "resnet50"),
        ("tiny-imagenet", 50, "resnet50"),
    ]


def test_what_the_command_line_sets_holds_against_every_grid() -> None:
    grids = (Grid(ipcs=(1, 2), seeds=(5, 6), students=("convnet3",)),)
    study = Study("s", "t", ROWS[:1], grids=grids, paper_datasets=("cifar10",))
    given = Overrides({"ipc": "3", "seeds": "7,9", "dataset": "digits"})
    cells = expand(apply_to_study(study, given), "paper")
    points = [(c.dataset, c.ipc, c.seed, c.student) for c in cells]
    assert points == [("digits", 3, 7, "convnet3"), ("digits", 3, 9, "convnet3")]


def test_overrides_of_a_grid_reach_its_cells_below_those_of_the_row() -> None:
    row = Row("a", "wmdd", overrides={"recover.roll": 0})
    grid = Grid(("digits",), overrides={"recover.roll": 2, "squeeze.arch": "resnet18-w16"})
    study = Study("s", "t", (row,), seeds=(0,), grids=(grid,), datasets=("digits", "cifar10"))
    found = {cell.dataset: cell.row.overrides for cell in expand(study, "quick")}
    assert found["digits"] == {"recover.roll": 0, "squeeze.arch": "resnet18-w16"}
    assert found["cifar10"] == {"recover.roll": 0}


def test_ipc_zero_in_a_grid_is_refused() -> None:
    with pytest.raises(BadValue, match="at least 1 image per class, given 0"):
        Study("s", "t", ROWS, grids=(Grid(ipcs=(1, 0)),))


def test_several_students_share_a_synthetic_set() -> None:
    study = Study("s", "t", ROWS[:1], seeds=(3,), repeats=2)
    first, second = expand(study, "quick")
    assert (first.seed, second.seed) == (3, 3)
    assert (first.student_seed, second.student_seed) == (3, seed_for(3, "student", 1))
    assert second.label == "a · digits · ipc 1 · s3 · student 2"


def test_no_student_at_all_is_refused() -> None:
    with pytest.raises(BadValue, match="repeats: expected at least 1 student per set, given 0"):
        Study("s", "t", ROWS, repeats=0)


@pytest.mark.parametrize(
    "axes",
    [
        {"seeds": (1, 2, 1)},
        {"datasets": ("digits", "digits")},
        {"ipcs": (1, 1)},
        {"evaluators": ("fkd", "fkd")},
        {"students": ("teacher", "teacher")},
        {"grids": (Grid(seeds=(4, 4)),)},
    ],
)
def test_a_point_named_twice_on_an_axis_is_refused(axes: dict[str, Any]) -> None:
    with pytest.raises(BadValue, match="expected each once, given twice: "):
        Study("s", "t", ROWS, **axes)


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30])
def test_seeds_that_no_generator_takes_are_refused(seed: int) -> None:
    with pytest.raises(BadValue, match=r"seeds: expected whole numbers from 0 to 2\^32 - 1"):
        Study("s", "t", ROWS, seeds=(0, seed))


def test_the_largest_seed_works() -> None:
    assert expand(Study("s", "t", ROWS[:1], seeds=(2**32 - 1,)), "smoke")[0].student_seed


def test_a_grid_is_counted_before_it_is_built() -> None:
    """A thousand million cells would not fit into memory; the answer comes at once."""
    study = Study("s", "t", ROWS, ipcs=(1, 10), seeds=(0, 1, 2), repeats=10**9)
    assert study.count("smoke") == 2 * 2 * 3 * 10**9
    with pytest.raises(BadValue, match=r"expected at most 10000 cells .*given 12000000000"):
        expand(study, "smoke")


def test_the_count_is_that_of_the_cells() -> None:
    study = Study(
        "s", "t", (*ROWS, Row("paper only", "")), datasets=("digits", "cifar10"), ipcs=(1, 10),
        repeats=2, grids=(Grid(datasets=("cifar10",), seeds=(5,)),),
    )  # fmt: skip
    for profile in ("smoke", "quick"):
        assert study.count(profile) == len(expand(study, profile))


def test_each_teacher_has_sets_of_its_own_and_the_first_keeps_its_cells() -> None:
    """Seeds 0, 3, 7: the second teacher's sets are 8, 11, 15, the third's 16, 19, 23."""
    one = Study("s", "t", ROWS, seeds=(0, 3, 7))
    cells = expand(replace(one, teachers=3), "smoke")
    drawn = [(c.teacher, c.seed) for c in cells if c.row.label == "a"]
    assert drawn == [(0, 0), (0, 3), (0, 7), (1, 8), (1, 11), (1, 15), (2, 16), (2, 19), (2, 23)]
    assert [c for c in cells if c.teacher == 0] == expand(one, "smoke")
    assert len({c.label for c in cells}) == len(cells)
    assert cells[3].label == "a · digits · ipc 1 · s8 · teacher 2"


def test_a_study_without_a_teacher_is_refused() -> None:
    with pytest.raises(BadValue, match="teachers: expected at least 1 teacher, given 0"):
        Study("s", "t", ROWS, teachers=0)


def test_teachers_are_set_like_every_number_of_a_study() -> None:
    study = Study("s", "t", ROWS)
    assert apply_to_study(study, parse(["teachers=3"], study)).teachers == 3
    with pytest.raises(BadValue, match="--set teachers=many: expected int"):
        apply_to_study(study, parse(["teachers=many"], study))


def test_protocols_stand_in_place_of_evaluators() -> None:
    protocols = (Protocol("sre2l"), Protocol("hard-300", "hard-label"))
    study = Study("s", "t", ROWS, seeds=(0,), evaluators=("fkd", "looks"), protocols=protocols)
    cells = expand(study, "smoke")
    assert study.count("smoke") == len(cells) == 2 * 2
    assert [(c.protocol, c.evaluator) for c in cells[:2]] == [
        ("sre2l", "fkd"),
        ("hard-300", "hard-label"),
    ]
    assert cells[1].label == "a · digits · ipc 1 · s0 · hard-label · under hard-300"


def test_a_recipe_in_two_protocols_is_refused() -> None:
    with pytest.raises(BadValue, match="expected a recipe in one protocol"):
        Study("s", "t", ROWS, protocols=(Protocol("rded"), Protocol("rded", "hard-label")))


def test_an_evaluator_that_is_set_stands_in_place_of_protocols() -> None:
    study = Study("s", "t", ROWS, protocols=(Protocol("rded"), Protocol("sre2l")))
    changed = apply_to_study(study, parse(["evaluator=hard-label"], study))
    assert {(c.protocol, c.evaluator) for c in expand(changed, "smoke")} == {("", "hard-label")}
