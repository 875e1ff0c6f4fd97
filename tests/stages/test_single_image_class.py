"""A class of one image goes through observation, barycenters and selection like any other."""

from dataclasses import replace

import pytest
import torch

from bench.artifacts.values import ClassFeatures, RealSet, Teacher
from bench.core.errors import BadValue
from bench.core.events import silent
from bench.plugin.recipes import Observe
from bench.stages.barycenter import Solve, barycenters
from bench.stages.observe import class_stats, observe
from methods.real import classes_of, subset

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def lonely(digits: RealSet) -> RealSet:
    """Thirty images of each digit but the last, of which there is one."""
    few = slice(0, 9 * 30 + 1)
    return replace(digits, images=digits.images[few], labels=digits.labels[few])


def test_statistics_of_one_image_are_finite_and_its_own(lonely: RealSet, teacher: Teacher) -> None:
    seen = observe(lonely, teacher, Observe(), CPU, False, silent)
    stats = class_stats(seen, "pooled")
    assert all(torch.isfinite(t).all() for t in (*stats.means, *stats.variances))
    assert seen.labels.bincount().tolist() == [30] * 9 + [1]


def test_barycenter_of_one_feature_is_the_feature() -> None:
    features = ClassFeatures(torch.tensor([[0.0], [2.0], [7.0]]), torch.tensor([0, 0, 1]))
    found = barycenters(features, 1, Solve(), seed=0)
    torch.testing.assert_close(found.support[:, 0, 0], torch.tensor([1.0, 7.0]))


def test_one_image_can_be_selected_and_two_cannot(lonely: RealSet) -> None:
    chosen = torch.stack([members[:1] for members in classes_of(lonely, 1)])
    assert subset(lonely, chosen).labels.tolist() == list(range(10))
    with pytest.raises(BadValue, match="has 1 images"):
        classes_of(lonely, 2)
