"""Mixture: a network trained on real and synthetic images together, as WMDD's Figure 4 has it.

Source: WMDD (arXiv:2311.18531), Figure 4: a network is trained from scratch on the mixture of both,
which puts them into one space that no distiller has optimised; nothing more is printed. Here it is
trained as the recipe's teacher is, on class indices; every image counts once an epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.artifacts.views import Reference
from bench.core.errors import BadValue
from bench.core.seeds import generator_for
from bench.data.augment import crop_resize, draw_crops
from bench.data.network_input import streamed_input
from bench.data.spec import Split
from bench.data.streaming import upload
from bench.graph.request import Context, Request, Run, artifact
from bench.graph.work import Passes, Work, pixels_of, test_pass, weight_bytes
from bench.plugin.recipes import Precision, Squeeze
from bench.stages.squeeze import AugmentedReal, kept, squeeze


@dataclass(frozen=True)
class Mixed(Teacher):
    """A network trained on real images and a synthetic set together."""


class Mixture:
    """Real images and those of a synthetic set, in one fresh order every epoch.

    The set lies on the device, real images on the host. Both are cropped and mirrored as the
    teacher's images are. Learned soft labels and weights of a set are left out, since a real image
    has none.

    Attributes:
        labels: (N + M,) int64, class ids.
        synthetic: (N + M,) bool, the domain: whether an image is synthetic.
    """

    def __init__(
        self, real: RealSet, made: SyntheticSet, config: Squeeze, device: torch.device
    ) -> None:
        given = streamed_input(made, real.mean, real.std)
        self.real, self.images = AugmentedReal(real, config, device), given.images
        self.count, self.side, self.batch = len(real.labels), real.resolution, config.batch
        self.labels = torch.cat((real.labels, given.labels.cpu()))
        self.synthetic = torch.arange(len(self.labels)) >= self.count
        self.rng, self.config, self.device = self.real.rng, config, device

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self.labels), generator=self.rng)
        batches = order[: kept(len(order), self.batch)].split(self.batch)
        rng = generator_for(self.config.seed, "mixture", "synthetic", epoch)
        parts = [chosen[~self.synthetic[chosen]] for chosen in batches]
        real = self.real.of([part for part in parts if len(part)])
        for chosen, part in zip(batches, parts, strict=True):
            made = chosen[self.synthetic[chosen]] - self.count
            found = [next(real)[0]] if len(part) else []
            found += [self._cropped(made, rng)] if len(made) else []
            labels = torch.cat((self.labels[part], self.labels[made + self.count]))
            yield torch.cat(found), upload(labels, self.device)

    def _cropped(self, chosen: Tensor, rng: torch.Generator) -> Tensor:
        """Crops of synthetic images, drawn from a stream of their own, (b, ch, S, S)."""
        height, width = self.images.shape[-2:]
        crops, flips = draw_crops(len(chosen), height, width, self.real.policy, rng)
        images = self.images[upload(chosen, self.device)]
        places, mirrored = upload(crops, self.device), upload(flips, self.device)
        return crop_resize(images, places, mirrored, self.side)


@artifact("mixture", Mixed, own=True)
@dataclass(frozen=True)
class MixtureRequest(Request[Teacher]):
    """A network trained on the real set and a synthetic one, by default the cell's.

    Attributes:
        arch, seed: of the network.
        how, precision: how it is trained, as the recipe trains a teacher.
    """

    of: Request[SyntheticSet] | None = None
    arch: str | None = None
    seed: int | None = None
    how: Squeeze | None = None
    precision: Precision | None = None

    def filled(self, at: Context) -> "MixtureRequest":
        of, base = self.of or at.synthetic, self.how or at.recipe.squeeze
        if of is None:
            raise BadValue(f"row {at.row!r}: expected a mixture of real images with a set")
        arch, seed = self.arch or base.arch, at.student_seed if self.seed is None else self.seed
        return replace(
            self,
            of=of.filled(at),
            arch=arch,
            seed=seed,
            how=replace(base, arch=arch, seed=seed),
            precision=self.precision or at.recipe.precision,
        )

    def needs(self, at: Context) -> tuple[Request[Any], ...]:
        assert self.of is not None
        return (self.of,)

    def reads(self) -> tuple[Split, ...]:
        return ("train", "test")

    def stream(self, at: Context) -> int | None:
        return self.seed

    def make(self, have: Reference, at: Context, run: Run) -> Mixed:
        assert self.of is not None
        assert self.how is not None
        real, test, fast = run.split("train"), run.split("test"), self.precision == "bf16"
        feed = Mixture(real, have[self.of], self.how, run.device)
        made = squeeze(real, test, self.how, run.device, fast, run.emit, feed=feed, stage="mixture")
        return Mixed(**vars(made))

    def work(self, at: Context) -> Work:
        """All epochs over both, and a pass over the test split, as the teacher's."""
        assert self.how is not None
        assert self.arch is not None
        spec, how = at.source.spec, self.how
        count = at.source.train_count + at.ipc * spec.num_classes
        steps = how.epochs * -(-kept(count, how.batch) // how.batch)
        inputs = how.batch * pixels_of(spec) * (1 + 4)
        return Work(
            passes=(
                Passes("train", self.arch, how.batch, steps, moments=1),
                test_pass(self.arch, at.source.test_count),
            ),
            draws=how.epochs * count,
            bytes=weight_bytes(self.arch, spec),
            held=inputs,
            host=inputs,
            less="lower squeeze.batch",
        )
