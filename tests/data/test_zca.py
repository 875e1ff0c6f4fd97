"""ZCA: the covariance of the whitened training set is the identity, and it is undone exactly."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.artifacts.values import RealSet
from bench.core.errors import BadValue
from bench.data.builtin import get_dataset
from bench.data.load import load
from bench.data.mixing import normalize
from bench.data.zca import Whitened, whitening


@pytest.fixture(scope="module")
def real(data_root: Path) -> RealSet:
    digits = load(get_dataset("digits"), "train", data_root)
    noise = torch.randint(
        0, 30, digits.images.shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    return replace(digits, images=digits.images // 2 + noise)  # no pixel is constant


def test_the_covariance_becomes_the_identity(real: RealSet) -> None:
    images = normalize(real.images, real.mean, real.std)
    white = whitening(real, eps=0.0)(images).flatten(1).double()
    torch.testing.assert_close(white.mean(0), torch.zeros(64).double(), atol=1e-4, rtol=0)
    torch.testing.assert_close(white.T.cov(), torch.eye(64).double(), atol=1e-3, rtol=0)


def test_it_is_undone_and_changes_images_least(real: RealSet) -> None:
    images = normalize(real.images[:7], real.mean, real.std)
    whiten = whitening(real)
    torch.testing.assert_close(whiten.undo(whiten(images)), images, atol=1e-4, rtol=1e-4)
    assert torch.equal(whiten.matrix, whiten.matrix.T)  # of all whitenings, the symmetric one


def test_a_whitened_network_sees_whitened_images(real: RealSet) -> None:
    images, whiten = normalize(real.images[:7], real.mean, real.std), whitening(real)
    torch.testing.assert_close(Whitened(torch.nn.Identity(), whiten)(images), whiten(images))


def test_large_images_are_refused(real: RealSet) -> None:
    large = replace(real, images=torch.zeros(2, 3, 64, 64, dtype=torch.uint8), resolution=64)
    with pytest.raises(BadValue, match="at most 4096 values, given 2 of 12288"):
        whitening(large)
