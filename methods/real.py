"""Real images as synthetic sets: a random subset, and the full training split.

Source: the coreset baseline "Random" of dataset distillation papers, here under the very same
relabelling and evaluation as every distiller (not the hard-label ConvNet protocol that the WMDD
paper quotes in its Table 1). A draw is new for every seed. Chosen images are stored by the codec
of the recipe, as distilled ones are; the full split is not coded at all, it is the decoded real set
itself.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from bench import BadValue, Budget, RealSet, RecipeCodec, Reference, SyntheticSet, distiller
from bench.core.events import Emit
from bench.data.augment import eval_view
from bench.data.codec import Codec, encode_decode


@dataclass(frozen=True)
class RandomSubset:
    """`ipc` images of each class, uniformly without replacement, stored by a codec."""

    codec: Codec = "jpeg-q75"
    needs: tuple[type, ...] = (RealSet,)

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        real = reference[RealSet]
        chosen = [
            members[torch.randperm(len(members), generator=rng)[: budget.ipc]]
            for members in classes_of(real, budget.ipc)
        ]
        return subset(real, torch.stack(chosen), self.codec)


@dataclass(frozen=True)
class FullSet:
    """Every real training image, the ceiling of every distiller.

    The images are a view of the real set where that is sorted by class and has no margin, as image
    folders are; they pass through no codec, so that their bytes are those of the bare pixels.
    """

    needs: tuple[type, ...] = (RealSet,)

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        real = reference[RealSet]
        order = torch.argsort(real.labels, stable=True)
        labels = real.labels[order]
        counts = labels.bincount(minlength=len(real.classes)).tolist()
        slots = torch.cat([torch.arange(count) for count in counts])
        pixels = eval_view(real.images, real.resolution)
        sorted_already = bool((real.labels.diff() >= 0).all())
        images = pixels if sorted_already else pixels[order]
        return SyntheticSet(images, labels, slots, torch.ones(len(labels)), images.nbytes)


def classes_of(real: RealSet, ipc: int) -> list[Tensor]:
    """Indices of each class's images, refusing classes with fewer than `ipc` of them."""
    members = [torch.nonzero(real.labels == k).flatten() for k in range(len(real.classes))]
    for name, found in zip(real.classes, members, strict=True):
        if len(found) < ipc:
            raise BadValue(
                f"ipc: expected at most the size of the smallest class, given {ipc}, "
                f"but class {name!r} of {real.name} has {len(found)} images"
            )
    return members


def subset(real: RealSet, chosen: Tensor, codec: Codec = "png") -> SyntheticSet:
    """The real images at indices (C, m) as a synthetic set, losslessly or by another codec."""
    num_classes, ipc = chosen.shape
    pixels = eval_view(real.images[chosen.flatten()], real.resolution)
    images, size = encode_decode(pixels, codec)
    return SyntheticSet(
        images=images,
        labels=torch.arange(num_classes).repeat_interleave(ipc),
        slots=torch.arange(ipc).repeat(num_classes),
        weights=torch.ones(num_classes * ipc),
        image_bytes=size,
    )


@distiller("random")
def random(codec: RecipeCodec = "jpeg-q75") -> RandomSubset:
    """Random real images, the same recipe."""
    return RandomSubset(codec)


@distiller("full", seeded=False, budgeted=False)
def full() -> FullSet:
    """All real training images, the same recipe."""
    return FullSet()
