"""The bundled digits are real, split without a seed, and scaled exactly to 8 bits."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from bench.data.builtin import DIGITS_MEAN, DIGITS_STD, get_dataset
from bench.data.load import digest, load
from bench.data.sources.digits import read

GOLDEN = {
    "train": "45cc590108840fcfe0db2330426eb10923afbfb8a0b65800f0e14863ca80ea30",
    "test": "146ae02f85ca72885114e21b4a1699b3c2b9cdac26ed85e52034559ac84de5db",
}


@pytest.mark.parametrize("split", ["train", "test"])
def test_digest_is_the_same_on_every_machine(split: str, tmp_path: Path) -> None:
    assert digest(get_dataset("digits"), split, tmp_path) == GOLDEN[split]


def test_both_splits_together_are_all_images() -> None:
    (train, train_labels), (test, test_labels) = read("train"), read("test")
    bunch = load_digits()
    assert len(train) == 1442
    assert len(test) == 355
    given = sorted(np.rint(bunch.images * 255 / 16).astype(np.uint8).reshape(1797, -1).tolist())
    assert sorted([*train.reshape(1442, -1).tolist(), *test.reshape(355, -1).tolist()]) == given
    counts = np.bincount(train_labels) + np.bincount(test_labels)
    assert counts.tolist() == np.bincount(bunch.target).tolist()


def test_the_fifth_image_of_a_class_is_the_first_test_image() -> None:
    bunch = load_digits()
    images, labels = read("test")
    fifth_zero = bunch.images[bunch.target == 0][4]
    assert (images[labels == 0][0] == np.rint(fifth_zero * 255 / 16)).all()


def test_splits_are_stratified() -> None:
    _, labels = read("test")
    share = np.bincount(labels) / np.bincount(load_digits().target)
    assert share.min() > 0.19
    assert share.max() <= 0.2


def test_normalisation_is_that_of_the_training_images() -> None:
    images, _ = read("train")
    assert (images / 255).mean() == pytest.approx(DIGITS_MEAN[0], abs=5e-5)
    assert (images / 255).std() == pytest.approx(DIGITS_STD[0], abs=5e-5)


def test_real_set_has_one_channel_and_may_not_be_flipped(tmp_path: Path) -> None:
    spec = get_dataset("digits")
    real = load(spec, "train", tmp_path)
    assert real.images.shape == (1442, 1, 8, 8)
    assert real.images.min() == 0
    assert real.images.max() == 255
    assert real.classes == tuple("0123456789")
    assert not spec.flip
    assert spec.chance == pytest.approx(0.1)


def test_variant_is_upsampled(tmp_path: Path) -> None:
    small = load(get_dataset("digits"), "test", tmp_path)
    large = load(get_dataset("digits@16"), "test", tmp_path)
    assert large.images.shape == (355, 1, 16, 16)
    assert large.resolution == 16
    assert large.digest != small.digest
    assert (large.labels == small.labels).all()
