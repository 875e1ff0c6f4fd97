"""Accuracy on the real test split: one pass, image by image verdicts."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.artifacts import RealSet
from bench.data.augment import eval_view
from bench.data.mixing import normalize
from bench.stages.compute import autocast


@dataclass(frozen=True)
class Verdict:
    """Which of the N test images are right: `correct` (N,) at rank 1, `top5` as a fraction."""

    correct: Tensor
    top5: float

    @property
    def top1(self) -> float:
        return float(self.correct.float().mean())


@torch.no_grad()
def judge(
    model: nn.Module, test: RealSet, device: torch.device, fast: bool, batch: int = 250
) -> Verdict:
    """One pass over the test split in evaluation mode, on centre crops."""
    model.eval()
    first, fifth = [], []
    rank = min(5, len(test.classes))
    for start in range(0, len(test.labels), batch):
        chosen = slice(start, start + batch)
        pixels = eval_view(test.images[chosen].to(device), test.resolution)
        with autocast(device, fast):
            logits = model(normalize(pixels, test.mean, test.std))
        hits = logits.float().topk(rank, dim=1).indices == test.labels[chosen].to(device)[:, None]
        first.append(hits[:, 0])
        fifth.append(hits.any(1))
    return Verdict(torch.cat(first).cpu(), float(torch.cat(fifth).float().mean()))
