"""Progress inside a stage, kept now and then so that a killed process goes on where it was.

A loop that can go on takes the stage's progress, asks what was saved, and saves when it is due. Who
runs the stage decides where that lies; where nobody does, nothing is kept. What is saved is all
that later steps depend on, so that on a CPU the result is bit by bit that of a run without a break.
On CUDA two runs differ in their last bits whether or not there was a break: the backward pass of
bilinear resizing adds up in no fixed order there.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from torch import Tensor
from torch.optim import Optimizer

OPTIMIZER = "optimizer."
LASTING = "lasting."  # begins the names of tensors that never change once they have been saved


class Progress(Protocol):
    """Where one stage of one cell keeps its state: named tensors, the last ones only."""

    def saved(self) -> Mapping[str, Tensor] | None:
        """What an earlier process saved, on the CPU; None where there is nothing."""
        ...

    def due(self) -> bool:
        """Whether the last saving is long enough ago."""
        ...

    def save(self, state: Mapping[str, Tensor]) -> None:
        """Keeps a state; of names that begin with LASTING, those that are kept already stay."""
        ...


class Unkept:
    """Nothing was saved, and nothing will be."""

    def saved(self) -> None:
        return None

    def due(self) -> bool:
        return False

    def save(self, state: Mapping[str, Tensor]) -> None: ...


_OFFERED: ContextVar[Progress | None] = ContextVar("progress", default=None)


def take_progress() -> Progress:
    """The progress of the stage that is being made, for the first loop that asks.

    A second loop of the same stage is not kept: its state could be taken for the first one's.
    """
    offered = _OFFERED.get()
    _OFFERED.set(None)
    return offered or Unkept()


@contextmanager
def kept_in(progress: Progress) -> Iterator[None]:
    """Offers a place to the first loop of the stage that the block makes."""
    token = _OFFERED.set(progress)
    try:
        yield
    finally:
        _OFFERED.reset(token)


def optimizer_state(optimizer: Optimizer) -> dict[str, Tensor]:
    """The moments of an optimiser as named tensors; its rates are set by schedules."""
    return {
        f"{OPTIMIZER}{index}.{name}": value
        for index, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
        if isinstance(value, Tensor)
    }


def load_optimizer(optimizer: Optimizer, saved: Mapping[str, Tensor]) -> None:
    """Puts moments back into a fresh optimiser over the same parameters."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in saved.items():
        if key.startswith(OPTIMIZER):
            index, _, name = key.removeprefix(OPTIMIZER).partition(".")
            state.setdefault(int(index), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def prefixed(prefix: str, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{name}": value for name, value in values.items()}


def part(prefix: str, saved: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under a prefix, without it."""
    return {k.removeprefix(prefix): v for k, v in saved.items() if k.startswith(prefix)}
