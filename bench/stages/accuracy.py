"""Accuracy on the real test split: one pass, image by image verdicts."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.artifacts.values import RealSet
from bench.data.augment import eval_view
from bench.data.mixing import normalize
from bench.data.streaming import upload
from bench.stages.compute import autocast


@dataclass(frozen=True)
class Verdict:
    """What a network makes of N test images.

    Attributes:
        predicted, labels: (N,) int16, the class of the highest logit, and the image's own.
        top5: share of images whose class is among the five highest logits.
    """

    predicted: Tensor
    labels: Tensor
    top5: float

    @property
    def top1(self) -> float:
        return float((self.predicted == self.labels).float().mean())


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
        pixels = upload(eval_view(test.images[chosen], test.resolution), device)
        with autocast(device, fast):
            logits = model(normalize(pixels, test.mean, test.std))
        best = logits.float().topk(rank, dim=1).indices
        first.append(best[:, 0].short())
        fifth.append((best == upload(test.labels[chosen], device)[:, None]).any(1))
    share = float(torch.cat(fifth).float().mean())
    return Verdict(torch.cat(first).cpu(), test.labels.short().cpu(), share)
