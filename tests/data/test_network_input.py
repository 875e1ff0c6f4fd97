"""What networks take of a synthetic set: pixels, floats, decoded parts, and their bytes."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import interpolate

from bench.artifacts.values import SyntheticSet
from bench.core.errors import BadValue
from bench.data.mixing import normalize
from bench.data.network_input import as_pixels, decode, network_input

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
PIXELS = torch.randint(
    0, 256, (4, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
SET = SyntheticSet(PIXELS, torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1]), torch.ones(4), 9)


def test_pixels_are_normalised_bit_for_bit() -> None:
    given = network_input(SET, MEAN, STD)
    assert torch.equal(given.images, normalize(PIXELS, MEAN, STD))
    assert given.labels is SET.labels
    assert given.weights is SET.weights


def test_floats_pass_as_they_are_and_are_shown_clamped() -> None:
    floats = torch.tensor([-9.0, 0.0, 9.0]).expand(4, 3, 8, 3)
    assert network_input(replace(SET, images=floats), MEAN, STD).images is floats
    shown = as_pixels(floats, MEAN, STD)[0, :, 0]
    assert shown.dtype == torch.uint8
    assert shown[0].tolist() == [0, 102, 255]
    assert as_pixels(PIXELS, MEAN, STD) is PIXELS


def test_a_factor_makes_each_part_an_image_of_full_size() -> None:
    given = network_input(replace(SET, factor=2), MEAN, STD)
    whole = normalize(PIXELS, MEAN, STD)
    corner = interpolate(whole[1:2, :, 4:, :4], (8, 8), mode="bilinear", align_corners=False)
    assert given.images.shape == (16, 3, 8, 8)
    assert torch.equal(given.images[4 + 2], corner[0])  # image 1, second row, first column
    assert given.labels.tolist() == [0] * 8 + [1] * 8


def test_labels_and_weights_are_repeated_with_their_image() -> None:
    soft, weights = torch.arange(8.0).reshape(4, 2), torch.tensor([0.5, 1.5, 0.5, 1.5])
    given = network_input(replace(SET, soft=soft, weights=weights, factor=2), MEAN, STD)
    assert torch.equal(given.soft, soft[torch.arange(4).repeat_interleave(4)])
    assert given.weights.tolist() == [0.5] * 4 + [1.5] * 4 + [0.5] * 4 + [1.5] * 4


def test_decoding_has_a_gradient() -> None:
    x = torch.rand(1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda images: decode(images, 2), (x,))


@pytest.mark.parametrize("factor", [0, 3])
def test_a_factor_that_does_not_divide_is_refused(factor: int) -> None:
    with pytest.raises(BadValue, match=f"divisor of 8 x 8 pixels, given {factor}"):
        decode(torch.zeros(1, 1, 8, 8), factor)


def test_bytes_of_everything_that_was_learned() -> None:
    assert (SET.label_bytes, SET.weight_bytes, SET.rate_bytes, SET.stored_bytes) == (0, 0, 0, 9)
    weights = torch.tensor([0.5, 1.5, 0.5, 1.5])
    full = replace(SET, soft=torch.zeros(4, 2), weights=weights, lr=0.01)
    assert (full.label_bytes, full.weight_bytes, full.rate_bytes) == (32, 16, 4)
    assert full.stored_bytes == 9 + 32 + 16 + 4
