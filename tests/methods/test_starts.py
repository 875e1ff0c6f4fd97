"""Real images to start from: which ranks are medium, and what is stored of them."""

from dataclasses import replace

import pytest
import torch
from torch import Generator, Tensor
from toy import SIDE, budget, real_set, seen_by, teacher

from bench.artifacts.values import Observation, RealSet, Teacher
from bench.artifacts.views import Reference
from bench.core.errors import BadValue
from methods.starts import MediumImages, Patches, around_median


def started(start: Patches | MediumImages, ipc: int, real: RealSet, seed: int = 0) -> Tensor:
    seer = teacher()
    have = {RealSet: real, Teacher: seer, Observation: seen_by(real, seer)}
    return start(Reference(have), budget(ipc), Generator().manual_seed(seed))


def test_ranks_around_the_median_are_those_of_the_released_code() -> None:
    """`store_medium`: ceil(n / 2), then one above, one below, two above, two below."""
    assert around_median(10, 5) == [5, 6, 4, 7, 3]
    assert around_median(9, 4) == [5, 6, 4, 7]


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_all_ranks_are_taken_once_where_all_are_wanted(count: int) -> None:
    assert sorted(around_median(count, count)) == list(range(count))


def test_medium_images_are_those_of_medium_probability() -> None:
    real = real_set(5)
    nll = torch.tensor([0.1, 0.5, 0.3, 0.2, 0.4, 9.0, 1.0, 5.0, 3.0, 7.0])
    have = {RealSet: real, Observation: replace(seen_by(real, teacher()), nll=nll)}
    made = MediumImages()(Reference(have), budget(2), Generator())
    # ascending probability: 1 4 2 3 0 and 5 9 7 8 6; ceil(5 / 2) = 3, then 4
    assert torch.equal(made, real.images[[3, 0, 8, 6]])


def test_patches_are_crops_of_images_of_their_class() -> None:
    """Black images of one class and white ones of the other leave no doubt."""
    real = real_set()
    pixels = torch.where(real.labels[:, None, None, None] == 0, 0, 255).to(torch.uint8)
    made = started(Patches(), 3, replace(real, images=pixels.expand_as(real.images).contiguous()))
    assert made.shape == (6, 3, SIDE, SIDE)
    assert made[:3].max() == 0
    assert made[3:].min() == 255


def test_equal_seeds_give_equal_patches() -> None:
    first, second, other = (started(Patches(), 2, real_set(), seed) for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_from_128_pixels_on_a_patch_takes_four_images() -> None:
    assert (Patches().images_each(64), Patches().images_each(128)) == (1, 4)


@pytest.mark.parametrize("start", [Patches(), MediumImages()])
def test_a_class_of_one_image_is_enough_for_one(start: Patches | MediumImages) -> None:
    assert started(start, 1, real_set(1)).shape[0] == 2
    with pytest.raises(BadValue, match="class 'a' of toy has 1 images"):
        started(start, 2, real_set(1))


@pytest.mark.parametrize("name", ["pool", "crops"])
def test_patches_of_nothing_are_refused(name: str) -> None:
    with pytest.raises(BadValue, match=f"{name}: expected at least 1, given 0"):
        Patches(**{name: 0})
