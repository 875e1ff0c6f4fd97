"""The ConvNet protocol: its schedule, its targets, its learned rate, its whitened form."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy, log_softmax

from bench import Reference
from bench.artifacts.values import RealSet, SyntheticSet
from bench.core.events import silent
from bench.data.builtin import get_dataset
from bench.data.network_input import network_input
from bench.plugin.recipes import Recipe
from bench.stages.schedule import Schedule
from bench.study.presets import recipe_for
from evaluators.convnet_dc import (
    ConvNetProtocol,
    Shuffled,
    weighted_cross_entropy,
    with_learned_rate,
)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    found = recipe_for("convnet-dc", get_dataset("digits"), 5, "smoke")
    return replace(
        found,
        relabel=replace(found.relabel, epochs=6),
        student=replace(found.student, arch="convnet2-w16"),
    )


def test_the_rate_falls_to_a_tenth_where_the_released_code_lets_it() -> None:
    factors = [Schedule("step")(epoch, 301) for epoch in range(301)]  # epochs 0 to 300
    assert factors == [1.0] * 152 + [0.1] * 149  # the change comes after epoch 300 // 2 + 1


def test_the_recipe_is_the_published_one() -> None:
    found = recipe_for("convnet-dc", get_dataset("cifar10"), 10, "paper")
    student = found.student
    assert (student.arch, student.optimizer, student.lr) == ("convnet3", "sgd", 0.01)
    assert (student.momentum, student.weight_decay, student.decay) == (0.9, 5e-4, "all")
    assert (found.relabel.batch, found.relabel.epochs, found.precision) == (256, 300, "fp32")
    assert (
        recipe_for("convnet-dsa", get_dataset("tiny-imagenet"), 1, "paper").relabel.epochs == 1000
    )
    assert (
        recipe_for("convnet-dsa", get_dataset("tiny-imagenet"), 1, "paper").student.arch
        == "convnet4"
    )


def test_hard_and_learned_labels_by_hand() -> None:
    logits, weights = torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.tensor([0.5, 1.5])
    hard = weighted_cross_entropy(logits, (torch.tensor([0, 0]), weights))
    each = cross_entropy(logits, torch.tensor([0, 0]), reduction="none")
    torch.testing.assert_close(hard, (0.5 * each[0] + 1.5 * each[1]) / 2)
    soft = torch.tensor([[0.0, 0.0], [9.0, 0.0]])
    found = weighted_cross_entropy(logits, (soft, torch.ones(2)))
    torch.testing.assert_close(found, -(soft.softmax(1) * log_softmax(logits, 1)).sum(1).mean())


def test_a_learned_rate_is_the_rate(recipe: Recipe, synthetic: SyntheticSet) -> None:
    assert with_learned_rate(recipe.student, synthetic) == recipe.student
    assert with_learned_rate(recipe.student, replace(synthetic, lr=0.3)).lr == 0.3


def test_learned_labels_are_what_is_learned_and_what_is_counted(
    recipe: Recipe, synthetic: SyntheticSet, test_set: RealSet
) -> None:
    soft = torch.full((len(synthetic.labels), 10), -9.0)
    soft[:, 3] = 9.0  # every image is called a three
    made = replace(synthetic, soft=soft, lr=0.05)
    score = ConvNetProtocol().evaluate(made, Reference({}), test_set, recipe, 0, silent)
    assert score.predicted.tolist() == [3] * len(test_set.labels)
    assert score.label_bytes == 4 * soft.numel()


@pytest.mark.parametrize("judge", [ConvNetProtocol(), ConvNetProtocol(dsa=True)], ids=repr)
def test_students_learn_and_depend_on_the_seed_alone(
    judge: ConvNetProtocol, recipe: Recipe, synthetic: SyntheticSet, test_set: RealSet
) -> None:
    longer = replace(recipe, relabel=replace(recipe.relabel, epochs=60, batch=25))
    first, again, other = (
        judge.evaluate(synthetic, Reference({}), test_set, longer, seed, silent)
        for seed in (0, 0, 1)
    )
    assert first.top1 > 0.5
    assert first.updates == 61 * 2  # epochs 0 to 60
    assert torch.equal(first.predicted, again.predicted)
    assert not torch.equal(first.predicted, other.predicted)


def test_whitening_is_seen_by_student_and_test_images_alike(
    recipe: Recipe, synthetic: SyntheticSet, real: RealSet, test_set: RealSet
) -> None:
    judge = ConvNetProtocol(zca=True)
    longer = replace(recipe, relabel=replace(recipe.relabel, epochs=60, batch=25))
    score = judge.evaluate(synthetic, Reference({RealSet: real}), test_set, longer, 0, silent)
    assert judge.needs == (RealSet,)
    assert score.top1 > 0.5


def test_momentum_is_forgotten_with_the_higher_rate(synthetic: SyntheticSet) -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], 0.1, momentum=0.9)
    weight.grad = torch.ones(1)
    given = network_input(synthetic, (0.5,), (0.5,))
    batches = Shuffled(given, 25, False, 0, optimizer, epochs=7)
    kept = []
    for epoch in range(7):
        list(batches(epoch))
        kept.append(bool(optimizer.state))
        optimizer.step()
    assert kept == [False, True, True, True, True, False, True]
