"""Copies of test images are found, look-alikes are not; dead images and lost orders are named."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from bench.analysis.leaks import class_order, hashes, near_duplicates, unsound
from bench.artifacts.values import SyntheticSet
from bench.core.errors import BadValue


def smooth(count: int, seed: int, channels: int = 3, side: int = 32) -> Tensor:
    """Random images without fine noise, so that they survive resizing."""
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, channels, 6, 6, generator=rng) * 255
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear").byte()


def synthetic(images: Tensor) -> SyntheticSet:
    count = len(images)
    labels, slots = torch.arange(count), torch.zeros(count, dtype=torch.int64)
    return SyntheticSet(images, labels, slots, torch.ones(count), 1)


def test_unrelated_images_are_no_duplicates() -> None:
    assert near_duplicates(smooth(40, 0), smooth(30, 1)) == []


def test_a_copied_test_image_is_found_and_located() -> None:
    test, ours = smooth(40, 0), smooth(30, 1)
    ours[7] = test[23]
    (pair,) = near_duplicates(test, ours)
    assert (pair.test, pair.synthetic, pair.bits, pair.rms) == (23, 7, 0, 0)


def test_a_brighter_noisier_resized_copy_is_still_found() -> None:
    test, ours = smooth(40, 0), smooth(30, 1, side=16)
    shrunk = torch.nn.functional.interpolate(test[23:24].float(), (16, 16), mode="area")[0]
    noise = torch.randn(shrunk.shape, generator=torch.Generator().manual_seed(2))
    ours[7] = (shrunk + 2 + 2 * noise).clamp(0, 255).byte()
    assert [(p.test, p.synthetic) for p in near_duplicates(test, ours)] == [(23, 7)]


def test_equal_gradients_of_other_pixels_are_no_duplicate() -> None:
    test = smooth(1, 0)
    darker = (test.float() * 0.5).byte()
    assert (hashes(test) - hashes(darker)).abs().sum() <= 2 * 6
    assert near_duplicates(test, darker) == []


def test_images_of_other_channels_are_refused() -> None:
    with pytest.raises(BadValue, match="as many channels, given 3 and 1"):
        near_duplicates(smooth(1, 0), smooth(1, 0, channels=1))


def test_a_sound_set_has_nothing_to_say() -> None:
    assert list(unsound(synthetic(smooth(4, 0)))) == []


def test_dead_and_equal_images_are_counted() -> None:
    images = smooth(4, 0)
    images[1] = 7
    assert list(unsound(synthetic(images))) == ["1 of 4 images are of a single colour"]
    same = smooth(1, 0).expand(4, -1, -1, -1)
    assert list(unsound(synthetic(same))) == ["all 4 images are equal"]


def test_what_is_not_finite_is_named() -> None:
    made = synthetic(smooth(2, 0))
    spoiled = replace(
        made, weights=torch.tensor([1.0, torch.nan]), curve={"total": torch.tensor([torch.inf])}
    )
    found = list(unsound(spoiled))
    assert found == ["some image weights are not finite", "the loss term 'total' was not finite"]


def test_a_permuted_order_is_recovered() -> None:
    labels = torch.arange(5).repeat_interleave(10)
    meaning = torch.tensor([2, 0, 1, 4, 3])  # what each predicted index means
    predicted = meaning.argsort()[labels]
    order = class_order(predicted, labels, 5)
    assert (order.accuracy, order.permuted) == (0, 1)
    assert order.best == tuple(meaning.tolist())
    assert order.suspicious


def test_a_weak_teacher_in_the_right_order_is_not_suspicious() -> None:
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(10).repeat_interleave(20)
    guesses = torch.randint(10, (200,), generator=rng)
    predicted = torch.where(torch.rand(200, generator=rng) < 0.4, labels, guesses)
    assert not class_order(predicted, labels, 10).suspicious
    assert not class_order(guesses, labels, 10).suspicious


def test_few_images_agree_by_chance_and_are_not_judged() -> None:
    labels = torch.arange(10)
    assert not class_order(labels.roll(1), labels, 10).suspicious
