"""FKD's draws cover every epoch, CutMix pastes a box, and both sides of FKD see equal batches."""

import pytest
import torch
from torch import Generator, Tensor

from bench.artifacts.labels import Draws
from bench.core.errors import BadValue
from bench.data.augment import CropPolicy, crop_resize
from bench.data.mixing import (
    augmented_batch,
    cutmix,
    denormalize_to_uint8,
    draw_box,
    draw_epochs,
    normalize,
)

WHOLE = CropPolicy(scale_min=1, ratio_min=1, ratio_max=1, flip=0)


def rng(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def drawn(epochs: int = 3, n: int = 10, batch: int = 4, cut: bool = True, seed: int = 0) -> Draws:
    return draw_epochs(epochs, n, batch, 16, 16, CropPolicy(), cut, rng(seed))


def tensors(draws: Draws) -> tuple[Tensor, ...]:
    return draws.order, draws.crops, draws.flips, draws.mix, draws.boxes


def test_shapes_and_types() -> None:
    draws = drawn()
    assert [tuple(t.shape) for t in tensors(draws)] == [
        (3, 10), (3, 10, 4), (3, 10), (3, 10), (3, 3, 4)
    ]  # fmt: skip
    assert [t.dtype for t in tensors(draws)] == [
        torch.int64, torch.float32, torch.bool, torch.int64, torch.int64
    ]  # fmt: skip


def test_every_epoch_sees_every_image_once_in_a_fresh_order() -> None:
    draws = drawn(n=100)
    assert (draws.order.sort(1).values == torch.arange(100)).all()
    assert not torch.equal(draws.order[0], draws.order[1])


def test_partners_are_a_permutation_of_their_own_batch() -> None:
    draws = drawn(n=10, batch=4)
    for place in (slice(0, 4), slice(4, 8), slice(8, 10)):
        expected = torch.arange(place.start, place.stop)
        assert (draws.mix[:, place].sort(1).values == expected).all()


def test_equal_generators_replay_bit_for_bit() -> None:
    for a, b in zip(tensors(drawn(seed=7)), tensors(drawn(seed=7)), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(drawn(seed=7).order, drawn(seed=8).order)


def test_without_cutmix_everybody_is_his_own_partner() -> None:
    draws = drawn(cut=False)
    assert (draws.mix == torch.arange(10)).all()
    assert not draws.boxes.any()


def test_last_batch_is_smaller() -> None:
    images, draws = torch.rand(10, 3, 16, 16, generator=rng()), drawn()
    sizes = [len(augmented_batch(images, draws, 0, index)) for index in range(3)]
    assert sizes == [4, 4, 2]


def test_batches_are_bit_identical_at_every_replay() -> None:
    images, draws = torch.rand(10, 3, 16, 16, generator=rng()), drawn()
    for epoch in range(3):
        for index in range(3):
            first, second = (augmented_batch(images, draws, epoch, index) for _ in range(2))
            assert torch.equal(first, second)


def test_whole_crops_without_cutmix_give_the_images_in_order() -> None:
    images = torch.rand(6, 1, 8, 8, generator=rng())
    draws = draw_epochs(1, 6, 3, 8, 8, WHOLE, False, rng())
    out = torch.cat([augmented_batch(images, draws, 0, index) for index in range(2)])
    assert torch.allclose(out, images[draws.order[0]], atol=1e-6)


def test_batch_is_crops_then_the_partners_box() -> None:
    images, draws = torch.rand(10, 3, 16, 16, generator=rng()), drawn()
    place = slice(4, 8)
    plain = crop_resize(
        images[draws.order[1, place]], draws.crops[1, place], draws.flips[1, place], 16
    )
    top, left, bottom, right = draws.boxes[1, 1].tolist()
    expected = plain.clone()
    pasted = plain[draws.mix[1, place] - 4]
    expected[..., top:bottom, left:right] = pasted[..., top:bottom, left:right]
    assert torch.equal(augmented_batch(images, draws, 1, 1), expected)


def test_cutmix_pastes_exactly_the_box() -> None:
    batch = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 1, 6, 6)
    out = cutmix(batch, torch.tensor([1, 0]), torch.tensor([1, 2, 4, 6]))
    assert out[0].sum() == 3 * 4
    assert out[0, 0, 1:4, 2:6].all()
    assert out[1].sum() == 36 - 12


def test_empty_box_changes_nothing() -> None:
    batch = torch.rand(2, 1, 6, 6, generator=rng())
    assert torch.equal(cutmix(batch, torch.tensor([1, 0]), torch.zeros(4).long()), batch)


def test_boxes_have_the_area_of_cutmix() -> None:
    """E[clipped side | s] = s - s²/4 for side s; lambda uniform, so s² is; squared and averaged.

    E[(s - s²/4)²] = E[s²] - E[s³]/2 + E[s⁴]/16 = 1/2 - 1/5 + 1/48 with s² ~ U(0, 1); the two
    axes share s and have independent centres.
    """
    generator = rng()
    boxes = torch.stack([draw_box(500, 500, generator) for _ in range(4000)]).double()
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / 500**2
    assert boxes.min() >= 0
    assert boxes.max() <= 500
    deviation = area.std() / 4000**0.5
    assert abs(area.mean() - (1 / 2 - 1 / 5 + 1 / 48)) < 5 * deviation + 2 / 500


@pytest.mark.parametrize(("epochs", "n", "batch"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_nothing_to_draw_is_refused(epochs: int, n: int, batch: int) -> None:
    with pytest.raises(BadValue, match="at least 1 epoch, image and image per batch"):
        drawn(epochs, n, batch)


def test_normalize_is_per_channel() -> None:
    images = torch.tensor([0, 255], dtype=torch.uint8).view(1, 2, 1, 1)
    out = normalize(images, (0.5, 0.25), (0.5, 0.25))
    assert out.flatten().tolist() == [-1.0, 3.0]
    assert images.dtype == torch.uint8


def test_denormalize_clamps_and_truncates() -> None:
    x = torch.tensor([-1.0, 0.0, 0.999, 0.5, 1.0, 7.0]).view(1, 1, 1, 6)
    assert denormalize_to_uint8(x, (0.0,), (1.0,)).flatten().tolist() == [0, 0, 254, 127, 255, 255]


def test_round_trip_is_off_by_truncation_at_most() -> None:
    images = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    back = denormalize_to_uint8(normalize(images, mean, std), mean, std)
    lost = images.int() - back.int()
    assert lost.min() >= 0
    assert lost.max() <= 1


def test_wrong_number_of_channels_is_refused() -> None:
    with pytest.raises(BadValue, match="each of 1 channels, given 3"):
        normalize(torch.zeros(1, 1, 2, 2, dtype=torch.uint8), (0.5,) * 3, (0.5,) * 3)
