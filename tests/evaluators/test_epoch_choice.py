"""The held-out fifth: which images it is, that nothing of it leaks, which epoch it chooses."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from bench import Reference
from bench.artifacts.values import RealSet, SyntheticSet, Teacher
from bench.core.errors import BadValue
from bench.core.events import silent
from bench.data.pixels import Pixels
from bench.plugin.recipes import Recipe, Relabel, Student
from bench.stages.epoch_choice import BestEpoch, Exam, divide, logits_on
from bench.stages.relabel import relabel
from bench.stages.teacher import network
from evaluators.fkd import Replay
from evaluators.fkd_held_out import Labelled, fkd_held_out

CONFIG = Relabel(epochs=4, batch=16, crop_min=0.5, flip=0.0)
RECIPE = Recipe("test", "smoke", relabel=CONFIG, student=Student(arch="convnet3-w16-bn"))


@pytest.mark.parametrize("seed", [0, 1])
def test_a_fifth_of_each_class_is_held_out_and_nothing_is_lost(
    synthetic: SyntheticSet, seed: int
) -> None:
    kept, held = divide(synthetic, seed)
    assert kept.labels.bincount().tolist() == [4] * 10
    assert held.labels.bincount().tolist() == [1] * 10
    pairs = {(k, s) for part in (kept, held) for k, s in zip(*key(part), strict=True)}
    assert pairs == set(zip(*key(synthetic), strict=True))


def key(part: SyntheticSet) -> tuple[list[int], list[int]]:
    return part.labels.tolist(), part.slots.tolist()


def test_the_choice_depends_on_the_seed_and_not_on_the_images(synthetic: SyntheticSet) -> None:
    other = replace(synthetic, images=255 - synthetic.images)
    assert torch.equal(divide(other, 0)[1].slots, divide(synthetic, 0)[1].slots)
    assert not torch.equal(divide(synthetic, 1)[1].slots, divide(synthetic, 0)[1].slots)


def test_learned_weights_keep_mean_one(synthetic: SyntheticSet) -> None:
    rising = torch.arange(1.0, len(synthetic.labels) + 1)
    weighted = replace(synthetic, weights=rising / rising.mean())
    assert all(p.weights.mean().item() == pytest.approx(1) for p in divide(weighted, 0))


def test_learned_labels_a_rate_and_a_factor_stay_with_their_images(
    synthetic: SyntheticSet,
) -> None:
    soft = torch.arange(500.0).reshape(50, 10)
    made = replace(synthetic, soft=soft, lr=0.1, factor=2)
    for found in divide(made, 0):
        rows = found.labels * 5 + found.slots
        assert torch.equal(found.soft, soft[rows])
        assert (found.lr, found.factor) == (0.1, 2)


def test_one_image_per_class_cannot_be_divided(synthetic: SyntheticSet) -> None:
    first = torch.nonzero(synthetic.slots == 0).flatten()
    single = replace(
        synthetic,
        images=synthetic.images[first],
        labels=synthetic.labels[first],
        slots=synthetic.slots[first],
        weights=synthetic.weights[first],
    )
    with pytest.raises(BadValue, match="at least 2 images of each class, given 1 of class 0"):
        divide(single, 0)


class Fixed(nn.Module):
    """A model whose logits are a parameter."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, images: Tensor) -> Tensor:
        return self.logits


def test_best_epoch_is_by_accuracy_then_by_divergence_then_the_earliest() -> None:
    labels, teacher = torch.tensor([0, 1]), torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    images = Pixels(torch.zeros(2, 1, 1, 1, dtype=torch.uint8), (0.0,), (1.0,))
    exam = Exam(images, labels, teacher, temperature=1.0)
    trained = [
        torch.tensor([[1.0, 0.0], [1.0, 0.0]]),  # one of two right
        torch.tensor([[9.0, 0.0], [0.0, 9.0]]),  # both right, far from the teacher
        torch.tensor([[2.0, 0.0], [0.0, 2.0]]),  # both right, the teacher itself
        torch.tensor([[2.0, 0.0], [0.0, 2.0]]),  # the same again
        torch.tensor([[0.0, 1.0], [1.0, 0.0]]),  # none right
    ]
    model = Fixed(trained[0].clone())
    best = BestEpoch(model, exam, fast=False)
    for epoch, logits in enumerate(trained):
        model.logits.data.copy_(logits)
        best(epoch)
    assert best.epoch == 2
    assert best.marks == pytest.approx((1.0, 0.0), abs=1e-6)
    best.restore()
    assert torch.equal(model.logits.data, teacher)


def test_score_is_that_of_the_chosen_epoch(
    synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet
) -> None:
    reference = Reference.of(teacher)
    score = fkd_held_out().evaluate(synthetic, reference, test_set, RECIPE, 0, silent)
    again = fkd_held_out().evaluate(synthetic, reference, test_set, RECIPE, 0, silent)
    assert torch.equal(score.correct, again.correct)
    assert 1 <= score.extra["chosen_epoch"] <= 4
    right = 10 * score.extra["held_out_top1"]  # of the ten held-out images
    assert right == pytest.approx(round(right), abs=1e-5)
    assert score.updates == 4 * 3  # 40 of the 50 images, in batches of 16
    labelled = 4 * 40 * 10 * 2  # epochs, images, classes, bytes of a float16
    assert labelled < score.label_bytes < 2 * labelled + 4 * 40 * 64


def test_held_out_images_do_not_touch_the_student(
    synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet
) -> None:
    # One epoch leaves no choice, so the held-out images may only change held_out_top1.
    recipe = replace(RECIPE, relabel=replace(CONFIG, epochs=1))
    _, held = divide(synthetic, 0)
    spoiled = synthetic.images.clone()
    for label, slot in zip(*key(held), strict=True):
        chosen = (synthetic.labels == label) & (synthetic.slots == slot)
        spoiled[chosen] = 255 - spoiled[chosen]
    first, second = (
        fkd_held_out().evaluate(
            replace(synthetic, images=images), Reference.of(teacher), test_set, recipe, 0, silent
        )
        for images in (synthetic.images, spoiled)
    )
    assert torch.equal(first.correct, second.correct)


class Counting(nn.Module):
    """A model that notes how many images each pass sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(len(images))
        return images.flatten(1)[:, :2]


def test_an_exam_of_any_size_is_taken_some_images_at_a_time() -> None:
    stored = torch.arange(600, dtype=torch.int64).remainder(256).byte().view(600, 1, 1, 1)
    pixels = Pixels(stored.expand(600, 1, 2, 2), (0.2,), (0.3,))
    model = Counting()
    logits = logits_on(model, pixels, fast=False)
    assert model.seen == [250, 250, 100]
    assert torch.equal(logits, pixels[0:600].flatten(1)[:, :2])


def test_labels_of_a_seed_are_made_epoch_by_epoch_and_not_kept(
    synthetic: SyntheticSet, teacher: Teacher, test_set: RealSet
) -> None:
    kept, _ = divide(synthetic, 0)
    guide = network(teacher)
    feed = Labelled(kept, guide, test_set, CONFIG, 0, False)
    stored = relabel(kept, teacher, CONFIG, test_set.mean, test_set.std, 0, False, silent)
    replay = Replay(kept, stored, test_set)
    for epoch in range(CONFIG.epochs):
        for (batch, (logits, _)), (same, (known, _)) in zip(
            feed(epoch), replay(epoch), strict=True
        ):
            assert torch.equal(batch, same)
            assert torch.equal(logits, known)
    assert feed.label_bytes(10) == stored.label_bytes
    assert not [v for v in vars(feed).values() if isinstance(v, Tensor) and v.dim() == 3]
