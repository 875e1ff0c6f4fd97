"""How far a recovery is, and everything that its next step depends on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor
from torch.optim import Optimizer

from bench.stages.progress import load_optimizer, optimizer_state


@dataclass
class Position:
    """A place between two steps.

    Attributes:
        images: (C, ipc, ch, H, W) uint8, filled batch by batch.
        curves: one (4, points) loss curve of each finished batch.
        chunk, step: batch that is being optimised, and its steps that are done.
        pixels: of that batch, (B, ch, H, W) normalised; None before its first step.
        curve: its loss curve so far, (4,) each.
    """

    images: Tensor
    curves: list[Tensor] = field(default_factory=list)
    chunk: int = 0
    step: int = 0
    pixels: Tensor | None = None
    curve: list[Tensor] = field(default_factory=list)

    def state(self, optimizer: Optimizer, rng: Generator) -> dict[str, Tensor]:
        """This place as named tensors."""
        assert self.pixels is not None
        found = {
            "images": self.images,
            "pixels": self.pixels,
            "rng": rng.get_state(),
            "place": torch.tensor([self.chunk, self.step]),
        }
        found |= {"curves": torch.stack(self.curves)} if self.curves else {}
        found |= {"curve": torch.stack(self.curve)} if self.curve else {}
        return found | optimizer_state(optimizer)


class Resumed:
    """A place that an earlier process saved; its batch takes it up once."""

    def __init__(self, saved: Mapping[str, Tensor]) -> None:
        self._saved = saved
        self.chunk, self.step = (int(number) for number in saved["place"])

    def position(self) -> Position:
        """The place, as far as finished batches go."""
        curves = list(self._saved["curves"]) if "curves" in self._saved else []
        return Position(self._saved["images"].clone(), curves, self.chunk)

    def enter(self, position: Position, optimizer: Optimizer, rng: Generator) -> None:
        """Puts pixels, moments, generator and curve of the batch back."""
        assert position.pixels is not None
        with torch.no_grad():
            position.pixels.copy_(self._saved["pixels"])
        load_optimizer(optimizer, self._saved)
        rng.set_state(self._saved["rng"])
        position.step = self.step
        device = position.pixels.device
        seen = self._saved.get("curve")
        position.curve = [] if seen is None else list(seen.to(device))
