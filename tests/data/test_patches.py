"""Patches of an image change places by drawn orders, the same for teacher and student."""

from dataclasses import replace

import pytest
import torch
from torch import Generator

from bench.core.errors import BadValue
from bench.data.builtin import get_dataset
from bench.data.mixing import augmented_batch
from bench.data.patches import draw_patches, shuffled
from bench.plugin.recipes import Relabel
from bench.stages.relabel import drawn
from bench.study.presets import recipe_for

WHOLE = Relabel(epochs=2, batch=2, crop_min=1.0, flip=0.0, cutmix=False, shuffle_patches=2)


def test_rows_and_columns_go_where_they_are_told() -> None:
    image = torch.arange(16.0).view(1, 1, 4, 4)
    out = shuffled(image, torch.tensor([[[1, 0], [0, 1]]], dtype=torch.int8))
    assert torch.equal(out[0, 0], image[0, 0][[2, 3, 0, 1]])
    out = shuffled(image, torch.tensor([[[0, 1], [1, 0]]], dtype=torch.int8))
    assert torch.equal(out[0, 0], image[0, 0][:, [2, 3, 0, 1]])


def test_orders_are_permutations_and_all_of_them_occur() -> None:
    orders = draw_patches(20, 50, 3, Generator().manual_seed(0))
    assert (orders.sort(-1).values == torch.arange(3)).all()
    assert len(orders.flatten(0, 2).unique(dim=0)) == 6


def test_batches_keep_their_pixels_and_replay() -> None:
    images = torch.rand(4, 3, 8, 8, generator=Generator().manual_seed(1))
    draws = drawn(WHOLE, images, 0)
    plain = replace(draws, patches=torch.empty(0, dtype=torch.int8))
    first, again, straight = (
        torch.cat([augmented_batch(images, d, 0, index) for index in range(2)])
        for d in (draws, draws, plain)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, straight)
    pixels = (first.flatten(1).sort(1).values, straight.flatten(1).sort(1).values)
    assert torch.allclose(*pixels, atol=1e-5)


def test_other_draws_stay_as_they_were() -> None:
    images = torch.rand(4, 3, 8, 8, generator=Generator().manual_seed(1))
    one, two = (drawn(replace(WHOLE, shuffle_patches=f), images, 0) for f in (1, 2))
    assert one.patches.numel() == 0
    assert torch.equal(one.order, two.order)
    assert torch.equal(one.crops, two.crops)


def test_patches_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadValue, match="a divisor of 8x8 pixels, given 3"):
        drawn(replace(WHOLE, shuffle_patches=3), torch.zeros(2, 3, 8, 8), 0)


@pytest.mark.parametrize(("side", "factor"), [(224, 2), (64, 1)])
def test_the_recipe_of_rded_shuffles_what_its_mosaics_are_made_of(side: int, factor: int) -> None:
    recipe = recipe_for("rded", get_dataset(f"imagenette@{side}"), 10, "paper")
    assert recipe.relabel.shuffle_patches == factor
