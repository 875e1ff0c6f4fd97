"""Coresets: herding's error shrinks, k-center covers, random and full are what they say."""

import pytest
import torch

from bench import BadValue, RealSet, Reference
from bench.core.events import silent
from bench.plugin.contracts import Budget
from methods.coresets import herd, k_center
from methods.rded import stitch
from methods.real import FullSet, RandomSubset

POINTS = torch.randn(60, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def real_set(sizes: tuple[int, ...] = (4, 6)) -> RealSet:
    labels = torch.cat([torch.full((n,), k) for k, n in enumerate(sizes)])
    pixels = torch.arange(len(labels), dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 2, 2)
    names = tuple(f"class-{k}" for k in range(len(sizes)))
    return RealSet("toy", pixels, labels, names, 2, (0.5,), (0.5,), "digest")


def budget(ipc: int) -> Budget:
    return Budget(ipc=ipc, num_classes=2, shape=(1, 2, 2), mean=(0.5,), std=(0.5,))


def test_herding_approaches_the_mean() -> None:
    chosen = POINTS[herd(POINTS, 40)]
    errors = [(chosen[: i + 1].mean(0) - POINTS.mean(0)).norm().item() for i in range(40)]
    random = POINTS[torch.randperm(60, generator=torch.Generator().manual_seed(1))[:40]]
    assert errors[-1] < 0.2 * errors[0]
    assert errors[-1] < (random.mean(0) - POINTS.mean(0)).norm().item()


def test_herding_takes_the_nearest_to_the_mean_first() -> None:
    nearest = (POINTS - POINTS.mean(0)).norm(dim=1).argmin()
    assert herd(POINTS, 1).item() == nearest.item()


def test_nothing_is_chosen_twice() -> None:
    for rule in (herd, k_center):
        assert len(set(rule(POINTS, 60).tolist())) == 60


def test_k_center_covers_better_than_the_first_points() -> None:
    def radius(centres: torch.Tensor) -> float:
        return torch.cdist(POINTS, centres).min(1).values.max().item()

    assert radius(POINTS[k_center(POINTS, 8)]) < radius(POINTS[:8])


def test_k_center_takes_the_far_point_second() -> None:
    line = torch.tensor([[0.0], [1.0], [2.0], [10.0]])
    assert k_center(line, 2).tolist() == [2, 3]  # mean 3.25, nearest 2.0; farthest 10


def test_random_draws_distinct_images_of_each_class() -> None:
    real = real_set()
    made = RandomSubset().distill(
        Reference.of(real), budget(3), torch.Generator().manual_seed(0), silent
    )
    values = made.images[:, 0, 0, 0].tolist()
    assert made.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert len(set(values)) == 6
    assert all(v < 4 for v in values[:3])
    assert all(v >= 4 for v in values[3:])


def test_class_smaller_than_ipc_is_named() -> None:
    with pytest.raises(BadValue, match="given 5, but class 'class-0' of toy has 4 images"):
        RandomSubset().distill(Reference.of(real_set()), budget(5), torch.Generator(), silent)


def test_full_is_every_image_sorted_by_class() -> None:
    real = real_set()
    made = FullSet().distill(Reference.of(real), budget(1), torch.Generator(), silent)
    assert torch.equal(made.images, real.images)
    assert made.slots.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5]


def test_mosaics_are_stitched_row_by_row() -> None:
    crops = torch.arange(4.0)[:, None, None, None].expand(-1, 1, 1, 1)
    assert stitch(crops, 2)[0, 0].tolist() == [[0.0, 1.0], [2.0, 3.0]]
