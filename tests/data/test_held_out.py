"""The validation variant of a data set: held out of its training split, blind to its test split."""

from pathlib import Path

import pytest

from bench.app.session import find_source, find_spec
from bench.core.errors import UnknownName
from bench.data.builtin import get_dataset
from bench.data.load import load
from bench.data.sources.held_out import held_out, members


def test_every_fifth_image_of_a_class_is_held_out() -> None:
    labels = [0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0]
    assert members(labels, "test", 5) == [5, 9]
    assert members(labels, "train", 5) == [0, 1, 2, 3, 4, 6, 7, 8, 10]


def test_both_parts_make_up_the_training_split(data_root: Path) -> None:
    whole = load(find_spec("digits"), "train", data_root)
    part, held = (load(find_spec("digits#val"), split, data_root) for split in ("train", "test"))
    rows = [*part.images.flatten(1).tolist(), *held.images.flatten(1).tolist()]
    assert sorted(rows) == sorted(whole.images.flatten(1).tolist())
    assert 0.17 < len(held.images) / len(whole.images) < 0.2  # at most a fifth of each class


def test_every_class_keeps_its_share(data_root: Path) -> None:
    part, held = (load(find_spec("digits#val"), split, data_root) for split in ("train", "test"))
    share = held.labels.bincount() / (held.labels.bincount() + part.labels.bincount())
    assert bool((share > 0.17).all())
    assert bool((share <= 0.2).all())


def test_its_digests_are_those_of_no_other_split(data_root: Path) -> None:
    real, search = find_source("digits", data_root), find_source("digits#val", data_root)
    assert len({real.train, real.test, search.train, search.test}) == 4
    assert search.train_count + search.test_count == real.train_count


def test_it_has_the_recipe_of_its_data_set() -> None:
    spec = get_dataset("imagenette@64")
    assert held_out(spec).family == spec.family == "imagenette"


def test_the_variant_of_an_unknown_set_is_unknown() -> None:
    with pytest.raises(UnknownName, match="did you mean 'digits'"):
        find_spec("digit#val")
