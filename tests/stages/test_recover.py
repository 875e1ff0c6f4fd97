"""Recover lowers its objective, keeps pixels valid, and is the same for the same seed."""

from dataclasses import replace

import pytest
import torch

from bench import Barycenter, ClassStats, ClassStatsRequest, GlobalStats, Reference, View
from bench.artifacts.values import ClassFeatures, Observation, RealSet, SyntheticSet, Teacher
from bench.core.errors import CellFailed
from bench.core.events import Event, Step, silent
from bench.plugin.contracts import Budget
from bench.plugin.recipes import Recover
from bench.stages.barycenter import Solve, barycenters
from bench.stages.grouping import Stretch, batches
from bench.stages.observe import GlobalStatsRequest, class_features, class_stats
from bench.stages.recover import MatchingDistiller, drawn_shift
from bench.stages.schedule import Curriculum, cosine
from bench.stages.squeeze import TeacherRequest
from bench.stages.teacher import running_stats
from methods.sre2l import sre2l
from methods.wmdd import wmdd

RECOVER = Recover(iterations=40, crop_min=0.5, flip=0.0, roll=1, codec="png")


@pytest.fixture(scope="module")
def reference(teacher: Teacher, seen: Observation) -> Reference:
    features: ClassFeatures = class_features(seen, "penultimate")
    barycenter = barycenters(features, 2, Solve(), 0)
    stats = class_stats(seen, "within-batch")
    return Reference(
        {
            Teacher: teacher,
            ClassStats: stats,
            GlobalStats: running_stats(teacher),
            Barycenter: barycenter,
        }
    )


@pytest.fixture(scope="module")
def budget(digits: RealSet) -> Budget:
    return Budget(ipc=2, num_classes=10, shape=(1, 8, 8), mean=digits.mean, std=digits.std)


class Endless:
    """A feature loss that is infinite."""

    needs: tuple[type, ...] = ()

    def __call__(self, view: View, reference: Reference) -> torch.Tensor:
        return view.features.sum() * float("inf")


def run(method: MatchingDistiller, reference: Reference, budget: Budget, seed: int) -> SyntheticSet:
    return method.distill(reference, budget, torch.Generator().manual_seed(seed), silent)


def test_class_major_batches_hold_whole_classes() -> None:
    found = list(batches("class-major", 10, 3, 10))  # 10 // 3 = 3 classes at a time
    assert [len(b.labels) for b in found] == [9, 9, 9, 3]
    assert found[0].labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert found[0].slots.tolist() == [0, 1, 2] * 3


def test_released_bn_batches_hold_one_image_per_class() -> None:
    found = list(batches("one-per-class", 5, 2, 3))
    assert [b.labels.tolist() for b in found] == [[0, 1, 2], [3, 4]] * 2
    assert [b.slots.tolist() for b in found] == [[0] * 3, [0] * 2, [1] * 3, [1] * 2]


@pytest.mark.parametrize("method", [wmdd(recover=RECOVER), sre2l(bn_weight=1.0, recover=RECOVER)])
def test_the_objective_falls(
    method: MatchingDistiller, reference: Reference, budget: Budget
) -> None:
    total = run(method, reference, budget, 0).curve["total"]
    assert total[-10:].mean() < 0.8 * total[:3].mean()


def test_images_come_out_class_major_with_their_slots(reference: Reference, budget: Budget) -> None:
    made = run(wmdd(recover=RECOVER), reference, budget, 0)
    assert made.images.shape == (20, 1, 8, 8)
    assert made.labels.tolist() == [k for k in range(10) for _ in range(2)]
    assert made.slots.tolist() == [0, 1] * 10
    assert made.image_bytes > 0


def test_equal_seeds_give_equal_images(reference: Reference, budget: Budget) -> None:
    method = wmdd(recover=replace(RECOVER, iterations=5))
    first, second, other = (run(method, reference, budget, seed) for seed in (0, 0, 1))
    assert torch.equal(first.images, second.images)
    assert not torch.equal(first.images, other.images)


def test_learned_weights_travel_with_the_images(reference: Reference, budget: Budget) -> None:
    weights = torch.tensor([0.25, 0.75]).expand(10, 2)
    learned = replace(reference[Barycenter], weights=weights)
    changed = Reference(
        {k: reference[k] for k in (Teacher, ClassStats, GlobalStats)} | {Barycenter: learned}
    )
    made = run(wmdd(recover=replace(RECOVER, iterations=2)), changed, budget, 0)
    assert made.weights.tolist() == [0.5, 1.5] * 10
    assert made.weights.mean().item() == pytest.approx(1.0)


