"""RDED: mosaics of the real crops that the teacher finds easiest; nothing is optimised.

Source: arXiv:2312.03526 and its released code: of each class take `pool` random real images, of
each image `crops` random resized crops with ratio 1 at 1/factor of the side, keep the crop with
the lowest cross-entropy, and stitch the ipc * factor^2 easiest into factor x factor mosaics, spread
over them by rank. Crops are averaged where they are reduced and stand amid zeros in the middle of
the full input when the teacher sees them; mosaics are stored by the codec of the recipe. A pool
that is smaller than what they take grows to that.
Differs from the released code: photographs are cropped as they are kept (docs/data.md), not
as they lie on disk, and crops are rounded to 8 bits once, before the teacher sees them.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy, pad

from bench import (
    BadValue,
    Budget,
    RealSet,
    RecipeCodec,
    Reference,
    SyntheticSet,
    Teacher,
    distiller,
)
from bench.artifacts.whole import cropped
from bench.core.events import Emit, Step
from bench.data.augment import CropPolicy, draw_boxes
from bench.data.codec import Codec, encode_decode
from bench.data.mixing import normalize
from bench.stages.teacher import network
from methods.real import classes_of

LARGE_SIDE = 128  # from here on the released code stitches 2 x 2 crops, below it takes one


@dataclass(frozen=True)
class Mosaics:
    """`ipc` mosaics per class from the easiest crops of a random pool of real images."""

    pool: int
    crops: int
    factor: int
    needs: tuple[type, ...] = (RealSet, Teacher)
    codec: Codec = "jpeg-q75"

    def factor_at(self, side: int) -> int:
        return self.factor or (2 if side >= LARGE_SIDE else 1)

    def images_each(self, side: int) -> int:
        """Real images of a class that one mosaic takes."""
        return self.factor_at(side) ** 2

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        real, model = reference[RealSet], network(reference[Teacher], budget.fast)
        factor = self.factor_at(budget.shape[-1])
        if real.resolution % factor:
            raise BadValue(
                f"rded.factor: expected a divisor of {real.resolution} pixels, given {factor}"
            )
        wanted = budget.ipc * factor**2
        made = []
        for label, members in enumerate(classes_of(real, wanted)):
            order = torch.randperm(len(members), generator=rng)[: max(self.pool, wanted)]
            easiest = self._easiest(real, members[order], label, model, factor, wanted, rng)
            made.append(stitch(spread(easiest, factor), factor))
            emit(Step("recover", label + 1, budget.num_classes))
        images, size = encode_decode(torch.cat(made), self.codec)
        return SyntheticSet(
            images=images,
            labels=torch.arange(budget.num_classes).repeat_interleave(budget.ipc),
            slots=torch.arange(budget.ipc).repeat(budget.num_classes),
            weights=torch.ones(len(images)),
            image_bytes=size,
        )

    @torch.no_grad()
    def _easiest(
        self,
        real: RealSet,
        members: Tensor,
        label: int,
        model: torch.nn.Module,
        factor: int,
        wanted: int,
        rng: Generator,
    ) -> Tensor:
        """The `wanted` crops (wanted, ch, S/factor, S/factor) uint8, lowest cross-entropy first."""
        device = next(model.parameters()).device
        side = real.resolution // factor
        if self.crops < 1:
            raise BadValue(f"rded.crops: expected at least 1, given {self.crops}")
        policy = CropPolicy(ratio_min=1.0, ratio_max=1.0, flip=0.0)
        tries, losses = [], []
        with ThreadPoolExecutor() as pool:
            for _ in range(self.crops):
                boxes, flips = draw_boxes(real.pictures.sizes[members], policy, rng)
                chosen = members.tolist()
                cut = torch.stack(list(cropped(real.pictures, chosen, boxes, flips, side, pool)))
                seen = centred(normalize(cut.to(device), real.mean, real.std), real.resolution)
                target = torch.full((len(cut),), label, device=device)
                tries.append(cut)
                losses.append(cross_entropy(model(seen).float(), target, reduction="none").cpu())
        lowest, best = torch.stack(losses).min(0)
        crops = torch.stack(tries)[best, torch.arange(len(members))]
        return crops[lowest.argsort(stable=True)[:wanted]]


def centred(crops: Tensor, side: int) -> Tensor:
    """Crops (B, ch, s, s) in the middle of zeros (B, ch, side, side)."""
    first = (side - crops.shape[-1]) // 2
    last = side - crops.shape[-1] - first
    return pad(crops, (first, last, first, last))


def spread(crops: Tensor, factor: int) -> Tensor:
    """Crops in the order of their ranks, reordered so that mosaic j of m has ranks j, j + m, ..."""
    ranked: Tensor = crops.unflatten(0, (factor**2, -1))
    return ranked.transpose(0, 1).flatten(0, 1)


def stitch(crops: Tensor, factor: int) -> Tensor:
    """Crops (m * factor^2, ch, s, s) as m mosaics (m, ch, factor * s, factor * s), row by row."""
    rows: Tensor = crops.unflatten(0, (-1, factor, factor))  # (m, factor, factor, ch, s, s)
    return rows.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)


@distiller("rded")
def rded(
    pool: int = 300, crops: int = 5, factor: int = 0, codec: RecipeCodec = "jpeg-q75"
) -> Mosaics:
    """Mosaics of the easiest real crops; factor 0 means 2 from 128 pixels on, else 1."""
    return Mosaics(pool, crops, factor, codec=codec)
