"""Which synthetic images are optimised together."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Class ids and slots of the images that are optimised together, each (B,)."""

    labels: Tensor
    slots: Tensor


def batches(grouping: str, num_classes: int, ipc: int, size: int) -> Iterator[Batch]:
    """How the released code splits C*m images into batches of at most `size`."""
    if grouping == "class-major":
        per_batch = max(1, min(size // ipc, num_classes))
        for chunk in torch.arange(num_classes).split(per_batch):
            yield Batch(chunk.repeat_interleave(ipc), torch.arange(ipc).repeat(len(chunk)))
        return
    for slot in range(ipc):
        for chunk in torch.arange(num_classes).split(size):
            yield Batch(chunk, torch.full_like(chunk, slot))
