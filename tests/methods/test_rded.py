"""RDED's mosaics: where crops stand, which mosaic takes them, and how they are stored."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Generator

from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.artifacts.views import Reference
from bench.core.errors import BadValue
from bench.core.events import silent
from bench.data.builtin import get_dataset
from bench.data.codec import encode_decode
from bench.data.load import load
from bench.data.mixing import normalize
from bench.models.build import build_model
from bench.plugin.contracts import Budget
from bench.stages.teacher import network, state_of
from methods.coresets import herding, k_center_greedy
from methods.rded import Mosaics, centred, rded, spread, stitch
from methods.real import full, random, subset

CLASSES, SIDE = 2, 8


def real_set(side: int = 16, order: tuple[int, ...] = (0, 0, 0, 0, 1, 1, 1, 1)) -> RealSet:
    """Eight colour images of two classes."""
    pixels = torch.randint(
        256, (8, 3, side, side), dtype=torch.uint8, generator=Generator().manual_seed(1)
    )
    third = (0.5, 0.5, 0.5)
    return RealSet("eight", pixels, torch.tensor(order), ("a", "b"), SIDE, third, third, "0" * 64)


def teacher() -> Teacher:
    model = build_model("convnet3-w16-bn", num_classes=CLASSES, channels=3, resolution=SIDE, seed=0)
    return Teacher("convnet3-w16-bn", CLASSES, 3, SIDE, state_of(model), 0.5)


def distil(method: Mosaics, seed: int = 0, ipc: int = 1) -> SyntheticSet:
    real = real_set()
    budget = Budget(ipc, CLASSES, (3, SIDE, SIDE), real.mean, real.std)
    reference = Reference({RealSet: real, Teacher: teacher()})
    return method.distill(reference, budget, Generator().manual_seed(seed), silent)


def test_crops_stand_in_the_middle_of_zeros() -> None:
    out = centred(torch.ones(1, 1, 4, 4), 8)
    assert out[0, 0, 2:6, 2:6].all()
    assert out.sum() == 16


def test_an_odd_rest_goes_behind_as_in_the_released_code() -> None:
    out = centred(torch.ones(1, 1, 2, 2), 5)
    assert out[0, 0, 1:3, 1:3].all()


def test_the_best_crops_are_spread_over_the_mosaics() -> None:
    ranks = torch.arange(12).view(12, 1, 1, 1)
    mosaics = stitch(spread(ranks, 2), 2)  # three mosaics of four crops
    assert mosaics.flatten(1).tolist() == [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11]]


def test_one_crop_to_an_image_keeps_its_rank() -> None:
    ranks = torch.arange(5).view(5, 1, 1, 1)
    assert torch.equal(spread(ranks, 1), ranks)


@pytest.mark.parametrize("codec", ["png", "jpeg-q75"])
def test_mosaics_are_stored_by_the_codec(codec: str) -> None:
    plain = distil(Mosaics(4, 2, 2))
    lossless = distil(Mosaics(4, 2, 2, codec="png"))
    wanted, size = encode_decode(lossless.images, codec)
    made = plain if codec == "jpeg-q75" else lossless
    assert torch.equal(made.images, wanted)
    assert made.image_bytes == size


def test_equal_seeds_give_equal_mosaics() -> None:
    first, second, other = (distil(Mosaics(4, 2, 2, codec="png"), seed) for seed in (0, 0, 1))
    assert torch.equal(first.images, second.images)
    assert not torch.equal(first.images, other.images)


def test_more_tries_find_crops_that_the_teacher_finds_easier() -> None:
    def loss(crops: int) -> float:
        real = real_set()
        method = Mosaics(4, crops, 1, codec="png")
        model = network(teacher(), False)
        rng = Generator().manual_seed(3)
        found = method._easiest(real, torch.arange(4), 0, model, 1, 4, rng)
        logits = model(normalize(found, real.mean, real.std))
        return float(torch.nn.functional.cross_entropy(logits, torch.zeros(4).long()))

    assert loss(20) < loss(1)


@pytest.mark.parametrize(
    ("method", "text"), [(rded(crops=0), "crops"), (rded(factor=3), "divisor")]
)
def test_impossible_mosaics_are_refused(method: Mosaics, text: str) -> None:
    with pytest.raises(BadValue, match=text):
        distil(replace(method, pool=4))


def test_every_row_of_real_images_takes_the_codec_of_the_recipe() -> None:
    made = [factory(codec="png").codec for factory in (random, herding, k_center_greedy, rded)]
    assert made == ["png"] * 4
    real, chosen = real_set(), torch.tensor([[0], [4]])
    lossless, lossy = (subset(real, chosen, codec) for codec in ("png", "jpeg-q75"))
    assert torch.equal(lossless.images, real.images[[0, 4], :, 4:12, 4:12])
    assert not torch.equal(lossy.images, lossless.images)
    assert lossy.image_bytes != lossless.image_bytes


def test_full_is_a_view_of_a_set_that_is_sorted_by_class() -> None:
    real = real_set(side=SIDE)
    made = full().distill(
        Reference({RealSet: real}),
        Budget(0, CLASSES, (3, SIDE, SIDE), real.mean, real.std),
        Generator(),
        silent,
    )
    assert made.images.data_ptr() == real.images.data_ptr()
    assert made.image_bytes == real.images.numel()
    assert made.slots.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]


def test_full_sorts_a_set_that_is_not() -> None:
    real = real_set(side=SIDE, order=(1, 0, 1, 0, 1, 0, 1, 0))
    made = full().distill(
        Reference({RealSet: real}),
        Budget(0, CLASSES, (3, SIDE, SIDE), real.mean, real.std),
        Generator(),
        silent,
    )
    assert made.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert torch.equal(made.images, real.images[[1, 3, 5, 7, 0, 2, 4, 6]])


def test_digits_are_cropped_too(data_root: Path) -> None:
    real = load(get_dataset("digits"), "train", data_root)
    model = build_model("convnet3-w16-bn", num_classes=10, channels=1, resolution=8, seed=0)
    seen = Teacher("convnet3-w16-bn", 10, 1, 8, state_of(model), 0.1)
    budget = Budget(1, 10, (1, 8, 8), real.mean, real.std)
    made = Mosaics(5, 1, 0, codec="png").distill(
        Reference({RealSet: real, Teacher: seen}), budget, Generator().manual_seed(0), silent
    )
    assert made.images.shape == (10, 1, 8, 8)
