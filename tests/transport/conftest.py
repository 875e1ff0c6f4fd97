"""Features with the structure of a network's: low rank, mixed, rectified."""

import numpy as np
import pytest

from bench.transport.cost import Array


def rectified(count: int, dims: int, seed: int, rank: int = 20) -> Array:
    """(count, dims) rectified mixtures of a Gaussian of the given rank, plus a little noise."""
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal((count, rank)) @ rng.standard_normal((rank, dims))
    return np.maximum(hidden / rank**0.5 + 0.1 * rng.standard_normal((count, dims)), 0.0)


@pytest.fixture(scope="session")
def features() -> Array:
    """(120, 64), not a multiple of most atom counts below."""
    return rectified(120, 64, seed=0)


@pytest.fixture(scope="session")
def noise() -> Array:
    """(9, 64) standard normal positions to start from."""
    return np.random.default_rng(1).standard_normal((9, 64))
