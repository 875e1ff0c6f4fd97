"""How often an evaluator reads each test image: once per student, or it could select on them."""

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from bench.artifacts.values import RealSet
from bench.execution.workshop import Workshop
from bench.graph.plan import CellPlan


class CountedImages:
    """Images of a test split that count how often each of them is read."""

    def __init__(self, images: Tensor) -> None:
        self.images, self.shape, self.dtype = images, images.shape, images.dtype
        self.reads = torch.zeros(len(images), dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, chosen: slice | Tensor | int) -> Tensor:
        everywhere = torch.arange(len(self.images))[chosen].flatten()
        self.reads.index_add_(0, everywhere, torch.ones_like(everywhere))
        return self.images[chosen]


def watched(test: RealSet) -> tuple[RealSet, CountedImages]:
    """The same split with counted images, and their counter."""
    counted = CountedImages(test.images)
    return replace(test, images=cast(Tensor, counted)), counted


def other_than_once(shop: Workshop, plan: CellPlan) -> str:
    """What is wrong with how the cell's evaluator reads the test split; empty if nothing is.

    One that calls itself an oracle may look more often; it is for audits, and is asked for by name.
    """
    if getattr(plan.evaluator, "oracle", False):
        return ""
    test, counted = watched(shop.split(plan.at, "test"))
    shop.made_again(plan, test)
    counts = sorted(set(counted.reads.tolist()))
    return "" if counts == [1] else f"expected every test image to be read once, got {counts} times"
