"""Every protocol takes float images and factorised sets as it takes pixels."""

from dataclasses import replace

import pytest
import torch

from bench import Evaluator, Reference
from bench.artifacts.labels import Score, SoftLabels
from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.core.events import silent
from bench.data.network_input import network_input
from bench.plugin.recipes import Recipe, Relabel, Student
from bench.stages.relabel import relabel
from evaluators.fkd import fkd
from evaluators.fkd_held_out import fkd_held_out
from evaluators.hard_label import hard_label
from evaluators.online_kd import online_kd

RECIPE = Recipe(
    "test",
    "smoke",
    relabel=Relabel(epochs=2, batch=16, crop_min=0.5, flip=0.0),
    student=Student(arch="convnet3-w16-bn"),
)


def scored(judge: Evaluator, made: SyntheticSet, teacher: Teacher, test: RealSet) -> Score:
    labels = relabel(made, teacher, RECIPE.relabel, test.mean, test.std, 0, False, silent)
    reference = Reference({Teacher: teacher, SoftLabels: labels})
    return judge.evaluate(made, reference, test, RECIPE, 0, silent)


@pytest.mark.parametrize("judge", [fkd(), online_kd(), hard_label(), fkd_held_out()], ids=repr)
def test_floats_score_as_the_pixels_they_are(
    judge: Evaluator, synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet
) -> None:
    floats = network_input(synthetic, test_set.mean, test_set.std).images
    ours = scored(judge, replace(synthetic, images=floats), teacher, test_set)
    assert torch.equal(ours.predicted, scored(judge, synthetic, teacher, test_set).predicted)


@pytest.mark.parametrize("judge", [fkd(), online_kd(), hard_label(), fkd_held_out()], ids=repr)
def test_a_factorised_set_scores_as_the_images_that_it_makes(
    judge: Evaluator, synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet
) -> None:
    made = replace(synthetic, factor=2)
    score = scored(judge, made, teacher, test_set)
    images = len(made.labels) * 4 * (0.8 if judge == fkd_held_out() else 1)
    assert score.updates == RECIPE.relabel.epochs * -(-images // RECIPE.relabel.batch)
