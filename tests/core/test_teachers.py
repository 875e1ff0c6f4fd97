"""Several teachers: each has a seed, hence addresses, of its own under one recipe's name."""

from dataclasses import replace

from planning import RELEASED, addresses, moved, plan_of, study_of

from bench.study.grid import Row


def test_another_teacher_moves_every_stage_and_no_recipe() -> None:
    first, second = plan_of(replace(study_of(RELEASED[0]), teachers=2)).cells
    assert (first.recipe.squeeze.seed + 1, first.cell.seed + 1) == (
        second.recipe.squeeze.seed, second.cell.seed,
    )  # fmt: skip
    assert moved(addresses(first), addresses(second)) == set(addresses(first))
    names = {cell.cell.without_teacher(cell.recipe).id for cell in (first, second)}
    assert names == {first.recipe.id}


def test_further_teachers_leave_the_first_ones_addresses_alone() -> None:
    (alone,) = plan_of(study_of(RELEASED[0])).cells
    first = plan_of(replace(study_of(RELEASED[0]), teachers=3)).cells[0]
    assert addresses(first) == addresses(alone)


def test_the_seed_of_the_recipe_is_counted_up_from() -> None:
    study = replace(study_of(RELEASED[0]), teachers=3)
    found = [cell.recipe.squeeze.seed for cell in plan_of(study, "squeeze.seed=5").cells]
    assert found == [5, 6, 7]


def test_a_selection_that_draws_nothing_has_one_set_per_teacher_at_most() -> None:
    for name in ("herding", "k-center"):
        study = study_of(Row(name, name), seeds=(0, 1, 2))
        sets = {cell.tasks["recover"].address for cell in plan_of(study).cells}
        assert len(sets) == 1
