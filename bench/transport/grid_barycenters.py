"""Barycenters of densities on a pixel grid under three notions of distance (Figure 1).

Each minimises the mean distance to the given densities p_1..p_N, all (N, S, S) and summing to 1:

- Kullback-Leibler, sum_i KL(p_i || q): the arithmetic mean of the densities, in closed form.
- MMD with a Gaussian kernel, sum_i MMD^2(p_i, q): its kernel mean is the mean of the kernel means,
  the mixture blurred by the kernel, also in closed form. The kernel is characteristic, so that the
  measure behind that embedding is again the mixture: shapes are superimposed, never moved.
- Wasserstein: free-support, on samples of the densities, by POT's exact solver. It moves mass
  instead of mixing it, so that a shape stays a shape.
"""

import numpy as np
import ot

from bench.core.errors import BadValue
from bench.transport.cost import Array

STEPS = 100  # most updates of the Wasserstein atoms; they rest after about ten


def kl_barycenter(densities: Array) -> Array:
    """(S, S): the minimiser of sum_i KL(p_i || q)."""
    mean: Array = _checked(densities).mean(axis=0)
    return mean


def mmd_barycenter(densities: Array, bandwidth: float) -> Array:
    """(S, S): the mean of the kernel means, as a density; `bandwidth` in sides of the image."""
    side = densities.shape[-1]
    places = np.arange(side) / side
    kernel = np.exp(-np.square(places[:, None] - places) / (2 * bandwidth**2))
    embedded: Array = kernel @ kl_barycenter(densities) @ kernel
    embedded /= embedded.sum()
    return embedded


def wasserstein_barycenter(densities: Array, rng: np.random.Generator, atoms: int = 400) -> Array:
    """(S, S): the free-support Wasserstein barycenter of samples, smoothed by a pixel.

    Each density is sampled `atoms` times; the atoms start at the samples of the first and move to
    the mean of what they are coupled to (arXiv:1309.4223, as in POT) until they rest.
    """
    clouds = [sampled_points(density, atoms, rng) for density in _checked(densities)]
    masses = [np.full(atoms, 1 / atoms)] * len(clouds)
    support = ot.lp.free_support_barycenter(clouds, masses, clouds[0], numItermax=STEPS)
    return smoothed(np.asarray(support, dtype=np.float64), densities.shape[-1])


def sampled_points(density: Array, count: int, rng: np.random.Generator) -> Array:
    """(count, 2) points in the unit square, row before column, evenly spread within each pixel.

    Systematic sampling, so that every pixel gets its share of the points up to one.
    """
    side = len(density)
    quantiles = (np.arange(count) + rng.random()) / count
    pixels = np.searchsorted(np.cumsum(density / density.sum()), quantiles).clip(max=side**2 - 1)
    corners = np.stack(np.unravel_index(pixels, density.shape), axis=1)
    points: Array = (corners + rng.random((count, 2))) / side
    return points


def smoothed(points: Array, side: int) -> Array:
    """(side, side) density of points in the unit square under a Gaussian of one pixel."""
    centres = (np.arange(side) + 0.5) / side
    rows, columns = (
        np.exp(-np.square(centres[:, None] - points[:, axis]) * side**2 / 2) for axis in (0, 1)
    )
    density: Array = rows @ columns.T
    density /= density.sum()
    return density


def _checked(densities: Array) -> Array:
    """The densities, each of them normalised.

    Raises:
        BadValue: wrong shape, negative or empty densities.
    """
    if densities.ndim != 3 or densities.shape[1] != densities.shape[2] or len(densities) == 0:
        raise BadValue(f"densities: expected (N, S, S) with N >= 1, given {densities.shape}")
    totals = densities.sum(axis=(1, 2), keepdims=True)
    if densities.min() < 0 or totals.min() <= 0:
        raise BadValue("densities: expected non-negative ones that are not empty")
    normalised: Array = densities / totals
    return normalised
