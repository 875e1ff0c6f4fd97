"""Synthetic images as parameters, learned by SGD against real ones: what the ConvNet line shares.

Source: the released code of DC and its successors (arXiv:2006.05929 and later; methods.md 11 to
15): images live on the normalised scale and are never clamped, so they are stored as floats.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import interpolate

from bench.artifacts.values import RealSet, SyntheticSet
from bench.core.errors import BadValue, CellFailed
from bench.core.events import Emit, Milestone, Note, Step
from bench.core.seeds import seed_for
from bench.data.augment import eval_view
from bench.data.mixing import normalize
from bench.data.network_input import as_pixels, decode
from bench.data.zca import Whitening
from bench.models.build import build_model
from bench.plugin.contracts import Budget
from bench.stages.progress import (
    load_optimizer,
    optimizer_state,
    part,
    prefixed,
    take_progress,
)
from bench.study.convnet import convnet_for

CURVE_POINTS = 100
MILESTONES = (0.1, 0.25, 0.5, 1.0)  # of the iterations, after which the images are shown
SHOWN = 10  # classes
LEARNED, CURVE = "learned.", "curve."
Start = Literal["real", "noise"]
Terms = Mapping[str, Tensor]  # named numbers of a step, "total" among them


@dataclass(frozen=True)
class ImageSteps:
    """How images are learned.

    Attributes:
        lr, momentum: of SGD on the images.
        start: random real images of the class, or standard normal noise.
        factor: images that a stored image stands for along each side (`SyntheticSet.factor`).

    Raises:
        BadValue: a number outside its range.
    """

    iterations: int
    lr: float
    momentum: float = 0.5
    start: Start = "real"
    factor: int = 1

    def __post_init__(self) -> None:
        for name, value in (("iterations", self.iterations), ("factor", self.factor)):
            if value < 1:
                raise BadValue(f"{name}: expected at least 1, given {value}")
        if self.lr <= 0 or not 0 <= self.momentum < 1:
            raise BadValue(
                "images: expected a positive lr and a momentum in [0, 1), "
                f"given {self.lr} and {self.momentum}"
            )
        if self.start not in ("real", "noise"):
            raise BadValue(f"start: expected 'real' or 'noise', given {self.start!r}")

    @property
    def images_each(self) -> int:
        """Real images of a class that one synthetic image starts from."""
        return self.factor**2 if self.start == "real" else 1


class RealImages:
    """The real images of each class as networks take them, drawn at random.

    Raises:
        BadValue: a class with a single image, which has no distribution, or fewer than `least`.
    """

    def __init__(
        self,
        real: RealSet,
        device: torch.device,
        rng: Generator,
        least: int = 1,
        whiten: Whitening | None = None,
    ) -> None:
        self.real, self.device, self.rng, self.whiten = real, device, rng, whiten
        self.members = [torch.nonzero(real.labels == k).flatten() for k in range(len(real.classes))]
        for name, found in zip(real.classes, self.members, strict=True):
            if len(found) < max(2, least):
                raise BadValue(
                    f"class {name!r} of {real.name}: expected at least {max(2, least)} images to "
                    f"learn from, given {len(found)}; lower ipc or give the class more images"
                )

    def of_class(self, label: int, count: int) -> Tensor:
        """At most `count` distinct images (n, ch, S, S) of a class."""
        members = self.members[label]
        return self.at(members[torch.randperm(len(members), generator=self.rng)[:count]])

    def at(self, chosen: Tensor) -> Tensor:
        """The images at indices, normalised, whitened where that is wanted."""
        pixels = eval_view(self.real.images[chosen].to(self.device), self.real.resolution)
        images = normalize(pixels, self.real.mean, self.real.std)
        return self.whiten(images) if self.whiten else images


class LearnedImages:
    """The images of all classes (C * m, ch, S, S), class by class, with their optimiser.

    Attributes:
        images: the leaf that is learned; decoded by `of_class` and `all`.
        scalars: further leaves that are learned with a rate of their own, such as a learned lr.
    """

    def __init__(
        self,
        real: RealSet,
        budget: Budget,
        steps: ImageSteps,
        rng: Generator,
        emit: Emit,
        *,
        whiten: Whitening | None = None,
        scalars: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        self.budget, self.steps, self.rng, self.emit = budget, steps, rng, emit
        self.progress, self.whiten, self.device = take_progress(), whiten, budget.device
        least = budget.ipc * steps.images_each
        self.real = RealImages(real, self.device, rng, least, whiten)
        self._networks = int(torch.randint(2**31, (), generator=rng))
        self.images = self._started().requires_grad_()
        self.labels = torch.arange(budget.num_classes, device=self.device)
        self.labels = self.labels.repeat_interleave(budget.ipc * steps.factor**2)
        groups: list[dict[str, object]] = [{"params": [self.images], "lr": steps.lr}]
        self.scalars: dict[str, Tensor] = {}
        for name, (value, rate) in (scalars or {}).items():
            self.scalars[name] = torch.tensor(value, device=self.device, requires_grad=True)
            groups.append({"params": [self.scalars[name]], "lr": rate})
        self.optimizer = torch.optim.SGD(groups, steps.lr, steps.momentum)

    def _started(self) -> Tensor:
        budget, factor = self.budget, self.steps.factor
        if self.steps.start == "noise":
            shape = (budget.num_classes * budget.ipc, *budget.shape)
            return torch.randn(shape, generator=self.rng).to(self.device)
        side = budget.shape[-1] // factor
        made = []
        for label in range(budget.num_classes):
            drawn = self.real.of_class(label, budget.ipc * factor**2)
            if factor > 1:
                drawn = interpolate(drawn, (side, side), mode="bilinear", antialias=True)
            made.append(tiled(drawn, factor))
        return torch.cat(made)

    def of_class(self, label: int) -> Tensor:
        """The decoded images (m * factor**2, ch, S, S) of a class, with a gradient."""
        ipc = self.budget.ipc
        return decode(self.images[label * ipc : (label + 1) * ipc], self.steps.factor)

    def all(self) -> Tensor:
        """The decoded images of all classes, in the order of `labels`."""
        return decode(self.images, self.steps.factor)

    def network(self, arch: str, index: int) -> nn.Module:
        """Random network number `index`; an empty name means the line's ConvNet."""
        channels, side = self.budget.shape[0], self.budget.shape[-1]
        return build_model(
            arch or convnet_for(side),
            num_classes=self.budget.num_classes,
            channels=channels,
            resolution=side,
            seed=seed_for(self._networks, "network", index),
        ).to(self.device)

    def run(self, step: Callable[[int], Terms]) -> SyntheticSet:
        """Calls `step(iteration)`, which learns, until the iterations are done.

        Goes on where an earlier process ended.

        Raises:
            CellFailed: the loss is not finite; names the step and the terms.
        """
        total, curve = self.steps.iterations, dict[str, list[Tensor]]()
        every = max(1, total // CURVE_POINTS)
        shown = {max(1, round(share * total)) for share in MILESTONES}
        for done in range(self._resume(curve), total):
            terms = {name: value.detach() for name, value in step(done).items()}
            self.emit(Step("recover", done + 1, total, terms))
            if done % every == 0 or done == total - 1:
                refuse_non_finite(terms, done)
                for name, value in terms.items():
                    curve.setdefault(name, []).append(value)
            if done + 1 in shown:
                self._show(done + 1)
            if self.progress.due():
                self._keep(done + 1, curve)
        return self._collect(curve)

    def _learned(self) -> dict[str, Tensor]:
        return {"images": self.images, **self.scalars}

    def _keep(self, done: int, curve: Mapping[str, list[Tensor]]) -> None:
        state = prefixed(LEARNED, {k: v.detach() for k, v in self._learned().items()})
        state |= prefixed(CURVE, {k: torch.stack(v) for k, v in curve.items()})
        state |= optimizer_state(self.optimizer)
        self.progress.save({**state, "rng": self.rng.get_state(), "done": torch.tensor(done)})

    def _resume(self, curve: dict[str, list[Tensor]]) -> int:
        saved = self.progress.saved()
        if saved is None:
            return 0
        with torch.no_grad():
            for name, value in part(LEARNED, saved).items():
                self._learned()[name].copy_(value)
        curve |= {k: list(v.to(self.device).unbind()) for k, v in part(CURVE, saved).items()}
        load_optimizer(self.optimizer, saved)
        self.rng.set_state(saved["rng"])
        done = int(saved["done"])
        total = self.steps.iterations
        self.emit(Note(f"recover: goes on after step {done} of {total}, where a process ended"))
        return done

    def _shown(self, images: Tensor) -> Tensor:
        """Images on the normalised scale, whatever they were learned on."""
        return self.whiten.undo(images) if self.whiten else images

    def _show(self, step: int) -> None:
        ipc, classes = self.budget.ipc, min(SHOWN, self.budget.num_classes)
        first = self._shown(self.images.detach()[: classes * ipc : ipc])
        pixels = as_pixels(first, self.budget.mean, self.budget.std).cpu()
        self.emit(Milestone("recover", step, pixels, list(range(classes))))

    def _collect(self, curve: Mapping[str, list[Tensor]]) -> SyntheticSet:
        budget = self.budget
        images = self._shown(self.images.detach()).float().cpu().contiguous()
        return SyntheticSet(
            images=images,
            labels=torch.arange(budget.num_classes).repeat_interleave(budget.ipc),
            slots=torch.arange(budget.ipc).repeat(budget.num_classes),
            weights=torch.ones(len(images)),
            image_bytes=images.numel() * images.element_size(),
            curve={name: torch.stack(values).float().cpu() for name, values in curve.items()},
            factor=self.steps.factor,
        )


def tiled(parts: Tensor, factor: int) -> Tensor:
    """Parts (m * factor**2, ch, s, s) put together to (m, ch, factor * s, factor * s)."""
    grid: Tensor = parts.unflatten(0, (-1, factor, factor))  # (m, factor, factor, ch, s, s)
    return grid.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)


def refuse_non_finite(terms: Terms, step: int) -> None:
    """Fails the cell where a term is not finite.

    Raises:
        CellFailed: names the step and every term.
    """
    numbers = torch.stack(list(terms.values())).tolist()
    if not all(map(isfinite, numbers)):
        shown = ", ".join(f"{n} {value:.4g}" for n, value in zip(terms, numbers, strict=True))
        raise CellFailed(
            f"recover: expected a finite loss, given {shown} at step {step}; "
            "lower the images' learning rate"
        )
