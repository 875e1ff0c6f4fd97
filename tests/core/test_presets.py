"""The named recipes hold the values of their sources, and only their own differences."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bench.app.announcing import networks
from bench.app.session import find_spec
from bench.core.errors import UnknownName
from bench.data.builtin import get_dataset
from bench.execution.planner import make_plan
from bench.graph.request import Source
from bench.plugin.recipes import Recipe
from bench.study.convnet import convnet_for
from bench.study.grid import Row, Study
from bench.study.overrides import Overrides
from bench.study.presets import recipe_about, recipe_for, recipe_names

DATASETS = ("digits", "cifar100", "tiny-imagenet", "imagenette", "imagenet-1k")


def recipe(name: str, dataset: str, ipc: int = 10, student: str = "teacher") -> Recipe:
    return recipe_for(name, get_dataset(dataset), ipc, "paper", student)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_has_an_id_of_its_own_that_does_not_move(name: str, dataset: str) -> None:
    assert recipe(name, dataset).id == recipe(name, dataset).id
    assert len({recipe(other, dataset).id for other in recipe_names()}) == len(recipe_names())
    assert recipe(name, dataset).name == name
    assert recipe_about(name).endswith(".")


def test_unknown_recipes_are_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'sre2l'"):
        recipe_for("sre2", get_dataset("digits"), 1, "smoke")


def test_sre2l_on_imagenet_is_long_and_has_large_batches() -> None:
    found = recipe("sre2l", "imagenet-1k")
    assert (found.recover.iterations, found.recover.lr, found.recover.roll) == (4000, 0.25, 32)
    assert (found.relabel.batch, found.relabel.epochs, found.relabel.cutmix) == (1024, 300, True)
    assert found.objective.sre2l_bn_weight == 0.01
    assert found.student == recipe("wmdd-code", "imagenet-1k").student


def test_sre2l_on_tiny_imagenet_is_sgd_with_warm_up_and_squared_temperature() -> None:
    found = recipe("sre2l", "tiny-imagenet")
    student, squeeze = found.student, found.squeeze
    assert (student.optimizer, student.lr, student.warmup, student.squared) == ("sgd", 0.2, 5, True)
    assert (squeeze.lr, squeeze.batch, squeeze.warmup) == (0.2, 256, 5)
    assert (found.recover.lr, found.recover.roll) == (0.1, 4)
    assert (found.relabel.epochs, found.relabel.batch, found.relabel.cutmix) == (100, 256, False)
    assert found.objective.sre2l_bn_weight == 1.0
    assert (found.recover.rolls, found.evaluator) == ("both-ways", "online-kd")


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
@pytest.mark.parametrize("dataset", DATASETS)
def test_shorter_profiles_never_lengthen(name: str, dataset: str) -> None:
    lengths = []
    for profile in ("smoke", "quick", "paper"):
        found = recipe_for(name, get_dataset(dataset), 10, profile)
        lengths.append((found.squeeze.epochs, found.recover.iterations, found.relabel.epochs))
    smoke, quick, paper = lengths
    assert all(a <= b <= c for a, b, c in zip(smoke, quick, paper, strict=True))


def test_values_name_every_field() -> None:
    values = recipe("wmdd-paper", "imagenet-1k").values()
    assert values["precision"] == "fp32"
    assert values["relabel.batch"] == 1024
    assert values["objective.bn_weight"] == 500.0
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
    assert recipe("wmdd-code", "cifar100", ipc=50).presets == {}


@pytest.mark.parametrize("name", recipe_names())
@pytest.mark.parametrize("dataset", DATASETS)
def test_every_recipe_computes_in_float32(name: str, dataset: str) -> None:
    assert recipe(name, dataset).precision == "fp32"


def test_a_folder_of_ten_classes_has_the_rule_of_ten_classes() -> None:
    birds = replace(get_dataset("imagenette"), name="/home/me/birds", family="")
    assert recipe_for("wmdd-code", birds, 2, "paper").relabel.batch == 20
    assert recipe_for("wmdd-code", birds, 10, "paper").relabel.batch == 100
    many = replace(birds, num_classes=1000)
    assert recipe_for("wmdd-code", many, 2, "paper").relabel.batch == 100
    assert recipe_for("rded", many, 1, "paper").relabel.batch == 20
    assert recipe_for("rded", birds, 1, "paper").relabel.batch == 10


def test_a_variant_that_a_user_writes_has_the_lambda_of_its_family() -> None:
    mine = replace(get_dataset("tiny-imagenet"), name="tiny-grey", resolution=48)
    assert recipe_for("wmdd-code", mine, 10, "paper").objective.bn_weight == 300.0
    other = replace(mine, family="")
    assert recipe_for("wmdd-code", other, 10, "paper").objective.bn_weight == 10.0


def test_images_that_may_not_be_mirrored_never_are() -> None:
    signs = replace(get_dataset("imagenette"), flip=False)
    found = recipe_for("wmdd-code", signs, 10, "paper")
    assert (found.squeeze.flip, found.recover.flip, found.relabel.flip) == (0, 0, 0)


def test_the_papers_later_stages_on_tiny_imagenet_are_sre2ls() -> None:
    """Section 5.1: on-line labels, SGD at 0.2, 100 epochs, batch 256, squared temperature."""
    paper, sre2l = recipe("wmdd-paper", "tiny-imagenet@224"), recipe("sre2l", "tiny-imagenet@224")
    assert (paper.relabel, paper.student) == (sre2l.relabel, sre2l.student)
    assert paper.evaluator == sre2l.evaluator == "online-kd"
    assert (paper.student.optimizer, paper.student.lr, paper.student.squared) == ("sgd", 0.2, True)
    assert (paper.relabel.epochs, paper.relabel.batch) == (100, 256)
    assert recipe("wmdd-paper", "imagenette").evaluator == "fkd"


@pytest.mark.parametrize(
    ("dataset", "lr", "weight", "roll"),
    [("imagenet-1k", 0.25, 0.01, 32), ("tiny-imagenet", 0.4, 0.05, 4)],
)
def test_cda_has_the_settings_of_its_scripts(
    dataset: str, lr: float, weight: float, roll: int
) -> None:
    found = recipe("cda", dataset)
    assert (found.recover.iterations, found.relabel.batch) == (4000, 128)
    assert (found.recover.lr, found.objective.sre2l_bn_weight) == (lr, weight)
    assert (found.recover.roll, found.recover.rolls) == (roll, "forward")


@pytest.mark.parametrize(
    ("student", "rate"),
    [
        ("teacher", 1e-3),
        ("resnet18", 1e-3),
        ("vit_base_patch16_224", 1e-4),
        ("swin_tiny_patch4_window7_224", 1e-4),
        ("efficientnet_b0", 2e-3),
        ("mobilenet_v2", 2.5e-3),
    ],
)
def test_rdeds_students_have_rates_of_their_own(student: str, rate: float) -> None:
    assert recipe("rded", "imagenet-1k", student=student).student.lr == rate


@pytest.mark.parametrize(
    ("dataset", "ipc", "batch", "lr", "schedule"),
    [
        ("imagenette", 1, 10, 5e-4, "cosine-half"),
        ("imagenette", 10, 10, 5e-4, "cosine"),
        ("imagenette", 50, 10, 5e-4, "cosine-half"),
        ("tiny-imagenet", 10, 16, 1e-3, "cosine-half"),
        ("imagenet-1k", 50, 16, 1e-3, "cosine"),
    ],
)
@pytest.mark.parametrize("name", ["sre2l++", "cv-dd", "fadrm"])
def test_batch_specific_recipes_have_the_students_of_train_fkd(
    name: str, dataset: str, ipc: int, batch: int, lr: float, schedule: str
) -> None:
    found = recipe(name, dataset, ipc)
    assert (found.relabel.batch, found.relabel.epochs) == (batch, 300)
    assert (found.student.lr, found.student.schedule, found.student.temperature) == (
        lr,
        schedule,
        20.0,
    )
    assert found.evaluator == "fkd-bssl"
    assert found.objective.sre2l_bn_weight == 0.01


def test_sre2l_plus_recovers_long_in_batches_of_a_class_each() -> None:
    nette, cifar = recipe("sre2l++", "imagenette").recover, recipe("sre2l++", "cifar10").recover
    assert (nette.iterations, nette.lr, nette.batch) == (4000, 0.25, 10)
    assert cifar.iterations == 200
    assert recipe("sre2l++", "imagenet-1k").recover.batch == 100


def test_cv_dd_has_priors_where_they_are_published() -> None:
    assert recipe("cv-dd", "imagenet-1k").presets["cv-dd"]["priors"] == (43.1, 41.37, 39.15, 38.9)
    assert recipe("cv-dd", "digits").presets == {}


@pytest.mark.parametrize(
    ("dataset", "iterations", "lr", "parts"),
    [
        ("imagenette", 2000, 0.05, None),
        ("tiny-imagenet", 1000, 0.01, 2),
        ("cifar100", 2000, 0.25, None),
        ("imagenet-1k", 2000, 0.25, None),
    ],
)
def test_fadrm_has_the_rates_of_its_scripts_for_one_teacher(
    dataset: str, iterations: int, lr: float, parts: int | None
) -> None:
    found = recipe("fadrm", dataset)
    assert (found.recover.iterations, found.recover.lr) == (iterations, lr)
    assert found.recover.codec == "png"
    assert found.presets.get("fadrm", {}).get("parts") == parts


@pytest.mark.parametrize(
    ("dataset", "ipc", "batch"),
    [("imagenette", 1, 10), ("imagenette", 10, 50), ("imagenet-1k", 50, 200), ("cifar10", 50, 100)],
)
def test_delt_does_not_roll_and_is_trained_as_rded(dataset: str, ipc: int, batch: int) -> None:
    found = recipe("delt", dataset, ipc)
    assert (found.recover.iterations, found.recover.roll) == (4000, 0)
    assert (found.relabel.batch, found.relabel.crop_min) == (batch, 0.25)
    assert found.student.schedule == "cosine-half"


@pytest.mark.parametrize(
    ("dataset", "ipc", "crop_min", "batch"),
    [
        ("cifar10", 10, 0.1, 16),
        ("cifar100", 50, 0.6, 64),
        ("tiny-imagenet", 100, 0.9, 128),
        ("imagenet-1k", 50, 0.2, 256),
    ],
)
def test_bps_crops_and_batches_by_its_table(
    dataset: str, ipc: int, crop_min: float, batch: int
) -> None:
    found = recipe("bps", dataset, ipc)
    assert (found.relabel.crop_min, found.relabel.batch, found.relabel.epochs) == (
        crop_min,
        batch,
        500,
    )
    assert (found.student.decay, found.student.squared) == ("all", True)


@pytest.mark.parametrize(
    ("side", "mark", "line"),
    [
        (32, "", "at 32 pixels: teacher resnet18 (first layers for small images)"),
        (64, "", "at 64 pixels: teacher resnet18 (first layers for small images)"),
        (224, "", "at 224 pixels: teacher resnet18"),
        (32, "#grey=1", "at 32 pixels: teacher convnet3-w64-bn"),
    ],
)
def test_a_folder_has_the_resolution_and_the_network_of_its_files(
    side: int, mark: str, line: str, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / "train" / name).mkdir(parents=True)
        Image.new("RGB", (side, side)).save(tmp_path / "train" / name / "1.png")
    spec = find_spec(f"{tmp_path}{mark}")
    study = Study("s", "S", (Row("random", "random"),), datasets=(spec.name,), seeds=(0,))
    plan = make_plan(study, "smoke", Overrides(), lambda _: Source(spec, "0" * 64, "1" * 64, 99, 9))
    (told,) = networks(plan)
    assert told == f"{spec.name} {line}, students {plan.cells[0].recipe.squeeze.arch}"
