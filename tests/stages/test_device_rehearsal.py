"""Every stage and every plugin on a made-up GPU: no device is mixed, no loop waits for another.

A whole stage, a whole `distill` and a whole `evaluate` are rehearsed, but for backward passes (see
`rehearsal`). A new plugin takes part by being registered.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from rehearsal import CUDA, Rehearsal, rehearsal

from bench import Reference
from bench.artifacts.labels import SoftLabels
from bench.artifacts.values import (
    Barycenter,
    ClassFeatures,
    ClassMeans,
    ClassStats,
    GlobalStats,
    Observation,
    RealSet,
    SyntheticSet,
    Teacher,
)
from bench.core.errors import CellFailed
from bench.core.events import silent
from bench.plugin.contracts import Budget, Distiller, Evaluator, Need
from bench.plugin.discovery import get, names
from bench.plugin.recipes import Observe, Recipe, Recover, Relabel, Squeeze, Student
from bench.stages.accuracy import judge
from bench.stages.barycenter import Solve, barycenters
from bench.stages.mixture import Mixed, Mixture, MixtureRequest
from bench.stages.observe import (
    ObservationRequest,
    class_features,
    class_means,
    class_stats,
    global_stats,
    observe,
)
from bench.stages.placement import to_device
from bench.stages.recover import MatchingDistiller
from bench.stages.relabel import relabel
from bench.stages.squeeze import squeeze
from bench.stages.teacher import network, running_stats
from bench.study.catalog import FROM_PATH
from methods.g_vbsm import GeneralizedMatching
from methods.layer_statistics import LayerStats, LayerStatsRequest, observed
from methods.mtt_experts import Trajectories, TrajectoriesRequest, train_experts
from methods.real import subset

IPC, CPU = 2, torch.device("cpu")
LABELS = Relabel(epochs=3, batch=8, crop_min=0.5)
RECIPE = Recipe("test", "smoke", relabel=LABELS, student=Student(arch="convnet3-w16-bn"))
MAY_WAIT = {  # functions of this project that wait in a loop, and how often
    "refuse_non_finite": "at a hundredth of the steps of a batch",
    "_Recovery._show": "at five milestones of the first batch",
    "_Recovery.run": "at the end of a batch",
    "Position.finish": "at the end of a batch",
    "_Recovery._optimise": "at the start of a batch",
    "_Recovery._first": "at the start of a batch",
    "_refuse_non_finite": "at a tenth of the epochs",
    "Exam.marks": "two numbers an epoch",
    "Drain.close": "one group behind the device",
    "judge": "at the 30 epochs at which the look audit looks",
}


@pytest.fixture
def gpu() -> Iterator[Rehearsal]:
    with rehearsal() as mode:
        yield mode


def moved(artifacts: Mapping[Any, object]) -> Reference:
    """Artifacts on the made-up GPU, where a run puts them; data sets stay with the host."""
    return Reference({k: a if k is RealSet else to_device(a, CUDA) for k, a in artifacts.items()})


def assert_no_loop_waits(mode: Rehearsal, *stages: str) -> None:
    """No function waits in a loop but those that say how often."""
    assert set(mode.loops) >= set(stages)
    for stage, waits in mode.loops.items():
        strangers = {w for w in waits if w.function not in MAY_WAIT}
        assert strangers == set(), f"{stage} waits in its loop: {strangers}"


def test_mixing_devices_is_refused_as_on_cuda(gpu: Rehearsal) -> None:
    with pytest.raises(RuntimeError, match=r"same device|two different devices"):
        torch.ones(3, device=CUDA) + torch.ones(3)


def test_waits_are_seen_with_the_function_that_waits(gpu: Rehearsal) -> None:
    value = torch.tensor([1.0, 2.0]).to(CUDA, non_blocking=True)
    assert gpu.waits == []
    assert value.sum().item() == 3.0
    assert value.cpu().tolist() == [1.0, 2.0]
    assert len(torch.nonzero(value)) == 2
    assert [w.operation for w in gpu.waits] == [
        "aten._local_scalar_dense.default",
        "aten._to_copy.default",
        "aten.nonzero.default",
    ]


def test_a_teacher_is_trained_without_a_wait_per_step(
    gpu: Rehearsal, digits: RealSet, digits_test: RealSet
) -> None:
    config = Squeeze(arch="convnet3-w16-bn", epochs=3, batch=64)
    made = squeeze(digits, digits_test, config, CUDA, False, gpu.hear)
    assert {value.device for value in made.state.values()} == {CPU}
    assert_no_loop_waits(gpu, "squeeze")


def test_a_mixture_is_trained_without_a_wait_per_step(
    gpu: Rehearsal, digits: RealSet, digits_test: RealSet, synthetic: SyntheticSet
) -> None:
    config = Squeeze(arch="convnet3-w16-bn", epochs=3, batch=64)
    feed = Mixture(digits, to_device(synthetic, CUDA), config, CUDA)
    made = squeeze(digits, digits_test, config, CUDA, False, gpu.hear, feed=feed, stage="mixture")
    assert {value.device for value in made.state.values()} == {CPU}
    assert_no_loop_waits(gpu, "mixture")


def test_an_observation_is_that_of_the_cpu_and_waits_once_a_block(
    gpu: Rehearsal, digits: RealSet, teacher: Teacher, seen: Observation
) -> None:
    found = observe(digits, to_device(teacher, CUDA), Observe(batch=100), CUDA, False, gpu.hear)
    assert gpu.loops["observe"] == []
    torch.testing.assert_close(found.features, seen.features)
    torch.testing.assert_close(found.within, seen.within)
    torch.testing.assert_close(found.nll, seen.nll)


def test_views_of_an_observation_stay_on_its_device(gpu: Rehearsal, seen: Observation) -> None:
    there = to_device(seen, CUDA)
    means = class_means(there, "penultimate").means
    assert means.device.type == "cuda"
    torch.testing.assert_close(means.cpu(), class_means(seen, "penultimate").means)
    assert global_stats(there).means[0].device.type == "cuda"
    assert class_stats(there, "pooled").variances[0].device.type == "cuda"


def test_a_verdict_waits_as_often_for_many_batches_as_for_one(
    gpu: Rehearsal, digits_test: RealSet, teacher: Teacher
) -> None:
    model = network(to_device(teacher, CUDA))
    judge(model, digits_test, CUDA, False)  # copies constants there
    counts = []
    for batch in (50, len(digits_test.labels)):
        before = len(gpu.waits)
        judge(model, digits_test, CUDA, False, batch)
        counts.append(len(gpu.waits) - before)
    assert counts[0] == counts[1]


@pytest.fixture(scope="module")
def synthetic(digits: RealSet) -> SyntheticSet:
    return subset(digits, torch.arange(10)[:, None] * 30 + torch.arange(IPC))


@pytest.fixture(scope="module")
def labels(synthetic: SyntheticSet, teacher: Teacher, digits: RealSet) -> SoftLabels:
    return relabel(synthetic, teacher, LABELS, digits.mean, digits.std, 0, False, silent)


def test_labels_are_those_of_the_cpu_and_are_drained_behind_the_device(
    gpu: Rehearsal,
    synthetic: SyntheticSet,
    teacher: Teacher,
    labels: SoftLabels,
    digits: RealSet,
) -> None:
    there, guide = to_device(synthetic, CUDA), to_device(teacher, CUDA)
    found = relabel(there, guide, LABELS, digits.mean, digits.std, 0, False, gpu.hear)
    assert torch.equal(found.logits, labels.logits)
    assert_no_loop_waits(gpu, "relabel")


@pytest.fixture(scope="module")
def artifacts(digits: RealSet, teacher: Teacher, seen: Observation) -> dict[type, object]:
    return {
        Teacher: teacher,
        GlobalStats: running_stats(teacher),
        Observation: seen,
        Barycenter: barycenters(class_features(seen, "penultimate"), IPC, Solve(), 0),
        RealSet: digits,
    }


def shortened(distiller: Distiller) -> Distiller:
    """A few steps of a matching distiller; others are made with their shortest lengths."""
    if not isinstance(distiller, MatchingDistiller | GeneralizedMatching):
        return distiller
    return replace(distiller, recover=Recover(iterations=3, batch=8, crop_min=0.5))


DIVIDES = {"mtt"}  # by the length of a path, which is 0 where every gradient is


@pytest.mark.parametrize("name", sorted({*names("distiller")} - {FROM_PATH}))
def test_a_distiller_keeps_to_its_device(
    name: str, gpu: Rehearsal, artifacts: dict[type, object], digits: RealSet
) -> None:
    plugin = get("distiller", name)
    cuts = dict.fromkeys(plugin.lengths.get("smoke", {}), 2)
    distiller = shortened(plugin.factory(**cuts))
    there = moved(artifacts)
    seen = there[Observation]
    made: dict[type, object] = {
        ClassStats: class_stats(seen, "within-batch"),
        ClassFeatures: class_features(seen, "penultimate"),
        ClassMeans: class_means(seen, "penultimate"),
    }
    if LayerStatsRequest in map(type, distiller.needs):
        taught = network(there[Teacher])
        made[LayerStats] = observed(taught, digits, True, gpu.hear)
    for need in distiller.needs:
        if isinstance(need, TrajectoriesRequest):
            made[Trajectories] = train_experts(digits, need.how, 0, CPU, gpu.hear)
    kinds = {need: need if isinstance(need, type) else need.made for need in distiller.needs}
    reference = Reference({n: made[k] if k in made else there[k] for n, k in kinds.items()})
    budget = Budget(IPC, 10, (1, 8, 8), digits.mean, digits.std)
    if name in DIVIDES:
        with pytest.raises(CellFailed, match="expected a finite loss"):
            distiller.distill(reference, budget, torch.Generator().manual_seed(0), gpu.hear)
        return
    images = distiller.distill(reference, budget, torch.Generator().manual_seed(0), gpu.hear)
    assert images.images.device == CPU
    if isinstance(distiller, MatchingDistiller | GeneralizedMatching):
        assert_no_loop_waits(gpu, "recover")


TRAINS_NONE = {"mixture"}  # judges a network that is an artifact of its own


@pytest.mark.parametrize("name", names("evaluator"))
def test_an_evaluator_keeps_to_its_device(
    name: str,
    gpu: Rehearsal,
    synthetic: SyntheticSet,
    labels: SoftLabels,
    teacher: Teacher,
    seen: Observation,
    digits: RealSet,
    digits_test: RealSet,
) -> None:
    evaluator: Evaluator = get("evaluator", name).factory()
    made: dict[Need, object] = {
        Teacher: teacher,
        SoftLabels: labels,
        RealSet: digits,
        Mixed: Mixed(**vars(teacher)),
        ObservationRequest(of=MixtureRequest()): seen,
    }
    kinds = {n: n if n in made or isinstance(n, type) else n.made for n in evaluator.needs}
    reference = Reference({need: moved({k: made[k]})[k] for need, k in kinds.items()})
    there = to_device(synthetic, CUDA)
    score = evaluator.evaluate(there, reference, digits_test, RECIPE, 0, gpu.hear)
    assert len(score.predicted) == len(digits_test.labels)
    assert_no_loop_waits(gpu, *(() if name in TRAINS_NONE else ("evaluate",)))


def test_soft_labels_stay_where_they_are_stored(gpu: Rehearsal, labels: SoftLabels) -> None:
    there = to_device(labels, CUDA)
    assert there.logits is labels.logits
    assert there.order.device.type == "cuda"
