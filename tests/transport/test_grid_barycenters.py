"""Barycenters of densities: known answers for copies, and what each distance does to shapes."""

import numpy as np
import pytest

from bench.core.errors import BadValue
from bench.transport.cost import Array
from bench.transport.grid_barycenters import (
    kl_barycenter,
    mmd_barycenter,
    sampled_points,
    smoothed,
    wasserstein_barycenter,
)
from bench.transport.toy_shapes import cross, figure_1_panels, ring

SIDE = 32


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def centre(density: Array) -> tuple[float, float]:
    """(x, y) of the centre of mass, in sides."""
    places = (np.arange(len(density)) + 0.5) / len(density)
    return float(density.sum(0) @ places), float(density.sum(1) @ places)


def two_blobs() -> Array:
    """A blob left and the same blob right."""
    return np.stack([smoothed(np.array([[0.5, x]]), SIDE) for x in (0.25, 0.75)])


def test_kl_is_the_mean_density_and_minimises_the_mean_divergence() -> None:
    shapes = np.stack([ring(0.4, 0.5, 0.2, SIDE), ring(0.6, 0.5, 0.2, SIDE)]) + 1e-6
    best = kl_barycenter(shapes)

    def divergence(q: Array) -> float:
        p = shapes / shapes.sum((1, 2), keepdims=True)
        return float((p * np.log(p / q)).sum())

    assert best.sum() == pytest.approx(1)
    for other in rng().random((5, SIDE, SIDE)):
        assert divergence(best) < divergence(0.9 * best + 0.1 * other / other.sum())


def test_mmd_is_the_blurred_mixture() -> None:
    shapes = two_blobs()
    found = mmd_barycenter(shapes, bandwidth=1e-4)  # a kernel far narrower than a pixel
    np.testing.assert_allclose(found, kl_barycenter(shapes), atol=1e-12)
    blurred = mmd_barycenter(shapes, bandwidth=0.1)
    assert blurred.sum() == pytest.approx(1)
    assert blurred.max() < found.max()


def test_wasserstein_moves_two_blobs_to_the_middle_where_kl_leaves_both() -> None:
    shapes = two_blobs()
    moved, mixed = wasserstein_barycenter(shapes, rng()), kl_barycenter(shapes)
    assert centre(moved) == pytest.approx((0.5, 0.5), abs=0.01)
    assert moved[:, SIDE // 2 - 4 : SIDE // 2 + 4].sum() > 0.99
    assert mixed[:, SIDE // 2 - 4 : SIDE // 2 + 4].sum() < 0.01


def test_wasserstein_of_equal_densities_is_that_density_within_sampling() -> None:
    shape = ring(0.5, 0.5, 0.3, SIDE)
    found = wasserstein_barycenter(np.stack([shape, shape]), rng())
    assert np.abs(found - smoothed(sampled_points(shape, 5000, rng()), SIDE)).sum() < 0.3


def test_sampling_gives_every_pixel_its_share() -> None:
    shape = cross(0.5, 0.5, 0.3, SIDE)
    points = sampled_points(shape, 2000, rng())
    pixels = (points * SIDE).astype(int)
    counts = np.zeros_like(shape)
    np.add.at(counts, (pixels[:, 0], pixels[:, 1]), 1)
    assert np.abs(counts - 2000 * shape).max() <= 1


@pytest.mark.parametrize("shape", [ring, cross])
def test_shapes_are_centred_densities(shape: object) -> None:
    drawn = shape(0.4, 0.6, 0.2, 64)  # type: ignore[operator]
    assert drawn.sum() == pytest.approx(1)
    assert centre(drawn) == pytest.approx((0.4, 0.6), abs=0.01)


def test_the_wasserstein_barycenter_of_rings_is_a_ring() -> None:
    found = figure_1_panels(side=32)["rings"].barycenters
    x, y = centre(found["Wasserstein"])
    rows, columns = np.indices((32, 32)) / 32
    within = np.hypot(columns - x, rows - y) < 0.1
    assert found["Wasserstein"][within].sum() < 0.02  # a hole in the middle
    assert found["KL"][within].sum() > 0.1  # a pile of crossings


@pytest.mark.parametrize("bad", [np.ones((3, 3)), -np.ones((1, 3, 3)), np.zeros((1, 3, 3))])
def test_what_is_no_density_is_refused(bad: Array) -> None:
    with pytest.raises(BadValue, match="densities: expected"):
        kl_barycenter(bad)
