"""`fkd-batch-weights` scales image weights within each batch, and is `fkd` where they are equal."""

from dataclasses import replace

import pytest
import torch

from bench.artifacts.labels import SoftLabels
from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.artifacts.views import Reference
from bench.core.events import silent
from bench.plugin.recipes import Recipe, Relabel, Student
from bench.stages.relabel import relabel
from evaluators.fkd import Replay, fkd
from evaluators.fkd_batch_weights import BatchWeights, fkd_batch_weights

RECIPE = Recipe(
    "test",
    "smoke",
    relabel=Relabel(epochs=2, batch=20, crop_min=0.5, flip=0.0),
    student=Student(arch="convnet3-w16-bn"),
)


@pytest.fixture
def labels(synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet) -> SoftLabels:
    norm = (test_set.mean, test_set.std)
    return relabel(synthetic, teacher, RECIPE.relabel, *norm, 0, False, silent)


@pytest.fixture
def weighted(synthetic: SyntheticSet) -> SyntheticSet:
    """Weights 0.2, 0.6, 1.0, 1.4 and 1.8 in every class, whose mean over the set is 1."""
    return replace(synthetic, weights=torch.tensor([0.2, 0.6, 1.0, 1.4, 1.8]).repeat(10))


def test_the_weights_of_every_batch_have_a_mean_of_1_and_keep_their_ratios(
    weighted: SyntheticSet, labels: SoftLabels, test_set: RealSet
) -> None:
    ours = [w for _, (_, w) in BatchWeights(weighted, labels, test_set)(0)]
    plain = [w for _, (_, w) in Replay(weighted, labels, test_set)(0)]
    assert [len(w) for w in ours] == [20, 20, 10]
    assert any(abs(float(w.mean()) - 1) > 0.01 for w in plain)  # else there is nothing to see
    for scaled, given in zip(ours, plain, strict=True):
        assert float(scaled.mean()) == pytest.approx(1)
        torch.testing.assert_close(scaled * given.mean(), given)


def test_equal_weights_score_as_under_fkd(
    synthetic: SyntheticSet, labels: SoftLabels, test_set: RealSet
) -> None:
    reference = Reference({SoftLabels: labels})
    scores = [
        judge.evaluate(synthetic, reference, test_set, RECIPE, 0, silent)
        for judge in (fkd(), fkd_batch_weights())
    ]
    assert torch.equal(scores[0].predicted, scores[1].predicted)
