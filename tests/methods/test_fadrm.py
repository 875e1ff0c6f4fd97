"""FADRM: parts, sizes and residuals by hand."""

from dataclasses import replace

import pytest
import torch
from toy import RECOVER, distil, reference_for, still, teacher

from bench.core.errors import BadValue, CellFailed
from bench.core.events import Event, Milestone
from bench.stages.grouping import Stretch, entered, resized
from methods.fadrm import Residuals, fadrm
from methods.sre2l_plus import sre2l_plus


def test_parts_are_those_of_the_script_for_224_pixels() -> None:
    """--input-size-lis 200 224 200 224 --optimization-budgets 500 500 500 500 --alpha 0.5"""
    made = Residuals()(2000, 10, 224)
    assert [(p.stop, p.side, p.keep) for p in made] == [
        (500, 200, None),
        (1000, 224, 0.5),
        (1500, 200, 0.5),
        (2000, 224, 0.5),
    ]
    assert {part.entered for part in made} == {10}


def test_small_images_keep_their_size_as_in_the_scripts() -> None:
    assert {part.side for part in Residuals()(2000, 1, 32)} == {32}
    assert [part.side for part in Residuals(2)(1000, 1, 64)] == [64, 64]


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 8])
def test_the_last_part_has_the_full_side_and_all_parts_together_all_steps(parts: int) -> None:
    made = Residuals(parts, 0.5)(11, 1, 16)
    assert made[-1].side == 16
    assert made[-1].stop == 11
    assert made[0].keep is None


def test_a_residual_is_the_blend_of_image_and_start() -> None:
    x, first = torch.full((1, 1, 2, 2), 1.0), torch.full((1, 1, 2, 2), 3.0)
    assert entered(x, first, Stretch(1, 2, 1, 0.25)).unique().tolist() == [2.5]
    assert torch.equal(entered(x, first, Stretch(1, 2, 1)), x)


def test_resizing_is_bilinear_without_aligned_corners() -> None:
    row = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])
    torch.testing.assert_close(resized(row, 4)[0, 0, 0], torch.tensor([0.0, 0.25, 0.75, 1.0]))


def test_with_alpha_0_the_last_part_begins_at_the_patches_again() -> None:
    """A rate that falls to nothing in the last part leaves what the residual put there."""
    method = fadrm(recover=replace(RECOVER, iterations=8), alpha=0.0, parts=8)
    patches = distil(still(method)).images.int()
    made = distil(method).images.int()
    kept = distil(fadrm(recover=replace(RECOVER, iterations=8), alpha=1.0, parts=8)).images.int()
    near, far = ((m - patches).abs().float().mean() for m in (made, kept))
    assert near < 0.5 * far


def test_one_part_is_sre2l_plus() -> None:
    assert torch.equal(
        distil(fadrm(recover=RECOVER, parts=1)).images, distil(sre2l_plus(recover=RECOVER)).images
    )


def test_images_come_back_at_the_full_side_from_a_teacher_that_takes_both() -> None:
    method = fadrm(recover=RECOVER, parts=2, smaller=0.5)
    seer = teacher("resnet18-w8")
    heard: list[Event] = []
    have = reference_for(method, seer=seer)
    made = distil(method, reference=have, emit=heard.append)
    assert made.images.shape == (4, 3, 8, 8)
    assert {tuple(e.images.shape[-2:]) for e in heard if isinstance(e, Milestone)} == {(8, 8)}


def test_a_teacher_of_one_size_alone_fails_the_cell_in_one_line() -> None:
    with pytest.raises(CellFailed, match="takes images of 4 pixels beside 8, given one that does"):
        distil(fadrm(recover=RECOVER, smaller=0.5))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"alpha": 1.5}, r"alpha: expected a share in \[0, 1\], given 1.5"),
        ({"smaller": -0.1}, "smaller: expected a share"),
        ({"parts": 0}, "parts: expected at least 1, given 0"),
    ],
)
def test_impossible_parts_are_refused(given: dict[str, float], said: str) -> None:
    with pytest.raises(BadValue, match=said):
        fadrm(**given)  # type: ignore[arg-type]


def test_patches_are_refused_above_the_size_of_a_class() -> None:
    with pytest.raises(BadValue, match="ipc: expected at most the size"):
        distil(fadrm(recover=RECOVER), ipc=7)
