"""RDED: mosaics of the real crops that the teacher finds easiest; nothing is optimised.

Source: arXiv:2312.03526 and its released code: of each class take `pool` random real images, of
each image `crops` random resized crops with ratio 1 at 1/factor of the side, keep the crop with
the lowest cross-entropy, and stitch the ipc * factor^2 easiest into factor x factor mosaics. A pool
that is smaller than what they take grows to that.
Differs from the released code: crops are padded by zeros to the full input before the teacher
sees them, as there, but mosaics are stored losslessly here and evaluated under this suite's recipe.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy, pad

from bench import (
    BadValue,
    Budget,
    RealSet,
    Reference,
    SyntheticSet,
    Teacher,
    distiller,
)
from bench.core.events import Emit, Step
from bench.data.augment import CropPolicy, crop_resize, draw_crops
from bench.data.codec import encode_decode
from bench.data.mixing import denormalize_to_uint8, normalize
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
        wanted = budget.ipc * factor**2
        made = []
        for label, members in enumerate(classes_of(real, wanted)):
            order = torch.randperm(len(members), generator=rng)[: max(self.pool, wanted)]
            easiest = self._easiest(real, members[order], label, model, factor, wanted, rng)
            made.append(stitch(easiest, factor))
            emit(Step("recover", label + 1, budget.num_classes))
        pixels = denormalize_to_uint8(torch.cat(made), budget.mean, budget.std).cpu()
        images, size = encode_decode(pixels, "png")
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
        """The `wanted` crops (wanted, ch, S/factor, S/factor) with the lowest cross-entropy."""
        device = next(model.parameters()).device
        side = real.resolution // factor
        if side * factor != real.resolution:
            raise BadValue(
                f"rded.factor: expected a divisor of {real.resolution} pixels, given {factor}"
            )
        policy = CropPolicy(ratio_min=1.0, ratio_max=1.0, flip=0.0)
        images = normalize(real.images[members].to(device), real.mean, real.std)
        best, lowest = None, None
        height, width = images.shape[-2:]
        for _ in range(self.crops):
            boxes, flips = draw_crops(len(images), height, width, policy, rng)
            crops = crop_resize(images, boxes.to(device), flips.to(device), side)
            margin = real.resolution - side
            logits = model(pad(crops, (0, margin, 0, margin)))
            target = torch.full((len(crops),), label, device=device)
            losses = cross_entropy(logits.float(), target, reduction="none")
            if best is None or lowest is None:
                best, lowest = crops, losses
            else:
                better = losses < lowest
                best = torch.where(better[:, None, None, None], crops, best)
                lowest = lowest.minimum(losses)
        if best is None or lowest is None:
            raise BadValue(f"rded.crops: expected at least 1, given {self.crops}")
        return best[lowest.argsort(stable=True)[:wanted]]


def stitch(crops: Tensor, factor: int) -> Tensor:
    """Crops (m * factor^2, ch, s, s) as m mosaics (m, ch, factor * s, factor * s), row by row."""
    rows: Tensor = crops.unflatten(0, (-1, factor, factor))  # (m, factor, factor, ch, s, s)
    return rows.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)


@distiller("rded")
def rded(pool: int = 300, crops: int = 5, factor: int = 0) -> Mosaics:
    """Mosaics of the easiest real crops; factor 0 means 2 from 128 pixels on, else 1."""
    return Mosaics(pool, crops, factor)
