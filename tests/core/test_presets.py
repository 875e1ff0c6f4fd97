"""The named recipes hold the values of their sources, and only their own differences."""

import pytest

from bench.core.errors import UnknownName
from bench.plugin.recipes import Recipe
from bench.study.convnet import convnet_for
from bench.study.presets import recipe_about, recipe_for, recipe_names

SIDES = {"digits": 8, "cifar100": 32, "tiny-imagenet": 64, "imagenette": 224, "imagenet-1k": 224}


def recipe(name: str, dataset: str, ipc: int = 10) -> Recipe:
    return recipe_for(name, dataset, SIDES[dataset], ipc, "paper")


@pytest.mark.parametrize("dataset", SIDES)
@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_has_an_id_of_its_own_that_does_not_move(name: str, dataset: str) -> None:
    assert recipe(name, dataset).id == recipe(name, dataset).id
    assert len({recipe(other, dataset).id for other in recipe_names()}) == len(recipe_names())
    assert recipe(name, dataset).name == name
    assert recipe_about(name).endswith(".")


def test_unknown_recipes_are_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'sre2l'"):
        recipe_for("sre2", "digits", 8, 1, "smoke")


def test_sre2l_on_imagenet_is_long_and_has_large_batches() -> None:
    found = recipe("sre2l", "imagenet-1k")
    assert (found.recover.iterations, found.recover.lr, found.recover.roll) == (4000, 0.25, 32)
    assert (found.relabel.batch, found.relabel.epochs, found.relabel.cutmix) == (1024, 300, True)
    assert found.presets["sre2l"] == {"bn_weight": 0.01}
    assert found.student == recipe("wmdd-code", "imagenet-1k").student


def test_sre2l_on_tiny_imagenet_is_sgd_with_warm_up_and_squared_temperature() -> None:
    found = recipe("sre2l", "tiny-imagenet")
    student, squeeze = found.student, found.squeeze
    assert (student.optimizer, student.lr, student.warmup, student.squared) == ("sgd", 0.2, 5, True)
    assert (squeeze.lr, squeeze.batch, squeeze.warmup) == (0.2, 256, 5)
    assert (found.recover.lr, found.recover.roll) == (0.1, 4)
    assert (found.relabel.epochs, found.relabel.batch, found.relabel.cutmix) == (100, 256, False)
    assert found.presets["sre2l"] == {"bn_weight": 1.0}


def test_sre2l_on_cifar_neither_crops_nor_flips_while_it_recovers() -> None:
    found = recipe("sre2l", "cifar100")
    assert (found.recover.iterations, found.recover.crop_min, found.recover.flip) == (1000, 1, 0)
    assert (found.student.temperature, found.student.decay) == (30.0, "all")
    assert (found.relabel.epochs, found.relabel.batch) == (400, 128)


@pytest.mark.parametrize(
    ("dataset", "ipc", "batch"),
    [
        ("imagenette", 1, 10),
        ("imagenette", 10, 50),
        ("imagenette", 50, 100),
        ("imagenet-1k", 1, 20),
        ("imagenet-1k", 10, 100),
        ("imagenet-1k", 50, 200),
        ("tiny-imagenet", 1, 100),
        ("tiny-imagenet", 50, 100),
        ("cifar100", 10, 100),
    ],
)
def test_rded_chooses_its_batch_by_ipc_and_classes(dataset: str, ipc: int, batch: int) -> None:
    assert recipe("rded", dataset, ipc).relabel.batch == batch


def test_rded_ends_at_half_the_rate_and_crops_down_to_one_tile() -> None:
    assert recipe("rded", "imagenette").student.schedule == "cosine-half"
    assert recipe("rded", "imagenette").relabel.crop_min == 0.5
    assert recipe("rded", "tiny-imagenet").relabel.crop_min == 1.0


def test_hard_labels_are_trained_for_300_epochs_without_cutmix() -> None:
    found = recipe("hard-300", "tiny-imagenet").relabel
    assert (found.epochs, found.batch, found.cutmix) == (300, 100, False)


@pytest.mark.parametrize("name", recipe_names())
@pytest.mark.parametrize("dataset", SIDES)
def test_shorter_profiles_never_lengthen(name: str, dataset: str) -> None:
    lengths = []
    for profile in ("smoke", "quick", "paper"):
        found = recipe_for(name, dataset, SIDES[dataset], 10, profile)
        lengths.append((found.squeeze.epochs, found.recover.iterations, found.relabel.epochs))
    smoke, quick, paper = lengths
    assert all(a <= b <= c for a, b, c in zip(smoke, quick, paper, strict=True))


def test_values_name_every_field_and_preset() -> None:
    values = recipe("wmdd-paper", "tiny-imagenet").values()
    assert values["precision"] == "bf16"
    assert values["relabel.batch"] == 1024
    assert values["wmdd.bn_weight"] == 300.0
    assert values["student.schedule"] == "cosine"


def test_the_convnet_of_the_line_leaves_four_pixels_where_it_can() -> None:
    sides = {8: 2, 16: 2, 28: 3, 32: 3, 64: 4, 128: 5, 224: 5}
    assert {side: int(convnet_for(side)[-1]) for side in sides} == sides


def test_the_convnet_line_brings_what_its_papers_set_by_data_set_and_ipc() -> None:
    found = recipe("convnet-dsa", "cifar100", ipc=50).presets
    assert (found["mtt"]["inner"], found["mtt"]["inner_batch"]) == (80, 125)
    assert (found["mtt"]["lr"], found["mtt"]["zca"]) == (1000, True)
    assert "mtt" not in recipe("convnet-dsa", "cifar100", ipc=3).presets
    assert [recipe("convnet-dc", "cifar100", ipc=n).presets["dm"]["lr"] for n in (50, 100)] == [
        1,
        10,
    ]
    assert recipe("convnet-dsa", "imagenette").presets["datadam"] == {"lr": 1.0, "balance": 0.02}
    assert recipe("convnet-dsa", "tiny-imagenet").presets["datadam"]["balance"] == 0.01
    assert found["wmdd"] == recipe("wmdd-code", "cifar100", ipc=50).presets["wmdd"]
