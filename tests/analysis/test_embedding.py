"""Points in the plane: PCA by known answers, t-SNE by the neighbourhoods that it must keep."""

import numpy as np
import pytest

from bench.analysis.embedding import embed, principal
from bench.core.errors import BadValue


def test_principal_axes_of_a_line() -> None:
    line = np.outer(np.arange(5.0), [3.0, 4.0, 0.0])
    found = principal(line)
    np.testing.assert_allclose(found[:, 0], 5 * (np.arange(5) - 2), atol=1e-12)
    np.testing.assert_allclose(found[:, 1], 0, atol=1e-12)


def test_principal_of_one_dimension_is_padded() -> None:
    assert principal(np.arange(4.0)[:, None]).shape == (4, 2)


def test_two_clusters_stay_two_clusters() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, 1, (30, 5)), rng.normal(20, 1, (30, 5))])
    found = embed(points)
    first, second = found[:30], found[30:]
    gap = np.linalg.norm(first.mean(0) - second.mean(0))
    spread = max(np.linalg.norm(c - c.mean(0), axis=1).max() for c in (first, second))
    assert gap > spread
    np.testing.assert_array_equal(found, embed(points))


def test_too_few_points_fall_back_on_pca() -> None:
    points = np.random.default_rng(0).normal(size=(6, 3))
    np.testing.assert_array_equal(embed(points), embed(points, "PCA"))


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(BadValue, match="finite points"):
        embed(np.full((12, 3), np.nan))
