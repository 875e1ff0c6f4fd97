"""Observe: one fused pass over the real set for features and all BatchNorm statistics."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from bench.artifacts import (
    ClassFeatures,
    ClassMeans,
    ClassStats,
    GlobalStats,
    Observation,
    RealSet,
    Teacher,
)
from bench.data.augment import eval_view
from bench.data.mixing import normalize
from bench.events import Emit, Step
from bench.models.taps import Tapped
from bench.recipes import Observe
from bench.stages.compute import autocast
from bench.stages.teacher import network
from bench.views import Moments


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
    sums = _Sums(len(real.classes))
    features: dict[str, list[Tensor]] = {name: [] for name in config.layers}
    nll: list[Tensor] = []
    done = 0
    with Tapped(model, layers=config.layers) as tapped:
        for label, chosen in _class_batches(real.labels[order], order, config.batch):
            pixels = eval_view(real.images[chosen].to(device), real.resolution)
            with autocast(device, fast):
                out = tapped(normalize(pixels, real.mean, real.std))
            sums.add(label, len(chosen), out.moments)
            for name in config.layers:
                features[name].append(out.features[name].float().cpu())
            target = torch.full((len(chosen),), label, device=device)
            nll.append(cross_entropy(out.logits.float(), target, reduction="none").cpu())
            done += len(chosen)
            emit(Step("observe", done, len(order)))
    means, pooled, within = sums.result()
    return Observation(
        features={name: torch.cat(parts) for name, parts in features.items()},
        labels=real.labels[order].clone(),
        means=means,
        pooled=pooled,
        within=within,
        nll=torch.cat(nll),
    )


def _class_batches(labels: Tensor, order: Tensor, size: int) -> Iterator[tuple[int, Tensor]]:
    classes, counts = labels.unique_consecutive(return_counts=True)
    for label, members in zip(classes.tolist(), order.split(counts.tolist()), strict=True):
        for chosen in members.split(size):
            yield label, chosen


class _Sums:
    """Running sums per class and layer in float64: images, means, squares, batch variances."""

    def __init__(self, num_classes: int) -> None:
        self.count = torch.zeros(num_classes, dtype=torch.float64)
        self.layers: list[Tensor] = []  # per layer (3, C, ch)

    def add(self, label: int, size: int, moments: tuple[Moments, ...]) -> None:
        self.count[label] += size
        if not self.layers:
            self.layers = [
                torch.zeros(3, len(self.count), m.mean.shape[1], dtype=torch.float64)
                for m in moments
            ]
        for total, moment in zip(self.layers, moments, strict=True):
            mean = moment.mean.double().mean(0).cpu()
            square = moment.square.double().mean(0).cpu()
            total[:, label] += size * torch.stack((mean, square, square - mean.square()))

    def result(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...], tuple[Tensor, ...]]:
        means, pooled, within = [], [], []
        for total in self.layers:
            mean, square, batch_variance = total / self.count[None, :, None]
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
    sums = torch.zeros(count, features.shape[1], dtype=torch.float64)
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
