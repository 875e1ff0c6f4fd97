"""Crops follow torchvision's distribution, equal crop-then-resize, and replay bit for bit."""

import pytest
import torch
from torch import Generator, Tensor
from torch.nn.functional import interpolate
from torchvision.transforms import RandomResizedCrop

from bench.core.errors import BadValue
from bench.data.augment import (
    BatchCrop,
    CropPolicy,
    batch_crop,
    crop_resize,
    draw_batch_crop,
    draw_crops,
    draw_roll,
    eval_view,
    roll,
)

WHOLE = CropPolicy(scale_min=1, ratio_min=1, ratio_max=1, flip=0)


def rng(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def images(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=rng(1))


def one_by_one(batch: Tensor, boxes: Tensor, flips: Tensor, size: int) -> Tensor:
    """Each image sliced, resized by torch and flipped on its own."""
    out = []
    for image, (top, left, h, w), flip in zip(batch, boxes.tolist(), flips.tolist(), strict=True):
        crop = image[None, :, top : top + h, left : left + w]
        resized = interpolate(crop, (size, size), mode="bilinear", align_corners=False)
        out.append(resized.flip(-1) if flip else resized)
    return torch.cat(out)


def test_whole_image_at_its_size_is_itself() -> None:
    batch = images(2, 3, 8, 8)
    crops = torch.tensor([[0.0, 0, 1, 1]]).expand(2, 4)
    flips = torch.tensor([False, True])
    out = crop_resize(batch, crops, flips, 8)
    assert torch.allclose(out[0], batch[0], atol=1e-6)
    assert torch.allclose(out[1], batch[1].flip(-1), atol=1e-6)


@pytest.mark.parametrize("size", [16, 24, 37])
def test_one_operation_equals_the_loop_over_images(size: int) -> None:
    batch = images(200, 3, 16, 16)
    crops, flips = draw_crops(200, 16, 16, CropPolicy(), rng())
    boxes = (crops * 16).round().long()
    expected = one_by_one(batch, boxes, flips, size)
    assert (crop_resize(batch, crops, flips, size) - expected).abs().max() < 1e-5


def test_images_need_not_be_square() -> None:
    batch = images(50, 1, 12, 20)
    crops, flips = draw_crops(50, 12, 20, CropPolicy(), rng())
    boxes = (crops * torch.tensor([12, 20, 12, 20])).round().long()
    expected = one_by_one(batch, boxes, flips, 24)
    assert (crop_resize(batch, crops, flips, 24) - expected).abs().max() < 1e-5


def test_sampling_never_reaches_outside_the_crop() -> None:
    batch = torch.full((1, 1, 8, 8), float("nan"))
    batch[:, :, 2:5, 3:6] = 1
    crop = torch.tensor([[2 / 8, 3 / 8, 3 / 8, 3 / 8]])
    out = crop_resize(batch.nan_to_num(1e6), crop, torch.tensor([False]), 8)
    assert torch.allclose(out, torch.ones_like(out), atol=1e-5)


def test_gradients_flow_to_the_images() -> None:
    batch = images(2, 1, 8, 8).requires_grad_()
    crops, flips = draw_crops(2, 8, 8, CropPolicy(), rng())
    crop_resize(batch, crops, flips, 8).sum().backward()
    assert batch.grad is not None
    assert batch.grad.sum() == pytest.approx(2 * 64, rel=1e-5)


def test_equal_generators_replay_bit_for_bit() -> None:
    first, second = (draw_crops(64, 32, 32, CropPolicy(), rng(3)) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    batch = images(64, 3, 32, 32)
    assert torch.equal(crop_resize(batch, *first, 32), crop_resize(batch, *second, 32))


def test_global_random_state_is_left_alone() -> None:
    before = torch.get_rng_state()
    draw_crops(8, 32, 32, CropPolicy(), rng())
    draw_batch_crop(32, 32, CropPolicy(), rng())
    draw_roll(4, rng())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (20, 48)])
def test_distribution_is_torchvisions(height: int, width: int) -> None:
    n = 3000
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        image = torch.empty(1, height, width)
        wanted = torch.tensor(
            [RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(n)]
        )
    crops, _ = draw_crops(n, height, width, CropPolicy(), rng(6))
    ours = (crops * torch.tensor([height, width, height, width])).round()
    for column in range(4):
        # Kolmogorov-Smirnov, two samples of n: exceeded with probability below 1e-6.
        limit = 2.7 * (2 / n) ** 0.5
        assert largest_gap(ours[:, column], wanted[:, column].float()) < limit


def largest_gap(a: Tensor, b: Tensor) -> float:
    """The largest distance between two empirical distribution functions."""
    points = torch.cat((a, b)).unique()
    below = [(sample[:, None] <= points).float().mean(0) for sample in (a, b)]
    return float((below[0] - below[1]).abs().max())


