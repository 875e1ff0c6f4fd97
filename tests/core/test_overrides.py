"""Overrides are typed, explained when wrong, and change a recipe's id."""

import pytest

from bench.core.errors import BadValue
from bench.data.builtin import get_dataset
from bench.plugin.recipes import AtMost
from bench.study.grid import Row, Study
from bench.study.overrides import apply_to_recipe, apply_to_study, parse, row_overrides
from bench.study.presets import recipe_for

STUDY = Study("s", "t", (Row("a", "wmdd"), Row("b", "sre2l")))


def test_values_take_their_declared_types() -> None:
    found = parse(["wmdd.bn_weight=3", "recover.iterations=7", "squeeze.lr=1e-3"], STUDY)
    assert found.distillers == {("wmdd", "bn_weight"): 3.0}
    assert found.recipe == {("recover", "iterations"): 7, ("squeeze", "lr"): 0.001}


def test_bare_field_reaches_every_distiller_that_has_it() -> None:
    found = parse(["bn_weight=2"], STUDY)
    assert found.distillers == {("wmdd", "bn_weight"): 2.0, ("sre2l", "bn_weight"): 2.0}


def test_study_keys_replace_the_grid() -> None:
    found = parse(["dataset=digits,cifar10", "ipc=1,10", "seeds=3", "student=resnet18"], STUDY)
    study = apply_to_study(STUDY, found)
    assert study.datasets == ("digits", "cifar10")
    assert study.ipcs == (1, 10)
    assert study.seeds == (0, 1, 2)
    assert study.students == ("resnet18",)


def test_listed_seeds_are_taken_as_they_are() -> None:
    assert apply_to_study(STUDY, parse(["seeds=0,5"], STUDY)).seeds == (0, 5)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("ipcs=3", "did you mean 'ipc'"),
        ("bn_wieght=3", "did you mean 'bn_weight'"),
        ("recover.iteration=3", "did you mean 'recover.iterations'"),
        ("recover.iterations=many", "expected int, given 'many'"),
        ("recover.codec=gif", "one of jpeg-q75, png"),
        ("bn_weight=nan", "finite"),
        ("ipc", "expected key=value"),
        ("seeds=0", "at least 1 seed"),
        ("seeds=three", "given 'three'"),
    ],
)
def test_wrong_overrides_say_what_was_expected(setting: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        apply_to_study(STUDY, parse([setting], STUDY))


def test_out_of_range_values_are_refused_when_applied() -> None:
    recipe = recipe_for("wmdd-code", get_dataset("digits"), 1, "quick")
    found = parse(["recover.iterations=0"], STUDY)
    with pytest.raises(BadValue, match=r"recover\.iterations: expected at least 1, given 0"):
        apply_to_recipe(recipe, found.recipe)


def test_a_deviation_changes_the_id_and_is_marked() -> None:
    recipe = recipe_for("wmdd-code", get_dataset("digits"), 1, "quick")
    changed = apply_to_recipe(recipe, {("squeeze", "lr"): 0.5})
    assert changed.id != recipe.id
    assert changed.id.startswith("wmdd-code+·quick@")
    assert changed.deviations == ("squeeze.lr=0.5",)


def test_row_overrides_are_typed_too() -> None:
    recipe = recipe_for("wmdd-code", get_dataset("digits"), 1, "quick")
    assert row_overrides({"relabel.epochs": "5"}, recipe) == {("relabel", "epochs"): 5}
    with pytest.raises(BadValue, match=r"did you mean 'relabel\.epochs'"):
        row_overrides({"relabel.epoch": 5}, recipe)


@pytest.mark.parametrize("dataset", ["digits", "imagenette@64"])
def test_a_row_may_ask_for_a_length_that_a_profile_still_shortens(dataset: str) -> None:
    found = {}
    for profile in ("smoke", "quick", "paper"):
        recipe = recipe_for("wmdd-code", get_dataset(dataset), 1, profile)  # type: ignore[arg-type]
        value = row_overrides({"relabel.epochs": AtMost(20)}, recipe)["relabel", "epochs"]
        found[profile] = (value, recipe.relabel.epochs)
    assert all(value == min(20, usual) for value, usual in found.values())
    assert found["quick"][0] == found["paper"][0] == 20
    assert found["smoke"][0] == (20 if dataset == "digits" else 5)
