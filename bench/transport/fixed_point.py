"""The loop that all iterative solvers share."""

from collections.abc import Callable
from typing import TypeVar

S = TypeVar("S")


def settle(
    update: Callable[[S, int], tuple[S, float]], state: S, iterations: int, tolerance: float
) -> tuple[S, int]:
    """Applies `update` until it moves the state by at most `tolerance`.

    Args:
        update: from the state and the number of the step (from 1) to the next state and how far
            it moved.

    Returns:
        The last state and the number of updates made.
    """
    for taken in range(1, iterations + 1):
        state, moved = update(state, taken)
        if moved <= tolerance:
            return state, taken
    return state, iterations
