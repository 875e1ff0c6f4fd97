"""Every evaluator reads every test image once per student, so that none can select on them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import pytest
import torch
from torch import Tensor

from bench import Reference
from bench.artifacts import RealSet, SoftLabels, SyntheticSet, Teacher
from bench.contracts import Evaluator
from bench.events import silent
from bench.plugins import get, names
from bench.recipes import Recipe, Relabel, Student
from bench.stages.relabel import relabel

RECIPE = Recipe(
    "test",
    "smoke",
    relabel=Relabel(epochs=3, batch=16, crop_min=0.5, flip=0.0),
    student=Student(arch="convnet3-w16-bn"),
)


class CountedImages:
    """Test images that count how often each of them is read."""

    def __init__(self, images: Tensor) -> None:
        self.images, self.shape = images, images.shape
        self.reads = torch.zeros(len(images), dtype=torch.int64)

    def __getitem__(self, chosen: slice) -> Tensor:
        self.reads[chosen] += 1
        return self.images[chosen]


@pytest.mark.parametrize("name", names("evaluator"))
def test_each_test_image_is_read_once(
    name: str, synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet
) -> None:
    evaluator: Evaluator = get("evaluator", name).factory()
    mean, std = test_set.mean, test_set.std
    made: Mapping[type, object] = {
        Teacher: teacher,
        SoftLabels: relabel(synthetic, teacher, RECIPE.relabel, mean, std, 0, False, silent),
    }
    counted = CountedImages(test_set.images)
    watched = replace(test_set, images=cast(Tensor, counted))
    reference = Reference({kind: made[kind] for kind in evaluator.needs})
    score = evaluator.evaluate(synthetic, reference, watched, RECIPE, 0, silent)
    assert counted.reads.unique().tolist() == [1]
    assert len(score.correct) == len(test_set.labels)