def test_crops_lie_inside_the_image() -> None:
    crops, _ = draw_crops(5000, 9, 14, CropPolicy(scale_min=0.01), rng())
    boxes = (crops * torch.tensor([9, 14, 9, 14])).round()
    assert boxes[:, :2].min() >= 0
    assert boxes[:, 2:].min() >= 1
    assert (boxes[:, 0] + boxes[:, 2]).max() <= 9
    assert (boxes[:, 1] + boxes[:, 3]).max() <= 14


@pytest.mark.parametrize(
    ("height", "width", "box"),
    [(40, 4, (17, 0, 5, 4)), (4, 40, (0, 17, 4, 5)), (8, 8, (0, 0, 8, 8))],
)
def test_fallback_is_the_largest_central_crop(
    height: int, width: int, box: tuple[int, int, int, int]
) -> None:
    policy = CropPolicy(scale_min=1)  # hardly any try fits into an elongated image
    if height == width:
        policy = CropPolicy(scale_min=1, ratio_min=1.3, ratio_max=1.3)
        box = (1, 0, 6, 8)
    crop = draw_batch_crop(height, width, policy, rng())
    assert (crop.top, crop.left, crop.height, crop.width) == box


@pytest.mark.parametrize(("flip", "expected"), [(0.0, 0), (1.0, 1000)])
def test_flip_probability_of_zero_and_one(flip: float, expected: int) -> None:
    _, flips = draw_crops(1000, 8, 8, CropPolicy(flip=flip), rng())
    assert flips.sum() == expected


def test_flips_are_per_image() -> None:
    _, flips = draw_crops(1000, 8, 8, CropPolicy(), rng())
    assert 400 < flips.sum() < 600  # six standard deviations


def test_batch_crop_equals_slice_and_resize() -> None:
    batch = images(3, 2, 16, 16)
    crop = BatchCrop(top=2, left=5, height=7, width=9, flip=True)
    expected = one_by_one(batch, torch.tensor([[2, 5, 7, 9]] * 3), torch.tensor([True] * 3), 16)
    assert torch.allclose(batch_crop(batch, crop, 16), expected)


def test_identical_images_stay_identical_under_a_batch_crop() -> None:
    batch = images(1, 3, 16, 16).expand(4, -1, -1, -1)
    generator = rng()
    for _ in range(20):
        out = batch_crop(batch, draw_batch_crop(16, 16, CropPolicy(), generator), 16)
        assert (out == out[:1]).all()


def test_batch_crop_of_the_whole_image_is_the_identity() -> None:
    batch = images(2, 3, 16, 16)
    assert torch.equal(batch_crop(batch, draw_batch_crop(16, 16, WHOLE, rng()), 16), batch)


def test_roll_moves_down_and_right() -> None:
    batch = torch.zeros(1, 1, 4, 4)
    batch[0, 0, 3, 0] = 1
    assert roll(batch, 2, 1)[0, 0, 1, 1] == 1


def test_rolls_are_uniform_and_include_both_ends() -> None:
    generator = rng()
    counts = torch.tensor([draw_roll(4, generator) for _ in range(1000)]).bincount(minlength=5)
    assert len(counts) == 5
    assert counts.min() > 124  # 200 expected, six standard deviations
    assert draw_roll(0, generator) == 0


@pytest.mark.parametrize(("side", "start"), [(8, 2), (9, 2), (4, 0)])
def test_evaluation_takes_the_centre(side: int, start: int) -> None:
    batch = torch.arange(side * side).reshape(1, 1, side, side)
    assert torch.equal(eval_view(batch, 4), batch[..., start : start + 4, start : start + 4])


def test_evaluation_of_smaller_images_is_refused() -> None:
    with pytest.raises(BadValue, match="at least 9 pixels, given 8x8"):
        eval_view(torch.zeros(1, 1, 8, 8), 9)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scale_min": 0.0}, "scale_min"),
        ({"scale_min": 0.5, "scale_max": 0.4}, "scale_max"),
        ({"scale_max": 1.5}, "scale_max"),
        ({"ratio_min": 2.0}, "ratio_min"),
        ({"flip": 1.1}, "flip"),
    ],
)
def test_impossible_policy_is_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(BadValue, match=message):
        CropPolicy(**values)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_and_cpu_agree() -> None:
    batch = images(32, 3, 24, 24)
    crops, flips = draw_crops(32, 24, 24, CropPolicy(), rng())
    there = crop_resize(batch.cuda(), crops.cuda(), flips.cuda(), 24)
    assert (there.cpu() - crop_resize(batch, crops, flips, 24)).abs().max() < 1e-5
