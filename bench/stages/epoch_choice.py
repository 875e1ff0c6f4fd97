"""Choosing an epoch on held-out distilled images, so that no test image takes part in it."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from bench.artifacts.values import SyntheticSet
from bench.core.errors import BadValue
from bench.core.seeds import generator_for
from bench.data.mixing import Images
from bench.stages.compute import autocast

SHARE = 0.2  # of each class's images, as arXiv:2311.18531 says for its Table 2


def divide(
    synthetic: SyntheticSet, seed: int, share: float = SHARE
) -> tuple[SyntheticSet, SyntheticSet]:
    """The synthetic set without and with the held-out share of every class, at least one image.

    Which slots are held out depends on the seed alone, so that methods stay paired.

    Raises:
        BadValue: a class has a single image, or the share is not in (0, 1).
    """
    if not 0 < share < 1:
        raise BadValue(f"held-out share: expected a number between 0 and 1, given {share}")
    rng = generator_for(seed, "held-out")
    kept, held = [], []
    for label in synthetic.labels.unique().tolist():
        members = torch.nonzero(synthetic.labels == label).flatten().cpu()
        if len(members) < 2:
            raise BadValue(
                "held-out selection: expected at least 2 images of each class, given 1 of class "
                f"{label}; choose ipc 2 or more, or the evaluator 'fkd', which takes the last epoch"
            )
        count = max(1, round(share * len(members)))
        order = members[torch.randperm(len(members), generator=rng)]
        held.append(order[:count].sort().values)
        kept.append(order[count:].sort().values)
    return _part(synthetic, torch.cat(kept)), _part(synthetic, torch.cat(held))


def _part(synthetic: SyntheticSet, chosen: Tensor) -> SyntheticSet:
    """Some images of a set, with weights of mean 1 again and their share of the bytes."""
    chosen = chosen.to(synthetic.images.device)
    weights = synthetic.weights[chosen]
    return replace(
        synthetic,
        images=synthetic.images[chosen],
        labels=synthetic.labels[chosen],
        slots=synthetic.slots[chosen],
        weights=weights / weights.mean(),
        image_bytes=round(synthetic.image_bytes * len(chosen) / len(synthetic.labels)),
        curve={},
        soft=synthetic.soft[chosen] if len(synthetic.soft) else synthetic.soft,
    )


@dataclass(frozen=True)
class Exam:
    """Held-out images (B, ch, H, W) with hard labels and the teacher's logits on them."""

    images: Images
    labels: Tensor
    logits: Tensor
    temperature: float

    @torch.no_grad()
    def marks(self, model: nn.Module, fast: bool) -> tuple[float, float]:
        """Accuracy against the hard labels, and minus the KL to the teacher that breaks ties."""
        model.eval()
        logits = logits_on(model, self.images, fast)
        right = (logits.argmax(1) == self.labels).float().mean()
        log_p = log_softmax(self.logits.float() / self.temperature, dim=1)
        log_q = log_softmax(logits / self.temperature, dim=1)
        divergence = (log_p.exp() * (log_p - log_q)).sum(1).mean()
        accuracy, kl = torch.stack((right, divergence)).tolist()
        return accuracy, -kl


@torch.no_grad()
def logits_on(model: nn.Module, images: Images, fast: bool, batch: int = 250) -> Tensor:
    """A network's logits (B, C) float32, some images at a time, so that any number of them fits."""
    parts = []
    for start in range(0, len(images), batch):
        with autocast(images.device, fast):
            parts.append(model(images[start : start + batch]).float())
    return torch.cat(parts)


class BestEpoch:
    """Watches a training and keeps the weights of the epoch with the best marks.

    Equal marks keep the earlier epoch. It reads two numbers per epoch from the device.
    """

    def __init__(self, model: nn.Module, exam: Exam, fast: bool) -> None:
        self.model, self.exam, self.fast = model, exam, fast
        self.epoch, self.marks = -1, (-1.0, 0.0)
        self._state: dict[str, Tensor] = {}

    def __call__(self, epoch: int) -> None:
        marks = self.exam.marks(self.model, self.fast)
        if self.epoch < 0 or marks > self.marks:
            self.epoch, self.marks = epoch, marks
            self._state = {k: v.detach().clone() for k, v in self.model.state_dict().items()}

    def restore(self) -> None:
        """Puts the kept weights back into the model."""
        self.model.load_state_dict(self._state, strict=True)
