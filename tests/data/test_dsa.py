"""DSA: shared numbers are shared, each operation does what it says, gradients pass."""

import pytest
import torch

from bench.core.errors import UnknownName
from bench.data.dsa import OPERATIONS, Drawn, Siamese, augment, draw_each, draw_shared

POLICY = Siamese()


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 3, 8, 8, generator=generator(seed))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_one_set_of_numbers_transforms_real_and_synthetic_images_alike(operation: str) -> None:
    drawn = Drawn(operation, torch.rand(1, 3, generator=generator(1)))
    real, x = images(5), images(1, seed=9)
    mixed = augment(torch.cat((real, x)), drawn, POLICY)
    torch.testing.assert_close(augment(x, drawn, POLICY), mixed[5:])
    torch.testing.assert_close(augment(real, drawn, POLICY), mixed[:5])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_sharing_equal_images_differ(operation: str) -> None:
    same = images(1).expand(16, -1, -1, -1)
    drawn = Drawn(operation, torch.rand(16, 3, generator=generator(2)))
    assert len(torch.unique(augment(same, drawn, POLICY).flatten(1), dim=0)) > 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_gradients_reach_the_images(operation: str) -> None:
    x = images(2)[:, :, :4, :4].double().requires_grad_()
    drawn = Drawn(operation, torch.rand(2, 3, generator=generator(3)).double())
    assert torch.autograd.gradcheck(lambda given: augment(given, drawn, POLICY), (x,))


def test_the_same_seed_draws_the_same_and_operations_are_all_drawn() -> None:
    first, second = (draw_shared(POLICY, generator(4)) for _ in range(2))
    assert (first.operation, first.numbers.tolist()) == (second.operation, second.numbers.tolist())
    rng = generator(5)
    assert {draw_each(POLICY, 2, rng).operation for _ in range(100)} == set(OPERATIONS)


def test_a_crop_shifts_by_whole_pixels_and_zeros_come_in() -> None:
    x = torch.arange(64.0).reshape(1, 1, 8, 8)
    moved = augment(x, Drawn("crop", torch.tensor([[0.99, 0.0, 0.0]])), POLICY)  # down-, leftwards
    assert torch.equal(moved[..., :7, 1:], x[..., 1:, :7])
    assert moved[..., 7, :].abs().sum() == moved[..., 0].abs().sum() == 0


def test_a_cutout_is_a_square_of_zeros_half_as_wide() -> None:
    cut = augment(torch.ones(1, 1, 8, 8), Drawn("cutout", torch.full((1, 3), 0.5)), POLICY)
    assert (cut == 0).sum() == 16


def test_colours_by_hand() -> None:
    x = torch.tensor([1.0, 2.0, 6.0]).reshape(1, 3, 1, 1)
    same = augment(x, Drawn("color", torch.full((1, 3), 0.5)), POLICY)  # +0, times 1, times 1
    torch.testing.assert_close(same, x)
    grey = augment(x, Drawn("color", torch.tensor([[1.0, 0.0, 0.5]])), POLICY)
    torch.testing.assert_close(grey, torch.full_like(x, 3.5))


def test_a_flip_of_probability_one_is_a_mirror_image() -> None:
    x = images(2)
    always = Siamese(operations=("flip",), flip=1.0)
    assert torch.equal(augment(x, draw_each(always, 2, generator(0)), always), x.flip(3))


def test_unknown_operations_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'cutout'"):
        Siamese(operations=("cutuot",))
