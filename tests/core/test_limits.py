"""Impossible requests are refused while planning, before anything is computed."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.app.session import find_source
from bench.core.errors import BadValue, UnknownName
from bench.data.builtin import get_dataset
from bench.execution.planner import make_plan
from bench.graph.plan import Plan
from bench.graph.request import Source
from bench.stages.observe import free_of_batchnorm
from bench.study.grid import Row, Study
from bench.study.overrides import Overrides, parse


def source(smallest: int = 0) -> Source:
    return Source(get_dataset("digits"), "a" * 64, "b" * 64, 1000, 300, smallest, "seven")


def plan(distiller: str, ipc: int, smallest: int, settings: tuple[str, ...] = ()) -> Plan:
    study = Study("s", "S", (Row("the row", distiller),), ipcs=(ipc,), seeds=(0,))
    overrides = parse(settings, study) if settings else Overrides()
    return make_plan(study, "smoke", overrides, lambda name: source(smallest))


@pytest.mark.parametrize(
    "distiller", ["random", "herding", "k-center", "rded", "wmdd", "kmeans", "dm", "mtt"]
)
def test_more_images_than_a_class_has_are_refused(distiller: str) -> None:
    with pytest.raises(BadValue, match=r"at most 5, the size of class 'seven' of digits, given 6"):
        plan(distiller, ipc=6, smallest=5)
    assert len(plan(distiller, ipc=5, smallest=5).cells) == 1


def test_a_mosaic_takes_several_images_of_a_class() -> None:
    expected = "at most 2, since each takes 4 of the 9 images of class 'seven' of digits, given 3"
    with pytest.raises(BadValue, match=expected):
        plan("rded", 3, 9, ("rded.factor=2",))
    assert len(plan("rded", 2, 9, ("rded.factor=2",)).cells) == 1


def test_a_factorised_image_starts_from_several_images_of_a_class() -> None:
    with pytest.raises(BadValue, match="at most 2, since each takes 4 of the 9 images"):
        plan("m3d", 3, 9)
    assert len(plan("dm", 3, 9, ("dm.factor=2", "dm.start=noise")).cells) == 1


def test_images_made_of_noise_may_outnumber_a_class() -> None:
    assert len(plan("sre2l", ipc=6, smallest=5).cells) == 1


def test_all_real_images_need_no_budget() -> None:
    assert len(plan("full", ipc=6, smallest=5).cells) == 1


def test_an_evaluator_that_holds_images_out_needs_two_of_a_class() -> None:
    expected = "at least 2 for the evaluator 'fkd-held-out', given 1 for row 'the row'"
    with pytest.raises(BadValue, match=expected):
        plan("random", 1, 0, ("evaluator=fkd-held-out",))
    assert len(plan("random", 2, 0, ("evaluator=fkd-held-out",)).cells) == 1
    assert len(plan("full", 1, 0, ("evaluator=fkd-held-out",)).cells) == 1


def test_unknown_sizes_refuse_nothing() -> None:
    assert len(plan("random", ipc=10**6, smallest=0).cells) == 1


@pytest.mark.parametrize("distiller", ["sre2l", "ce-pcbn", "wmdd", "wass-bn"])
def test_batchnorm_methods_refuse_a_teacher_without_and_name_the_others(distiller: str) -> None:
    with pytest.raises(BadValue, match="'convnet3' has no BatchNorm layers") as error:
        plan(distiller, 1, 0, ("squeeze.arch=convnet3",))
    text = str(error.value)
    assert "\n" not in text
    assert "the row" in text
    assert text.endswith(", ".join(free_of_batchnorm()))


def test_the_others_accept_that_teacher() -> None:
    free = free_of_batchnorm()
    assert {"random", "herding", "rded", "full"} <= set(free)
    assert not {"wmdd", "sre2l", "ce-pcbn"} & set(free)
    assert len(plan("rded", 1, 0, ("squeeze.arch=convnet3",)).cells) == 1


@pytest.mark.parametrize("setting", ["wmdd.layer=layer-9", "observe.layers=penultimate,layer-9"])
def test_a_layer_that_the_teacher_lacks_is_refused_and_the_nearest_named(setting: str) -> None:
    with pytest.raises(UnknownName) as error:
        plan("wmdd", 1, 0, (setting, "squeeze.arch=convnet3-w16-bn"))
    assert str(error.value) == (
        "row 'the row', teacher 'convnet3-w16-bn': unknown layer 'layer-9' — did you mean "
        "'layer-4'? (known: layer-1, layer-2, layer-3, layer-4, penultimate)"
    )


@pytest.mark.parametrize("distiller", ["wmdd", "herding", "k-center", "kmeans"])
def test_a_layer_that_is_not_observed_is_refused_with_what_to_add(distiller: str) -> None:
    layer = f"{distiller}.layer=layer-2"
    with pytest.raises(BadValue, match=r"observed \(penultimate\), given 'layer-2'; add") as error:
        plan(distiller, 1, 0, (layer,))
    remedy = str(error.value).split("--set ")[1]
    assert remedy == "observe.layers=penultimate,layer-2"
    assert len(plan(distiller, 1, 0, (layer, remedy)).cells) == 1


def test_distillers_that_see_no_network_may_stand_beside_any_layers() -> None:
    assert len(plan("random", 1, 0, ("observe.layers=layer-9",)).cells) == 1


def test_the_smallest_class_is_counted_from_the_prepared_labels(data_root: Path) -> None:
    found = find_source("digits", data_root)
    assert found.smallest_class in find_classes(data_root)
    assert 0 < found.smallest <= found.train_count / 10
    assert replace(found, smallest=0) != found


def find_classes(data_root: Path) -> tuple[str, ...]:
    from bench.data.load import load

    real = load(get_dataset("digits"), "train", data_root)
    counts = real.labels.bincount().tolist()
    least = min(counts)
    return tuple(name for name, n in zip(real.classes, counts, strict=True) if n == least)
