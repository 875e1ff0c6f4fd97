"""Observe: one fused pass over the real set for features and all BatchNorm statistics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from bench.artifacts.values import (
    ClassFeatures,
    ClassMeans,
    ClassStats,
    GlobalStats,
    Observation,
    RealSet,
    Teacher,
)
from bench.artifacts.views import Moments, Reference
from bench.core.errors import BadValue, BenchError, UnknownName
from bench.core.events import Emit, Step
from bench.data.augment import eval_view
from bench.data.mixing import normalize
from bench.data.spec import DatasetSpec, Split
from bench.data.streaming import HELD, Collected, upload
from bench.graph.request import Context, Request, Run, artifact
from bench.graph.work import Passes, Work, arch_of, pixels_of
from bench.models.layers import resolve_layer
from bench.models.outline import feature_dims, outline_for
from bench.models.taps import Tapped, has_batchnorm
from bench.plugin.discovery import get, names
from bench.plugin.recipes import Observe, Precision
from bench.stages.compute import autocast
from bench.stages.squeeze import TeacherRequest
from bench.stages.teacher import network, running_stats

NLL = "nll of an image"  # beside the names of layers, none of which has a space


@torch.no_grad()
def observe(
    real: RealSet, teacher: Teacher, config: Observe, device: torch.device, fast: bool, emit: Emit
) -> Observation:
    """Runs the teacher in evaluation mode over unaugmented images, in batches of one class.

    Means are exact; variances are kept in both readings, pooled over the class and averaged over
    the batches as the released code does (so `config.batch` is part of the definition).
    """
    model = network(teacher, fast)
    order = torch.argsort(real.labels, stable=True)
    sums = _Sums(len(real.classes), device)
    shelf = Collected(device)
    done = 0
    with Tapped(model, layers=config.layers) as tapped:
        for label, chosen in _class_batches(real.labels[order], order, config.batch):
            pixels = upload(eval_view(real.images[chosen], real.resolution), device)
            with autocast(device, fast):
                out = tapped(normalize(pixels, real.mean, real.std))
            sums.add(label, len(chosen), out.moments)
            target = torch.full((len(chosen),), label, device=device)
            kept = {name: out.features[name].float() for name in config.layers}
            shelf.add(kept | {NLL: cross_entropy(out.logits.float(), target, reduction="none")})
            done += len(chosen)
            emit(Step("observe", done, len(order)))
    means, pooled, within = sums.result()
    found = shelf.result()
    nll = found.pop(NLL)
    return Observation(
        features=found,
        labels=real.labels[order].clone(),
        means=means,
        pooled=pooled,
        within=within,
        nll=nll,
    )


def _class_batches(labels: Tensor, order: Tensor, size: int) -> Iterator[tuple[int, Tensor]]:
    classes, counts = labels.unique_consecutive(return_counts=True)
    for label, members in zip(classes.tolist(), order.split(counts.tolist()), strict=True):
        for chosen in members.split(size):
            yield label, chosen


class _Sums:
    """Running sums per class and layer in float64: images, means, squares, batch variances.

    They stay on the device of the pass; `result` is the only place that waits for it.
    """

    def __init__(self, num_classes: int, device: torch.device) -> None:
        self.count = torch.zeros(num_classes, dtype=torch.float64)
        self.device = device
        self.layers: list[Tensor] = []  # per layer (3, C, ch)

    def add(self, label: int, size: int, moments: tuple[Moments, ...]) -> None:
        self.count[label] += size
        if not self.layers:
            shapes = [(3, len(self.count), m.mean.shape[1]) for m in moments]
            self.layers = [
                torch.zeros(shape, dtype=torch.float64, device=self.device) for shape in shapes
            ]
        for total, moment in zip(self.layers, moments, strict=True):
            mean = moment.mean.double().mean(0)
            square = moment.square.double().mean(0)
            total[:, label] += size * torch.stack((mean, square, square - mean.square()))

    def result(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...], tuple[Tensor, ...]]:
        means, pooled, within = [], [], []
        for total in self.layers:
            mean, square, batch_variance = total.cpu() / self.count[None, :, None]
            means.append(mean.float())
            pooled.append((square - mean.square()).clamp_min(0).float())
            within.append(batch_variance.clamp_min(0).float())
        return tuple(means), tuple(pooled), tuple(within)


def class_stats(seen: Observation, variance: str) -> ClassStats:
    """The per-class statistics in one of the two readings of the variance."""
    readings: Mapping[str, tuple[Tensor, ...]] = {
        "within-batch": seen.within,
        "pooled": seen.pooled,
    }
    return ClassStats(seen.means, readings[variance])


def class_features(seen: Observation, layer: str) -> ClassFeatures:
    """The pooled features of one layer."""
    return ClassFeatures(seen.features[layer], seen.labels)


def class_means(seen: Observation, layer: str) -> ClassMeans:
    """The mean feature of each class at one layer."""
    features, count = seen.features[layer], len(seen.labels.unique())
    sums = torch.zeros(count, features.shape[1], dtype=torch.float64, device=features.device)
    sums.index_add_(0, seen.labels, features.double())
    return ClassMeans((sums / seen.labels.bincount(minlength=count)[:, None]).float())


def global_stats(seen: Observation) -> GlobalStats:
    """All-class statistics pooled from the per-class ones, an alternative to running statistics."""
    share = seen.labels.bincount(minlength=len(seen.means[0])).double()
    share = share / share.sum()
    means, variances = [], []
    for mean, variance in zip(seen.means, seen.pooled, strict=True):
        overall = share @ mean.double()
        means.append(overall.float())
        square = share @ (variance.double() + mean.double().square())
        variances.append((square - overall.square()).float())
    return GlobalStats(tuple(means), tuple(variances))


@artifact("observe", Observation, version=2)
@dataclass(frozen=True)
class ObservationRequest(Request[Observation]):
    """What a teacher sees in the real set: by default the recipe's teacher."""

    of: Request[Teacher] = field(default_factory=TeacherRequest)
    how: Observe | None = None
    precision: Precision | None = None

    def filled(self, at: Context) -> "ObservationRequest":
        return replace(
            self,
            of=self.of.filled(at),
            how=self.how or at.recipe.observe,
            precision=self.precision or at.recipe.precision,
        )

    def needs(self, at: Context) -> tuple[Request[Teacher]]:
        return (self.of,)

    def reads(self) -> tuple[Split, ...]:
        return ("train",)

    def make(self, have: Reference, at: Context, run: Run) -> Observation:
        assert self.how is not None
        fast = self.precision == "bf16"
        return observe(run.split("train"), have[self.of], self.how, run.device, fast, run.emit)

    def work(self, at: Context) -> Work:
        """A pass in batches of one class; a block of features on the device, and all on the host,
        twice while they are put together."""
        how, source, arch = self.how or at.recipe.observe, at.source, arch_of(self.of, at)
        dims = sum(feature_dims(arch, source.spec, layer) for layer in how.layers)
        classes, size = source.spec.num_classes, 4.0 * source.train_count * dims
        each = max(1, source.train_count // classes)
        batch = min(how.batch, each)
        return Work(
            passes=(Passes("observe", arch, batch, classes * -(-each // batch)),),
            bytes=size,
            held=batch * pixels_of(source.spec) * (1 + 4) + min(HELD, size),
            host=2 * size,
            less="lower observe.batch, or observe fewer layers",
        )


@artifact("global-stats", GlobalStats, stored=False)
@dataclass(frozen=True)
class GlobalStatsRequest(Request[GlobalStats]):
    """The running BatchNorm statistics of a teacher."""

    of: Request[Teacher] = field(default_factory=TeacherRequest)

    def filled(self, at: Context) -> "GlobalStatsRequest":
        return replace(self, of=self.of.filled(at))

    def needs(self, at: Context) -> tuple[Request[Teacher]]:
        return (self.of,)

    def refuse(self, at: Context) -> None:
        refuse_missing_batchnorm(self.of, at)

    def make(self, have: Reference, at: Context, run: Run) -> GlobalStats:
        return running_stats(have[self.of])


@artifact("class-stats", ClassStats, stored=False)
@dataclass(frozen=True)
class ClassStatsRequest(Request[ClassStats]):
    """Per-class BatchNorm statistics; the reading of the variance is by default the recipe's."""

    of: ObservationRequest = field(default_factory=ObservationRequest)
    variance: Literal["within-batch", "pooled"] | None = None

    def filled(self, at: Context) -> "ClassStatsRequest":
        variance = self.variance or at.recipe.recover.variance
        return replace(self, of=self.of.filled(at), variance=variance)

    def needs(self, at: Context) -> tuple[Request[Observation]]:
        return (self.of,)

    def refuse(self, at: Context) -> None:
        refuse_missing_batchnorm(self.of.of, at)

    def make(self, have: Reference, at: Context, run: Run) -> ClassStats:
        assert self.variance is not None
        return class_stats(have[self.of], self.variance)


@artifact("class-features", ClassFeatures, stored=False)
@dataclass(frozen=True)
class ClassFeaturesRequest(Request[ClassFeatures]):
    """The pooled features of the real set at one layer of a teacher."""

    layer: str = "penultimate"
    of: ObservationRequest = field(default_factory=ObservationRequest)

    def filled(self, at: Context) -> "ClassFeaturesRequest":
        return replace(self, of=self.of.filled(at))

    def needs(self, at: Context) -> tuple[Request[Observation]]:
        return (self.of,)

    def refuse(self, at: Context) -> None:
        refuse_unobserved_layer(self.layer, self.of, at)

    def make(self, have: Reference, at: Context, run: Run) -> ClassFeatures:
        return class_features(have[self.of], self.layer)


@artifact("class-means", ClassMeans, stored=False)
@dataclass(frozen=True)
class ClassMeansRequest(Request[ClassMeans]):
    """The mean feature of each class at one layer of a teacher."""

    layer: str = "penultimate"
    of: ObservationRequest = field(default_factory=ObservationRequest)

    def filled(self, at: Context) -> "ClassMeansRequest":
        return replace(self, of=self.of.filled(at))

    def needs(self, at: Context) -> tuple[Request[Observation]]:
        return (self.of,)

    def refuse(self, at: Context) -> None:
        refuse_unobserved_layer(self.layer, self.of, at)

    def make(self, have: Reference, at: Context, run: Run) -> ClassMeans:
        return class_means(have[self.of], self.layer)


def refuse_missing_batchnorm(teacher: Request[Teacher], at: Context) -> None:
    """Raises BadValue where the teacher has no BatchNorm layers to take statistics of."""
    arch = getattr(teacher, "arch", None)
    if arch and not _batchnorm_in(arch, at.source.spec):
        raise BadValue(
            f"row {at.row!r}: {at.distiller!r} matches BatchNorm statistics, but the teacher "
            f"{arch!r} has no BatchNorm layers; choose a teacher with BatchNorm, or a distiller "
            f"that needs none: {', '.join(free_of_batchnorm())}"
        )


@cache
def _batchnorm_in(arch: str, spec: DatasetSpec) -> bool:
    return has_batchnorm(outline_for(arch, spec))


def free_of_batchnorm() -> list[str]:
    """Names of the distillers that ask for no BatchNorm statistics; broken plugins are left out."""
    found = []
    for name in names("distiller"):
        try:
            needs = get("distiller", name).factory().needs
        except (BenchError, TypeError):  # broken, or a factory that requires values
            continue
        kinds = {need if isinstance(need, type) else need.made for need in needs}
        if not kinds & {GlobalStats, ClassStats}:
            found.append(name)
    return found


def refuse_unobserved_layer(layer: str, seen: ObservationRequest, at: Context) -> None:
    """Raises a BenchError for a layer that the teacher lacks, or that nothing observes."""
    arch, observed = getattr(seen.of, "arch", None), seen.how.layers if seen.how else ()
    if arch:
        model = outline_for(arch, at.source.spec)
        for name in dict.fromkeys((layer, *observed)):
            try:
                resolve_layer(model, name)
            except UnknownName as error:
                raise UnknownName(f"row {at.row!r}, teacher {arch!r}: {error}") from error
    if layer not in observed:
        raise BadValue(
            f"row {at.row!r}: layer: expected one of those that are observed "
            f"({', '.join(observed)}), given {layer!r}; "
            f"add --set observe.layers={','.join((*observed, layer))}"
        )