def test_progress_counts_every_step_of_every_batch(reference: Reference, budget: Budget) -> None:
    heard: list[Event] = []
    method = sre2l(recover=replace(RECOVER, iterations=3))  # two batches, one per slot
    method.distill(reference, budget, torch.Generator(), heard.append)
    steps = [e for e in heard if isinstance(e, Step)]
    assert [e.step for e in steps] == [1, 2, 3, 4, 5, 6]
    assert set(steps[0].values) == {"classification", "feature", "batch_norm", "total"}


def test_a_loss_that_is_not_finite_fails_the_cell_with_its_terms(
    reference: Reference, budget: Budget
) -> None:
    with pytest.raises(CellFailed, match=r"given classification .* at step 0 of batch 0"):
        run(replace(wmdd(recover=RECOVER), feature_loss=Endless()), reference, budget, 0)


def test_both_ways_rolls_by_negative_shifts_too() -> None:
    """SRe2L's Tiny ImageNet script: -4..4 (recover_tiny.py), WMDD's 0..32."""
    rng = torch.Generator().manual_seed(0)
    both, forward = Recover(roll=4, rolls="both-ways"), Recover(roll=4)
    assert {drawn_shift(both, rng) for _ in range(300)} == set(range(-4, 5))
    assert {drawn_shift(forward, rng) for _ in range(300)} == set(range(5))


def test_the_variance_of_the_statistics_has_one_home() -> None:
    method = wmdd(recover=replace(RECOVER, variance="pooled"), layer="penultimate")
    assert method.variants[ClassStats] == ClassStatsRequest(variance="pooled")
    plain = replace(method, recover=RECOVER)
    assert plain.variants[ClassStats] == ClassStatsRequest(variance="within-batch")


def test_global_random_state_is_untouched(reference: Reference, budget: Budget) -> None:
    before = torch.random.get_rng_state()
    run(wmdd(recover=replace(RECOVER, iterations=2)), reference, budget, 0)
    assert torch.equal(before, torch.random.get_rng_state())


def test_cosine_starts_at_one_and_ends_near_zero() -> None:
    assert cosine(0, 2000) == 1.0
    assert cosine(1000, 2000) == pytest.approx(0.5)
    assert cosine(1999, 2000) < 1e-5


@pytest.mark.parametrize("shape", ["cosine", "linear"])
def test_curriculum_falls_from_whole_images_to_the_final_crop(shape: str) -> None:
    curriculum = Curriculum(shape, milestone=0.5)  # type: ignore[arg-type]
    assert curriculum.scale(0, 100, 0.08) == pytest.approx(1.0)
    assert curriculum.scale(25, 100, 0.08) == pytest.approx(0.54)
    assert curriculum.scale(50, 100, 0.08) == 0.08


def test_without_a_curriculum_the_crop_is_constant() -> None:
    assert {Curriculum().scale(step, 10, 0.08) for step in range(10)} == {0.08}


def test_only_images_that_have_entered_are_optimised(reference: Reference, budget: Budget) -> None:
    def late(iterations: int, ipc: int, side: int) -> tuple[Stretch, ...]:
        return Stretch(iterations - 1, side, 1), Stretch(iterations, side, ipc)

    slow = replace(RECOVER, lr=0.02, iterations=10)  # noise lies partly outside the bounds
    method = replace(sre2l(recover=slow), grouping="class-major", stretches=late)
    start = run(replace(method, recover=replace(slow, lr=1e-12)), reference, budget, 0)
    made = run(method, reference, budget, 0)
    moved = (made.images.int() - start.images.int()).abs().float().mean((1, 2, 3))
    assert moved[0::2].mean() > 3 * moved[1::2].mean()


def test_a_committee_reads_each_members_own_statistics(teacher: Teacher) -> None:
    twice = replace(
        sre2l(recover=RECOVER), members=(TeacherRequest(), TeacherRequest(seed=1)), votes=alternate
    )
    stats = {GlobalStatsRequest(of=m): running_stats(teacher) for m in twice.members}
    have = Reference({**dict.fromkeys(twice.members, teacher), **stats})
    alone = Reference({Teacher: teacher, GlobalStats: running_stats(teacher)})
    small = Budget(ipc=1, num_classes=10, shape=(1, 8, 8), mean=(0.3,), std=(0.3,))
    made, plain = run(twice, have, small, 0), run(sre2l(recover=RECOVER), alone, small, 0)
    assert torch.equal(made.images, plain.images)  # the same teacher in turns is one teacher
    assert set(twice.needs) == {*twice.members, *stats}


def alternate(slot: int, step: int) -> tuple[tuple[int, float]]:
    return ((step % 2, 1.0),)
