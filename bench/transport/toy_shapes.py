"""Rings and crosses on a pixel grid: the inputs of Figure 1."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.transport.cost import Array
from bench.transport.grid_barycenters import (
    kl_barycenter,
    mmd_barycenter,
    wasserstein_barycenter,
)

BANDWIDTH = 0.04  # of the MMD's kernel, in sides of the image
# centre (x, y) and radius of each shape, in sides of the image
PLACES = ((0.32, 0.34, 0.18), (0.68, 0.36, 0.24), (0.36, 0.68, 0.26), (0.66, 0.66, 0.20))


@dataclass(frozen=True)
class Panel:
    """Densities (N, S, S) of one shape, and their barycenter (S, S) under each distance."""

    inputs: Array
    barycenters: Mapping[str, Array]


def ring(x: float, y: float, radius: float, side: int, width: float = 0.06) -> Array:
    """(side, side) density of a ring, smooth across its width."""
    rows, columns = _grid(side)
    distance = np.hypot(columns - x, rows - y) - radius
    return _normalised(np.exp(-np.square(distance / (width / 2))))


def cross(x: float, y: float, radius: float, side: int, width: float = 0.06) -> Array:
    """(side, side) density of an upright cross whose arms have that length."""
    rows, columns = np.abs(_grid(side) - np.array([y, x])[:, None, None])
    arms = np.minimum(
        np.hypot(rows, _beyond(columns, radius)), np.hypot(columns, _beyond(rows, radius))
    )
    return _normalised(np.exp(-np.square(arms / (width / 2))))


def figure_1_panels(side: int = 64) -> dict[str, Panel]:
    """Rings and crosses with their barycenters under KL, MMD and Wasserstein."""
    drawn, rng = {"rings": ring, "crosses": cross}, np.random.default_rng(0)
    return {
        name: panel(np.stack([shape(*place, side) for place in PLACES]), rng)
        for name, shape in drawn.items()
    }


def panel(inputs: Array, rng: np.random.Generator) -> Panel:
    """The three barycenters of some densities (N, S, S)."""
    return Panel(
        inputs,
        {
            "KL": kl_barycenter(inputs),
            "MMD": mmd_barycenter(inputs, BANDWIDTH),
            "Wasserstein": wasserstein_barycenter(inputs, rng),
        },
    )


def _grid(side: int) -> Array:
    """(2, side, side): rows and columns of pixel centres, in sides of the image."""
    centres = (np.arange(side) + 0.5) / side
    return np.stack(np.meshgrid(centres, centres, indexing="ij"))


def _beyond(distance: Array, radius: float) -> Array:
    return np.maximum(distance - radius, 0.0)


def _normalised(values: Array) -> Array:
    density: Array = values / values.sum()
    return density
