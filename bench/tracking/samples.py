"""Values of Step events, taken without making the device wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.core.events import Step

if TYPE_CHECKING:
    import torch

POINTS = 50  # steps of a stage that are sampled, always the same ones, so that curves align


def due(event: Step) -> bool:
    """Whether this step is sampled: about `POINTS` evenly spaced ones, the first and the last."""
    every = max(1, event.total // POINTS)
    return event.step % every == 0 or event.step in (1, event.total)


@dataclass(frozen=True)
class Sample:
    """Numbers of one step, possibly still on their way from a device.

    Attributes:
        names: one per value.
        known: values that were plain numbers, in the order of the first names.
        packed: (len(names) - len(known),) float32 tensor of the rest, None where there is none.
        copied: event after which `packed`, in pinned memory, is complete; None off CUDA.
    """

    names: tuple[str, ...]
    known: tuple[float, ...]
    packed: "torch.Tensor | None" = None
    copied: "torch.cuda.Event | None" = None

    @property
    def ready(self) -> bool:
        """Whether reading would not wait."""
        return self.copied is None or bool(self.copied.query())

    def read(self) -> dict[str, float]:
        """The numbers by name; waits for the copy, so call it later or from another thread."""
        if self.copied is not None:
            self.copied.synchronize()
        rest = [] if self.packed is None else self.packed.tolist()
        return dict(zip(self.names, (*self.known, *rest), strict=True))


def sample(values: "Mapping[str, torch.Tensor | float]") -> Sample:
    """Copies numbers aside (means of larger tensors); on CUDA nobody waits for the copy."""
    known: dict[str, float] = {}
    far: dict[str, torch.Tensor] = {}
    for name, value in values.items():
        if isinstance(value, int | float):
            known[name] = float(value)
        elif value.is_cuda:
            far[name] = value
        else:
            known[name] = float((value if value.numel() == 1 else value.float().mean()).item())
    return _copied(known, far) if far else Sample(tuple(known), tuple(known.values()))


def _copied(known: Mapping[str, float], far: "Mapping[str, torch.Tensor]") -> Sample:
    import torch

    with torch.no_grad():
        packed = torch.stack([v.detach().float().mean() for v in far.values()])
        pinned = torch.empty(packed.shape, dtype=packed.dtype, pin_memory=True)
        pinned.copy_(packed, non_blocking=True)
        copied = torch.cuda.Event()
        copied.record(torch.cuda.current_stream(packed.device))
    return Sample((*known, *far), tuple(known.values()), pinned, copied)
