"""Students that match logits: their batches are FKD's, their labels those of the images."""

from dataclasses import replace

import pytest
import torch

from bench import Reference
from bench.artifacts.labels import SoftLabels
from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.core.events import silent
from bench.plugin.recipes import Recipe, Relabel, Student
from bench.stages.relabel import relabel
from evaluators.fkd import Replay
from evaluators.fkd_mse import LabelledReplay, fkd_mse

CONFIG = Relabel(epochs=20, batch=16, crop_min=0.5, flip=0.0)
STUDENT = Student(arch="convnet3-w16-bn", lr=0.02)
RECIPE = Recipe("test", "smoke", relabel=CONFIG, student=STUDENT)


@pytest.fixture(scope="module")
def labels(synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet) -> SoftLabels:
    return relabel(synthetic, teacher, CONFIG, test_set.mean, test_set.std, 0, False, silent)


def test_batches_are_those_of_fkd_with_the_label_of_each_image(
    synthetic: SyntheticSet, labels: SoftLabels, test_set: RealSet
) -> None:
    plain = Replay(synthetic, labels, test_set)(1)
    found = list(LabelledReplay(synthetic, labels, test_set)(1))
    for (images, (logits, hard, weights)), (mixed, target) in zip(found, plain, strict=True):
        assert torch.equal(images, mixed)
        assert torch.equal(logits, target[0])
        assert torch.equal(weights, target[1])
        assert len(hard) == len(images)
    order = torch.cat([target[1] for _, target in found])
    assert torch.equal(order, synthetic.labels[labels.draws.order[1]])


def test_parts_of_a_factorised_image_have_its_label(
    synthetic: SyntheticSet, labels: SoftLabels, test_set: RealSet
) -> None:
    made = LabelledReplay(replace(synthetic, factor=2), labels, test_set)
    assert torch.equal(made.labels, synthetic.labels.repeat_interleave(4))


@pytest.mark.parametrize("ema", [0.0, 0.8])
def test_students_learn_and_are_bit_equal_for_a_seed(
    synthetic: SyntheticSet, labels: SoftLabels, test_set: RealSet, ema: float
) -> None:
    recipe = replace(RECIPE, student=replace(STUDENT, ema=ema))

    def run() -> torch.Tensor:
        given = (synthetic, Reference({SoftLabels: labels}), test_set, recipe, 0, silent)
        score = fkd_mse().evaluate(*given)
        assert score.top1 > 0.4  # by chance 0.1
        assert score.label_bytes == labels.label_bytes
        return score.predicted

    assert torch.equal(run(), run())


def test_the_weights_of_the_terms_and_of_the_average_change_the_student(
    synthetic: SyntheticSet, labels: SoftLabels, test_set: RealSet
) -> None:
    reference = Reference({SoftLabels: labels})
    found = [
        fkd_mse().evaluate(synthetic, reference, test_set, changed, 0, silent).predicted
        for changed in (
            RECIPE,
            replace(RECIPE, student=replace(STUDENT, ce_weight=5.0)),
            replace(RECIPE, student=replace(STUDENT, ema=0.8)),
        )
    ]
    assert not torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
