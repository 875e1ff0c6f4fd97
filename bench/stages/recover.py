"""Recover: optimise synthetic images against the teacher (Eq. 15 of arXiv:2311.18531)."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch
from torch import Generator, Tensor

from bench.artifacts.values import (
    Barycenter,
    ClassFeatures,
    ClassMeans,
    ClassStats,
    GlobalStats,
    SyntheticSet,
    Teacher,
)
from bench.artifacts.views import Reference, View
from bench.core.errors import BadValue, CellFailed
from bench.core.events import Emit, Milestone, Note, Step
from bench.data.augment import CropPolicy, batch_crop, draw_batch_crop, draw_roll, roll
from bench.data.codec import encode_decode
from bench.data.mixing import denormalize_to_uint8, normalize
from bench.data.streaming import upload
from bench.graph.request import Request
from bench.models.taps import Tapped
from bench.plugin.contracts import Budget, Loss, Need
from bench.plugin.recipes import Recover, require_weight
from bench.stages.barycenter import BarycenterRequest, Solve
from bench.stages.compute import compiled, worth_compiling
from bench.stages.grouping import Batch, Stretches, batches, entered, resized, undivided
from bench.stages.objective import TERMS, Terms, Votes, alone, refuse_non_finite, voted
from bench.stages.observe import (
    ClassFeaturesRequest,
    ClassMeansRequest,
    ClassStatsRequest,
    GlobalStatsRequest,
)
from bench.stages.position import Position, Resumed
from bench.stages.progress import take_progress
from bench.stages.schedule import Curriculum, cosine
from bench.stages.teacher import network

CURVE_POINTS = 100
MILESTONES = (0.0, 0.1, 0.25, 0.5, 1.0)  # of a batch's iterations, at which its images are shown
SHOWN = 10  # of its classes
SHAPES = 2  # of batches that are worth compiling for


@dataclass(frozen=True)
class NoFeatureLoss:
    """The feature loss of methods that have none."""

    needs: tuple[type, ...] = ()

    def __call__(self, view: View, reference: Reference) -> Tensor:
        return view.logits.new_zeros(())


class Start(Protocol):
    """Where images begin, if not with noise."""

    @property
    def needs(self) -> tuple[Need, ...]: ...

    def images_each(self, side: int) -> int:
        """Real images of a class that one image takes, at a side in pixels."""
        ...

    def __call__(self, reference: Reference, budget: Budget, rng: Generator) -> Tensor:
        """All images (C * m, ch, S, S) uint8, class by class."""
        ...


def drawn_shift(recover: Recover, rng: Generator) -> int:
    """Pixels by which the images of one step are rolled along one axis."""
    if recover.rolls == "both-ways":
        return draw_roll(2 * recover.roll, rng) - recover.roll
    return draw_roll(recover.roll, rng)


@dataclass(frozen=True)
class MatchingDistiller:
    """The family of SRe2L and WMDD: invert the teacher under a feature loss and a regularizer.

    The objective is ce_weight * CE + feature_loss + bn_weight * regularizer. The variance of its
    per-class statistics is that of its `recover`.

    Attributes:
        bn_weight: on the regularizer, lambda of Eq. 15.
        ce_weight: the released code adds cross-entropy with weight 1; Eq. 15 has none.
        grouping: whether a batch holds all images of a few classes, or one image of each class.
        curriculum: how the smallest crop shrinks over the iterations; by default it is constant.
        layer: of the teacher, whose pooled features the feature loss sees.
        solve: how the barycenter is solved, where a loss needs one.
        draws: uniform numbers that a sampling loss finds in the view at every step.
        start: where images begin; None means standard normal noise.
        stretches: how the steps of a batch are divided: into sizes, or rounds that images enter one
            after another (the latter for whole classes alone).
        members: the teachers of a committee; none means the recipe's teacher alone. A committee's
            losses read each member's own running statistics, and nothing else of the real set.
        votes: whose objectives are summed at a step, and with which weights.

    Raises:
        BadValue: a weight is negative or no number, or a committee's losses need what only the
            recipe's teacher has.
    """

    feature_loss: Loss
    regularizer: Loss
    bn_weight: float
    ce_weight: float = 1.0
    grouping: Literal["class-major", "one-per-class"] = "class-major"
    recover: Recover = field(default_factory=Recover)
    layer: str = "penultimate"
    solve: Solve = field(default_factory=Solve)
    curriculum: Curriculum = field(default_factory=Curriculum)
    draws: int = 0
    start: Start | None = None
    stretches: Stretches = undivided
    members: tuple[Request[Teacher], ...] = ()
    votes: Votes = alone

    def __post_init__(self) -> None:
        require_weight("bn_weight", self.bn_weight)
        require_weight("ce_weight", self.ce_weight)
        if self.members and {*self._loss_needs()} - {GlobalStats}:
            raise BadValue(
                "members: expected losses that need no more than GlobalStats, given "
                f"{[getattr(need, '__name__', str(need)) for need in self._loss_needs()]}"
            )

    def _loss_needs(self) -> tuple[Need, ...]:
        return (*self.feature_loss.needs, *self.regularizer.needs)

    @property
    def needs(self) -> tuple[Need, ...]:
        wanted: list[Need] = [] if self.members else [Teacher, *self._loss_needs()]
        for member in self.members:
            wanted += [member, GlobalStatsRequest(of=member)]
        return tuple(dict.fromkeys((*wanted, *(self.start.needs if self.start else ()))))

    def images_each(self, side: int) -> int:
        """Real images of a class that one synthetic image starts from."""
        return self.start.images_each(side) if self.start else 1

    @property
    def variants(self) -> Mapping[type, Request[Any]]:
        """What stands for a class of artifacts: features at its layer, its own barycenter."""
        features = ClassFeaturesRequest(self.layer)
        return {
            ClassFeatures: features,
            ClassMeans: ClassMeansRequest(self.layer),
            ClassStats: ClassStatsRequest(variance=self.recover.variance),
            Barycenter: BarycenterRequest(features, self.solve),
        }

    def distill(
        self, reference: Reference, budget: Budget, rng: Generator, emit: Emit
    ) -> SyntheticSet:
        """Optimises all images, batch after batch.

        Raises:
            CellFailed: the loss is no longer finite; names the step and the terms.
        """
        return _Recovery(self, reference, budget, rng, emit).run()


class _Recovery:
    """One run of the optimisation: the tapped teachers, the objectives and the pixel bounds."""

    def __init__(
        self,
        method: MatchingDistiller,
        reference: Reference,
        budget: Budget,
        rng: Generator,
        emit: Emit,
    ) -> None:
        self.method, self.reference, self.budget = method, reference, budget
        self.rng, self.emit, self.progress = rng, emit, take_progress()
        self.stretches = method.stretches(method.recover.iterations, budget.ipc, budget.shape[-1])
        if method.start is None and any(part.keep is not None for part in self.stretches):
            raise BadValue("stretches: expected a start that residuals can come from, given noise")
        teachers = [reference[member] for member in method.members] or [reference[Teacher]]
        self.models = [network(teacher, budget.fast) for teacher in teachers]
        self.device = next(self.models[0].parameters()).device
        mean = torch.tensor(budget.mean, device=self.device).view(1, -1, 1, 1)
        std = torch.tensor(budget.std, device=self.device).view(1, -1, 1, 1)
        self.bounds = (-mean / std, (1 - mean) / std)

    def run(self) -> SyntheticSet:
        budget, recover = self.budget, self.method.recover
        chunks = list(batches(self.method.grouping, budget.num_classes, budget.ipc, recover.batch))
        saved = self.progress.saved()
        resumed = Resumed(saved) if saved else None
        at = resumed.position() if resumed else Position()
        total = len(chunks) * recover.iterations
        if resumed:
            done = at.chunk * recover.iterations + resumed.step
            self.emit(Note(f"recover: goes on after step {done} of {total}, where a process ended"))
        start = self.method.start
        self.started = start(self.reference, budget, self.rng) if start else None
        self._refuse_other_sizes()
        with ExitStack() as taps:
            terms = [self._objective(taps, index, total) for index in range(len(self.models))]
            for chunk in chunks[at.chunk :]:
                pixels = self._optimise(terms, chunk, at, resumed, total)
                at.finish(denormalize_to_uint8(pixels, budget.mean, budget.std).cpu())
                resumed = None
        images = torch.empty(budget.num_classes, budget.ipc, *budget.shape, dtype=torch.uint8)
        for chunk, made in zip(chunks, at.finished, strict=True):
            images[chunk.labels, chunk.slots] = made
        return self._collect(images.flatten(0, 1), torch.stack(at.curves).mean(0))

    @torch.no_grad()
    def _refuse_other_sizes(self) -> None:
        """Raises CellFailed where a stretch has a size that a teacher does not take."""
        channels, _, own = self.budget.shape
        for side in sorted({stretch.side for stretch in self.stretches} - {own}):
            for model in self.models:
                try:
                    model(torch.zeros(1, channels, side, side, device=self.device))
                except RuntimeError as error:
                    raise CellFailed(
                        f"recover: expected a teacher that takes images of {side} pixels beside "
                        f"{own}, given one that does not; choose one that averages its last "
                        "layer, such as resnet18, or one size for all steps"
                    ) from error

    def _objective(self, taps: ExitStack, index: int, steps: int) -> Terms:
        """The objective that a member of the committee judges by."""
        model, reference = self.models[index], self.reference
        if self.method.members:
            member = self.method.members[index]
            reference = Reference({GlobalStats: reference[GlobalStatsRequest(of=member)]})
        tapped = taps.enter_context(Tapped(model, layers=(self.method.layer,)))
        terms = Terms(tapped, self.method, reference, self.budget)
        size = (self.method.recover.batch, *self.budget.shape)
        shapes = {(stretch.side, stretch.entered) for stretch in self.stretches}
        steps //= len(self.models)
        if len(shapes) <= SHAPES and worth_compiling(model, size, steps, self.device):
            return compiled(terms, self.emit)
        return terms

    def _first(self, chunk: Batch) -> Tensor:
        """Where a batch's images begin: (B, ch, S, S), normalised."""
        if self.started is None:
            noise = torch.randn(len(chunk.labels), *self.budget.shape, generator=self.rng)
            return noise.to(self.device)
        chosen = self.started[chunk.labels * self.budget.ipc + chunk.slots]
        return normalize(chosen.to(self.device), self.budget.mean, self.budget.std)

    def _optimise(
        self,
        terms: Sequence[Terms],
        chunk: Batch,
        at: Position,
        resumed: Resumed | None,
        total: int,
    ) -> Tensor:
        """One batch from its start, or from where an earlier process left it: its pixels."""
        recover, rng = self.method.recover, self.rng
        x = first = self._first(chunk)
        optimizer: torch.optim.Adam | None = None
        shown = {round(share * recover.iterations) for share in MILESTONES}
        every = max(1, recover.iterations // CURVE_POINTS)
        for stretch in self.stretches:
            if resumed and resumed.step > stretch.stop:
                continue
            if optimizer is None or stretch.keep is not None:
                at.pixels = x = entered(x, first, stretch).requires_grad_()
                optimizer = torch.optim.Adam([x], recover.lr, (recover.beta1, recover.beta2))
            if resumed:
                resumed.enter(at, optimizer, rng)
                resumed = None
            if at.step == 0 and at.chunk == 0:
                self._show(x, chunk, 0)
            active = torch.nonzero(chunk.slots < stretch.entered).flatten()
            whole = len(active) == len(chunk.slots)
            labels, slots, rows = (
                upload(part, self.device)
                for part in (chunk.labels[active], chunk.slots[active], active)
            )
            for member in terms:
                member.see(stretch.entered)
            for step in range(at.step, stretch.stop):
                optimizer.param_groups[0]["lr"] = recover.lr * cosine(step, recover.iterations)
                smallest = self.method.curriculum.scale(step, recover.iterations, recover.crop_min)
                policy = CropPolicy(scale_min=smallest, flip=recover.flip)
                crop = draw_batch_crop(stretch.side, stretch.side, policy, rng)
                shift = drawn_shift(recover, rng), drawn_shift(recover, rng)
                optimizer.zero_grad(set_to_none=True)
                drawn = upload(torch.rand(self.method.draws, generator=rng), self.device)
                seen_by = batch_crop(x if whole else x[rows], crop, stretch.side)
                votes = self.method.votes(int(chunk.slots[0]), step)
                values = voted(terms, votes, (roll(seen_by, *shift), labels, slots, drawn))
                values[-1].backward()
                optimizer.step()
                with torch.no_grad():
                    x.clamp_(*self.bounds)
                seen = values.detach()
                at.step = step + 1
                done = at.chunk * recover.iterations + at.step
                self.emit(Step("recover", done, total, dict(zip(TERMS, seen, strict=True))))
                if at.chunk == 0 and at.step in shown:
                    self._show(x, chunk, at.step)
                if step % every == 0 or step == recover.iterations - 1:
                    refuse_non_finite(seen, step, at.chunk)
                    at.curve.append(seen)
                if self.progress.due():
                    self.progress.save(at.state(optimizer, rng))
        return x.detach()

    def _show(self, x: Tensor, chunk: Batch, step: int) -> None:
        """Tells how the first image of each class of a batch looks now."""
        first = torch.nonzero(chunk.slots == chunk.slots[0]).flatten()[:SHOWN]
        pixels = resized(x.detach()[first.to(x.device)], self.budget.shape[-1])
        images = denormalize_to_uint8(pixels, self.budget.mean, self.budget.std).cpu()
        self.emit(Milestone("recover", step, images, chunk.labels[first].tolist()))

    def _collect(self, images: Tensor, curve: Tensor) -> SyntheticSet:
        budget = self.budget
        decoded, size = encode_decode(images, self.method.recover.codec)
        weights = torch.ones(budget.num_classes, budget.ipc)
        if Barycenter in self.method.needs:
            weights = self.reference[Barycenter].weights.cpu().float() * budget.ipc
        return SyntheticSet(
            images=decoded,
            labels=torch.arange(budget.num_classes).repeat_interleave(budget.ipc),
            slots=torch.arange(budget.ipc).repeat(budget.num_classes),
            weights=weights.flatten(),
            image_bytes=size,
            curve=dict(zip(TERMS, curve, strict=True)),
        )
