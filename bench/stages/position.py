"""How far a recovery is, and everything that its next step depends on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor
from torch.optim import Optimizer

from bench.stages.progress import LASTING, load_optimizer, optimizer_state


@dataclass
class Position:
    """A place between two steps.

    Attributes:
        finished: images (B, ch, H, W) uint8 of each batch that is done.
        curves: (4, points) loss curve of each of them.
        step: of the batch that is being optimised, the steps that are done.
        pixels: of that batch, (B, ch, H, W) normalised; None before its first step.
        curve: its loss curve so far, (4,) each.
    """

    finished: list[Tensor] = field(default_factory=list)
    curves: list[Tensor] = field(default_factory=list)
    step: int = 0
    pixels: Tensor | None = None
    curve: list[Tensor] = field(default_factory=list)

    @property
    def chunk(self) -> int:
        """Index of the batch that is being optimised."""
        return len(self.finished)

    def finish(self, images: Tensor) -> None:
        """Ends the batch with its images (B, ch, H, W) uint8; the next one has done no step."""
        self.finished.append(images)
        self.curves.append(torch.stack(self.curve, dim=1).cpu())
        self.step, self.pixels, self.curve = 0, None, []

    def state(self, optimizer: Optimizer, rng: Generator) -> dict[str, Tensor]:
        """This place as named tensors; those of finished batches never change."""
        assert self.pixels is not None
        found = {
            "pixels": self.pixels,
            "rng": rng.get_state(),
            "place": torch.tensor([self.chunk, self.step]),
        }
        for chunk, (images, curve) in enumerate(zip(self.finished, self.curves, strict=True)):
            found |= {f"{LASTING}images.{chunk}": images, f"{LASTING}curve.{chunk}": curve}
        found |= {"curve": torch.stack(self.curve)} if self.curve else {}
        return found | optimizer_state(optimizer)


class Resumed:
    """A place that an earlier process saved; its batch takes it up once."""

    def __init__(self, saved: Mapping[str, Tensor]) -> None:
        self._saved = saved
        self.chunk, self.step = (int(number) for number in saved["place"])

    def position(self) -> Position:
        """The place, as far as finished batches go."""
        images, curves = (
            [self._saved[f"{LASTING}{name}.{chunk}"] for chunk in range(self.chunk)]
            for name in ("images", "curve")
        )
        return Position(images, curves)

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
