"""The figure of shapes shows every input and distance, and refuses ragged ones."""

import numpy as np
import pytest

from bench.core.errors import BadValue
from reports.figures.shape_figure import Shapes, shape_figure

BLOB = np.eye(8)


def kind(count: int = 2, distances: tuple[str, ...] = ("KL", "Wasserstein")) -> Shapes:
    return np.stack([BLOB] * count), dict.fromkeys(distances, BLOB)


def test_every_input_and_distance_is_named_and_drawn() -> None:
    figure = shape_figure("f", "Shapes", {"rings": kind(), "crosses": kind()})
    svg = figure.svg.decode()
    for word in ("rings", "crosses", "input 1", "input 2", "KL", "Wasserstein"):
        assert word in svg
    assert svg.count("<image") == 8
    assert figure.png.startswith(b"\x89PNG")


def test_the_same_arrays_give_the_same_bytes() -> None:
    first, second = (shape_figure("f", "Shapes", {"rings": kind()}) for _ in range(2))
    assert first == second


def test_ragged_kinds_are_refused() -> None:
    with pytest.raises(BadValue, match="one layout"):
        shape_figure("f", "Shapes", {"rings": kind(2), "crosses": kind(3)})
