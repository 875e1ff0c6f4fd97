"""Relabelling and students: replayed batches, the KL formula, updates, weight decay."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import kl_div, log_softmax, softmax

from bench import Reference
from bench.artifacts.labels import SoftLabels
from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.core.events import silent
from bench.data.mixing import augmented_batch, normalize
from bench.models.build import build_model
from bench.plugin.recipes import Recipe, Relabel, Student
from bench.stages.relabel import relabel
from bench.stages.student import SoftTarget
from bench.stages.teacher import Committee, labeller, network, state_of
from bench.stages.training import decayed
from evaluators.fkd import Replay, fkd
from evaluators.online_kd import online_kd
from methods.real import subset

CONFIG = Relabel(epochs=3, batch=8, crop_min=0.5, flip=0.0)
RECIPE = Recipe("test", "smoke", relabel=CONFIG, student=Student(arch="convnet3-w16-bn"))


@pytest.fixture(scope="module")
def synthetic(digits: RealSet) -> SyntheticSet:
    return subset(digits, torch.arange(10)[:, None] * 30 + torch.arange(2))


@pytest.fixture(scope="module")
def labels(synthetic: SyntheticSet, teacher: Teacher, digits: RealSet) -> SoftLabels:
    return relabel(synthetic, teacher, CONFIG, digits.mean, digits.std, 0, False, silent)


def test_labels_are_the_teachers_logits_on_the_replayed_batch(
    synthetic: SyntheticSet, labels: SoftLabels, teacher: Teacher, digits: RealSet
) -> None:
    images = normalize(synthetic.images, digits.mean, digits.std)
    batch = augmented_batch(images, labels.draws, 1, 2)  # the last, smaller batch of epoch 1
    with torch.no_grad():
        expected = network(teacher)(batch).half()
    assert len(batch) == 4
    torch.testing.assert_close(labels.logits[1, 16:], expected, atol=2e-3, rtol=2e-3)


def test_batch_specific_labels_are_those_of_a_teacher_in_training_mode(
    synthetic: SyntheticSet, teacher: Teacher, digits: RealSet
) -> None:
    committee = Committee((teacher,), mode="train")
    made = relabel(synthetic, committee, CONFIG, digits.mean, digits.std, 0, False, silent)
    images = normalize(synthetic.images, digits.mean, digits.std)
    batch = augmented_batch(images, made.draws, 1, 0)
    with torch.no_grad():
        expected, running = network(teacher).train()(batch), network(teacher)(batch)
    torch.testing.assert_close(made.logits[1, :8].float(), expected, atol=2e-3, rtol=2e-3)
    assert (expected - running).abs().mean() > 0.05


def test_a_labelling_committee_drops_nothing_out() -> None:
    model = build_model("mobilenet_v2", num_classes=2, channels=3, resolution=32, seed=0)
    seen = Teacher("mobilenet_v2", 2, 3, 32, state_of(model), 0.5)
    both = labeller(Committee((seen, seen), mode="train"))
    training = {type(part).__name__ for part in both.modules() if part.training}
    assert any("BatchNorm" in name for name in training)
    assert "Dropout" not in training


def test_students_replay_bit_identical_batches(
    synthetic: SyntheticSet, labels: SoftLabels, digits: RealSet
) -> None:
    replay = Replay(synthetic, labels, digits)
    first, second = (list(replay(2)) for _ in range(2))
    for (a, _), (b, _) in zip(first, second, strict=True):
        assert torch.equal(a, b)


def test_labels_do_not_depend_on_the_method_but_on_the_seed(
    synthetic: SyntheticSet, labels: SoftLabels, teacher: Teacher, digits: RealSet
) -> None:
    other = replace(synthetic, images=255 - synthetic.images)
    same = relabel(other, teacher, CONFIG, digits.mean, digits.std, 0, False, silent)
    assert torch.equal(same.order, labels.order)  # paired: the same draws for every method
    assert torch.equal(same.crops, labels.crops)
    fresh = relabel(other, teacher, CONFIG, digits.mean, digits.std, 1, False, silent)
    assert not torch.equal(fresh.order, labels.order)


def test_soft_target_is_kl_at_the_temperature_without_its_square() -> None:
    rng = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 6, 4, generator=rng)
    expected = kl_div(log_softmax(student / 20, 1), softmax(teacher / 20, 1), reduction="batchmean")
    found = SoftTarget(20.0)(student, (teacher, torch.ones(6)))
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_soft_target_weighs_images() -> None:
    rng = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 2, 4, generator=rng)
    only_first = SoftTarget(1.0)(student, (teacher, torch.tensor([2.0, 0.0])))
    alone = SoftTarget(1.0)(student[:1], (teacher[:1], torch.ones(1)))
    assert only_first.item() == pytest.approx(alone.item())


def test_updates_are_epochs_times_batches(
    synthetic: SyntheticSet, labels: SoftLabels, digits_test: RealSet
) -> None:
    score = fkd().evaluate(synthetic, Reference.of(labels), digits_test, RECIPE, 0, silent)
    assert score.updates == 3 * 3  # 20 images in batches of 8
    assert score.label_bytes == labels.label_bytes > 3 * 20 * 10 * 2
    assert score.top1 == pytest.approx(score.correct.float().mean().item())


def test_online_teacher_equals_stored_labels(
    synthetic: SyntheticSet, labels: SoftLabels, teacher: Teacher, digits_test: RealSet
) -> None:
    recipe = replace(RECIPE, relabel=replace(CONFIG, epochs=3))
    stored = fkd().evaluate(synthetic, Reference.of(labels), digits_test, recipe, 0, silent)
    online = online_kd().evaluate(synthetic, Reference.of(teacher), digits_test, recipe, 0, silent)
    assert online.label_bytes == 0
    differing = (stored.correct != online.correct).float().mean()
    assert differing < 0.02  # only float16 rounding of batched against single forwards


def test_weight_decay_spares_batchnorm_and_biases() -> None:
    model = build_model("convnet3-w16-bn", num_classes=10, channels=1, resolution=8, seed=0)
    heavy, light = decayed(model, 0.01)
    assert heavy["weight_decay"] == 0.01
    assert light["weight_decay"] == 0.0
    assert all(p.dim() > 1 for p in heavy["params"])  # type: ignore[attr-defined]
    assert all(p.dim() == 1 for p in light["params"])  # type: ignore[attr-defined]
