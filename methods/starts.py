"""Real images that an optimisation starts from, where a method does not start from noise.

Source: arXiv:2501.07575 (patches of medium difficulty, also in FADRM, arXiv:2506.24125) and DELT's
released code, `data_selection.py` (arXiv:2411.19946). The patches that the former publish are a
download whose making is not released: here they are RDED's mosaics (arXiv:2312.03526) of the crops
around the median of the teacher's cross-entropy instead of the lowest ones.
"""

from dataclasses import dataclass
from math import ceil

import torch
from torch import Generator, Tensor

from bench import Budget, Need, Observation, RealSet, Reference, Teacher
from bench.data.augment import eval_view
from bench.plugin.recipes import require_count
from bench.stages.teacher import network
from methods.rded import Mosaics, spread, stitch
from methods.real import classes_of

SHORT = {"smoke": {"pool": 20, "crops": 1}}  # cutting crops takes longer than a short optimisation


def around_median(count: int, wanted: int) -> list[int]:
    """Ranks of `wanted` out of `count`: number ceil(count / 2), then in turns above and below it.

    Where one side has no more, the other side goes on.
    """
    middle = ceil(count / 2)
    offsets = [(step + 1) // 2 * (1 if step % 2 else -1) for step in range(2 * count + 1)]
    ranks = [middle + offset for offset in offsets if 0 <= middle + offset < count]
    return ranks[:wanted]


@dataclass(frozen=True)
class Patches:
    """Mosaics of real crops of medium difficulty; below 128 pixels one crop each.

    Attributes:
        pool: random real images of a class that are cropped.
        crops: tries of each, of which the easiest counts.

    Raises:
        BadValue: no image, or no try.
    """

    pool: int = 300
    crops: int = 5
    needs: tuple[Need, ...] = (RealSet, Teacher)

    def __post_init__(self) -> None:
        require_count("pool", self.pool, "images")
        require_count("crops", self.crops, "crops")

    @property
    def mosaics(self) -> Mosaics:
        return Mosaics(self.pool, self.crops, factor=0)

    def images_each(self, side: int) -> int:
        return self.mosaics.images_each(side)

    def __call__(self, reference: Reference, budget: Budget, rng: Generator) -> Tensor:
        real, model = reference[RealSet], network(reference[Teacher], budget.fast)
        rule, factor = self.mosaics, self.mosaics.factor_at(budget.shape[-1])
        wanted, made = budget.ipc * factor**2, []
        for label, members in enumerate(classes_of(real, wanted)):
            drawn = torch.randperm(len(members), generator=rng)[: max(self.pool, wanted)]
            chosen = members[drawn]
            ranked = rule._easiest(real, chosen, label, model, factor, len(chosen), rng)
            medium = ranked[around_median(len(ranked), wanted)]
            made.append(stitch(spread(medium, factor), factor))
        return torch.cat(made)


@dataclass(frozen=True)
class MediumImages:
    """Whole real images around the median of the teacher's probability of their class."""

    needs: tuple[Need, ...] = (RealSet, Observation)

    def images_each(self, side: int) -> int:
        return 1

    def __call__(self, reference: Reference, budget: Budget, rng: Generator) -> Tensor:
        real, seen = reference[RealSet], reference[Observation]
        made = []
        for label, members in enumerate(classes_of(real, budget.ipc)):
            loss = seen.nll[seen.labels == label].cpu()  # -log p, in the order of the members
            ranked = members[loss.argsort(descending=True, stable=True)]
            made.append(ranked[around_median(len(ranked), budget.ipc)])
        return eval_view(real.images[torch.cat(made)], real.resolution)
