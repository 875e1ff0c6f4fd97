"""A recovery that broke down is told from one that did not, by known answers."""

import pytest
import torch
from torch import Tensor

from bench.analysis.soundness import Soundness, soundness, tones
from bench.artifacts.values import SyntheticSet

GREY = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
BINARY = (GREY > 127).to(torch.uint8) * 255


def made(images: Tensor, total: list[float] | None = None) -> SyntheticSet:
    count = len(images)
    labels, slots = torch.arange(count), torch.zeros(count, dtype=torch.int64)
    curve = {"total": torch.tensor(total)} if total else {}
    return SyntheticSet(images, labels, slots, torch.ones(count), 1, curve)


def test_tones_are_counted() -> None:
    assert tones(GREY) == pytest.approx((256 - 2 * 9) / 256)  # 0..8 and 247..255 are the edges
    assert tones(BINARY) == 0


def test_a_sound_set_has_no_problem() -> None:
    found = soundness(made(GREY, [3.0, 9.0, 1.0]), GREY)
    assert found == Soundness(tones(GREY), tones(GREY), 0.0, 3.0, 1.0)
    assert list(found.problems()) == []


def test_saturated_images_are_told() -> None:
    (line,) = soundness(made(BINARY), GREY).problems()
    assert line == "100.0 % of its pixels are black or white, of real images 7.0 %"


def test_images_like_real_ones_that_are_black_and_white_are_sound() -> None:
    assert list(soundness(made(BINARY), BINARY).problems()) == []


@pytest.mark.parametrize(("plain", "told"), [(1, False), (2, True), (4, True)])
def test_constant_images_are_told_from_one_half_on(plain: int, told: bool) -> None:
    images = GREY.repeat(4, 1, 1, 1)
    images[:plain] = 100
    lines = list(soundness(made(images), GREY).problems())
    assert lines == ([f"{25 * plain} % of its images are of a single colour"] if told else [])


@pytest.mark.parametrize(("last", "told"), [(2.0, False), (2.3, False), (3.0, True)])
def test_a_loss_that_rose_is_told(last: float, told: bool) -> None:
    lines = list(soundness(made(GREY, [2.0, 1.0, last]), GREY).problems())
    assert lines == (["its loss rose from 2 to 3"] if told else [])
