"""FKD label folders (`epoch_e/batch_b.tar`): counted and measured, never unpickled freely."""

import re
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from bench.core.errors import BadData
from bench.exchange.safe import load_torch


@dataclass(frozen=True)
class FkdFolder:
    """What a folder of stored labels holds.

    Attributes:
        logits: shape (B, C) of the first batch's labels.
        bytes: of all files.
    """

    epochs: int
    batches: int
    logits: tuple[int, ...]
    bytes: int


def read_fkd(path: Path) -> FkdFolder:
    """Epochs, batches, label shape and bytes.

    Raises:
        BadData: no such folder, epochs of different lengths, or a first batch without labels.
    """
    epochs = sorted(d for d in path.glob("epoch_*") if re.fullmatch(r"epoch_\d+", d.name))
    files = [sorted(d.glob("batch_*.tar")) for d in epochs]
    if not files or not files[0]:
        raise BadData(f"{path}: expected epoch_0/batch_0.tar of FKD, found none")
    if len({len(found) for found in files}) > 1:
        raise BadData(f"{path}: expected as many batches in every epoch, given another number")
    content = load_torch(files[0][0])
    parts = content if isinstance(content, list | tuple) else [content]
    found = [p for p in parts if isinstance(p, Tensor) and p.is_floating_point() and p.ndim == 2]
    if not found:
        raise BadData(f"{files[0][0]}: expected soft labels (B, C), found none")
    size = sum(file.stat().st_size for batch in files for file in batch)
    return FkdFolder(len(epochs), len(files[0]), tuple(found[-1].shape), size)
