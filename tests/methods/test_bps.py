"""BPS: two patterns by hand, budgets that add up, and nothing chosen twice."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize
from toy import budget, real_set, seen_by, teacher

from bench import BadValue, ClassFeatures, Observation, RealSet, Reference
from bench.core.events import silent
from bench.stages.observe import class_features
from methods.bps import bps, chosen_of, patterns_of, shares


def fan(angles: list[float]) -> Tensor:
    turns = torch.tensor(angles, dtype=torch.float64).deg2rad()
    return torch.stack((turns.cos(), turns.sin()), 1)


PATTERNS = fan([0, 1, -1, 2, 90, 91, 89, 88])  # two of four images, around 0 and 90 degrees


def test_two_directions_are_two_patterns() -> None:
    found = patterns_of(PATTERNS, 2)
    assert len(set(found[:4].tolist())) == 1
    assert len(set(found[4:].tolist())) == 1
    assert found[0] != found[4]


def test_each_pattern_gives_its_centre_and_its_margin() -> None:
    """Centres: 0.5 and 89.5 degrees, nearest 0 or 1 and 89 or 90; the hardest are 3 and 7."""
    hardness = torch.tensor([0.0, 1, 2, 3, 0, 1, 2, 3])
    rule = bps(top=0.0)
    chosen = rule.select(PATTERNS, hardness, 4).tolist()
    assert {3, 7} <= set(chosen)
    assert len({0, 1} & set(chosen)) == 1
    assert len({4, 6} & set(chosen)) == 1


def test_the_margin_starts_at_its_quantile_and_leaves_the_hardest_out() -> None:
    features = normalize(torch.ones(20, 3, dtype=torch.float64), dim=1)
    chosen = chosen_of(features, torch.arange(20.0), 4, centre=0.0, top=0.5)
    assert chosen.tolist() == [10, 11, 12, 13]
    assert chosen_of(features, torch.arange(20.0), 4, 0.0, 0.1).tolist() == [16, 17, 18, 19]


def test_one_image_is_the_nearest_to_the_class_mean() -> None:
    points = fan([0, 10, 40])
    assert bps().select(points, torch.tensor([9.0, 0.0, 9.0]), 1).tolist() == [1]


@pytest.mark.parametrize(
    ("sizes", "budget", "given"),
    [([6, 4], 5, [3, 2]), ([9, 1], 2, [2, 0]), ([1, 1, 1], 2, [0, 1, 1]), ([1, 9], 10, [1, 9])],
)
def test_budgets_follow_the_sizes(sizes: list[int], budget: int, given: list[int]) -> None:
    assert shares(sizes, budget) == given


def test_budgets_add_up_and_fit_whatever_the_sizes() -> None:
    rng = torch.Generator().manual_seed(0)
    for _ in range(200):
        sizes = torch.randint(0, 9, (5,), generator=rng).tolist()
        wanted = int(torch.randint(0, sum(sizes) + 1, (), generator=rng)) if sum(sizes) else 0
        if not wanted:
            continue
        found = shares(sizes, wanted)
        assert sum(found) == wanted
        assert all(0 <= f <= s for f, s in zip(found, sizes, strict=True))


@pytest.mark.parametrize("ipc", [1, 2, 3, 6])
def test_every_class_gives_distinct_images_of_its_own(ipc: int) -> None:
    real = real_set()
    seen = seen_by(real, teacher())
    have = {
        RealSet: real,
        ClassFeatures: class_features(seen, "penultimate"),
        Observation: seen,
    }
    made = bps(codec="png").distill(Reference(have), budget(ipc), torch.Generator(), silent)
    assert len(torch.unique(made.images, dim=0)) == 2 * ipc
    for image, label in zip(made.images, made.labels, strict=True):
        where = (real.images == image).flatten(1).all(1).nonzero()
        assert (real.labels[where] == label).all()


def test_more_images_than_a_class_has_are_refused() -> None:
    real = real_set()
    seen = seen_by(real, teacher())
    have = {RealSet: real, ClassFeatures: class_features(seen, "penultimate"), Observation: seen}
    with pytest.raises(BadValue, match="ipc: expected at most the size"):
        bps().distill(Reference(have), budget(7), torch.Generator(), silent)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"centre": 1.1}, "centre: expected a share"), ({"patterns": -1}, "patterns: expected 0")],
)
def test_impossible_numbers_are_refused(given: dict[str, float], said: str) -> None:
    with pytest.raises(BadValue, match=said):
        bps(**given)  # type: ignore[arg-type]
