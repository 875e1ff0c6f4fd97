"""Every evaluator reads every test image once per student, so that none can select on them."""

from collections.abc import Mapping

import pytest
import torch

from bench import Reference
from bench.app.split_reads import watched
from bench.artifacts.labels import SoftLabels
from bench.artifacts.values import Observation, RealSet, SyntheticSet, Teacher
from bench.core.events import silent
from bench.plugin.contracts import Evaluator, Need
from bench.plugin.discovery import get, names
from bench.plugin.recipes import Recipe, Relabel, Student
from bench.stages.mixture import Mixed
from bench.stages.observe import observe
from bench.stages.relabel import relabel

RECIPE = Recipe(
    "test",
    "smoke",
    relabel=Relabel(epochs=3, batch=16, crop_min=0.5, flip=0.0),
    student=Student(arch="convnet3-w16-bn"),
)


ONCE = [
    name for name in names("evaluator")
    if not getattr(get("evaluator", name).factory(), "oracle", False)  # asked for by name
]  # fmt: skip


@pytest.mark.parametrize("name", ONCE)
def test_each_test_image_is_read_once(
    name: str, synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet
) -> None:
    evaluator: Evaluator = get("evaluator", name).factory()
    mean, std = test_set.mean, test_set.std
    made: Mapping[Need, object] = {
        Teacher: teacher,
        RealSet: test_set,
        SoftLabels: relabel(synthetic, teacher, RECIPE.relabel, mean, std, 0, False, silent),
        Mixed: Mixed(**vars(teacher)),
        Observation: observe(test_set, teacher, RECIPE.observe, torch.device("cpu"), False, silent),
    }
    test, counted = watched(test_set)
    kinds = {need: need if isinstance(need, type) else need.made for need in evaluator.needs}
    reference = Reference({need: made[kind] for need, kind in kinds.items()})
    score = evaluator.evaluate(synthetic, reference, test, RECIPE, 0, silent)
    assert counted.reads.unique().tolist() == [1]
    assert len(score.correct) == len(test_set.labels)


def test_a_second_look_is_counted(test_set: RealSet) -> None:
    test, counted = watched(test_set)
    assert len(test.images[:10]) == 10
    assert len(test.images[5:6]) == 1
    assert counted.reads.tolist() == [1] * 5 + [2] + [1] * 4 + [0] * (len(test_set.labels) - 10)
