"""One soft label per image: the teacher is asked once, and every view has its answer."""

from dataclasses import replace

import pytest
import torch

from bench import Reference
from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.core.events import silent
from bench.data.augment import eval_view
from bench.data.mixing import normalize
from bench.plugin.recipes import Recipe, Relabel, Student
from bench.stages.teacher import network
from evaluators.online_kd import Labelled, online_kd
from evaluators.soft_label import Answered, SoftLabelled, soft_label, soft_label_plain

RELABEL = Relabel(epochs=3, batch=20, crop_min=0.3, flip=0.0)
RECIPE = Recipe("test", "smoke", relabel=RELABEL, student=Student(arch="convnet3-w16-bn"))
PLAIN = replace(RELABEL, crop_min=1.0, flip=0.0, cutmix=False)


def test_the_label_of_every_view_is_the_teacher_s_answer_to_the_whole_image(
    synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet
) -> None:
    whole = eval_view(synthetic.images, test_set.resolution)
    with torch.no_grad():
        answers = network(teacher).eval()(normalize(whole, test_set.mean, test_set.std))
    feed = Answered(synthetic, network(teacher), test_set, RELABEL, 0, False)
    for epoch in range(2):
        order = feed.draws.order[epoch]
        given = torch.cat([target[0] for _, target in feed(epoch)])
        torch.testing.assert_close(given.float(), answers[order], atol=0.02, rtol=1e-3)


def test_without_augmentation_it_is_knowledge_distillation_bit_for_bit(
    synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet
) -> None:
    recipe = replace(RECIPE, relabel=PLAIN)
    reference = Reference({Teacher: teacher})
    parts = (synthetic, reference, test_set, recipe, 5, silent)
    kept, asked = soft_label_plain().evaluate(*parts), online_kd().evaluate(*parts)
    first = next(iter(Answered(synthetic, network(teacher), test_set, PLAIN, 5, False)(0)))
    again = next(iter(Labelled(synthetic, network(teacher), test_set, recipe, 5, False)(0)))
    torch.testing.assert_close(first[1][0].float(), again[1][0].float(), atol=0.02, rtol=1e-3)
    assert torch.equal(first[0], again[0])
    assert (kept.updates, abs(kept.top1 - asked.top1) < 0.03) == (asked.updates, True)


def test_the_bytes_are_those_of_one_float16_logit_per_class_and_image(
    synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet
) -> None:
    reference = Reference({Teacher: teacher})
    scored = soft_label().evaluate(synthetic, reference, test_set, RECIPE, 0, silent)
    assert scored.label_bytes == 2 * 10 * len(synthetic.labels)
    assert scored.updates == 3 * 3  # epochs, and batches of 20 in 50 images


@pytest.mark.parametrize(("made", "augment"), [(soft_label(), True), (soft_label_plain(), False)])
def test_plain_means_that_views_are_the_images(
    made: SoftLabelled,
    augment: bool,
    synthetic: SyntheticSet,
    teacher: Teacher,
    test_set: RealSet,
) -> None:
    assert made.augment is augment
    config = RELABEL if augment else PLAIN
    feed = Answered(synthetic, network(teacher), test_set, replace(config, cutmix=False), 1, False)
    views = torch.cat([images for images, _ in feed(0)])
    whole = normalize(eval_view(synthetic.images, 8), test_set.mean, test_set.std)
    assert torch.allclose(views, whole[feed.draws.order[0]], atol=1e-5) is not augment
