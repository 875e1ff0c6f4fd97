"""Reports read float and factorised sets: grids are pixels, leaks are looked for in every part."""

from pathlib import Path

import numpy as np
import pytest
import torch

from bench.analysis.leaks import Pair, near_duplicates
from bench.app.arguments import StudyArguments
from bench.app.leak_check import leak_warnings
from bench.app.recovery_check import broken_recoveries
from bench.app.reporting import grids
from bench.app.session import Session, open_session
from bench.artifacts.values import SyntheticSet
from bench.core.events import silent
from bench.execution.workshop import Workshop

PLUGIN = '''
"""Packs four images into one. Source: a test."""
from dataclasses import dataclass, field
import torch
from bench import RealSet, Request, SyntheticSet, distiller

@dataclass(frozen=True)
class Packed:
    needs: tuple[type, ...] = (RealSet,)
    request: Request = field(default_factory=Request)
    def distill(self, reference, budget, rng, emit):
        images = torch.full((10, 1, 8, 8), -9.0)  # below every pixel
        images[:, :, 4:] = torch.randn(10, 1, 4, 8, generator=rng)
        one = torch.ones(10)
        return SyntheticSet(images, torch.arange(10), one.long() * 0, one, 2560, factor=2)

@distiller("packed")
def packed():
    """Four images in one, two of them below every pixel."""
    return Packed()
'''
STUDY = """
from bench.study.grid import Row, Study
STUDY = Study("packing", "Packing", (Row("packed", "packed"), Row("dm", "dm")), seeds=(0,))
"""


@pytest.fixture(scope="module")
def session(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("packed")
    (folder / "packed.py").write_text(PLUGIN)
    (folder / "study.py").write_text(STUDY)
    arguments = StudyArguments(
        str(folder / "study.py"),
        "smoke",
        plugins=[str(folder / "packed.py")],
        store=str(folder / "store"),
        data=str(data_root),
    )
    found = open_session(arguments)
    shop = Workshop(found.store, data_root, torch.device("cpu"), silent)
    for cell in found.plan.cells:
        shop.artifact(cell, cell.synthetic, SyntheticSet)
    return found


def test_grids_show_stored_images_clamped_to_pixels(session: Session) -> None:
    found = grids(session.plan, session.store)
    packed, dm = found["packed · digits · ipc 1"], found["dm · digits · ipc 1"]
    assert packed.dtype == dm.dtype == np.uint8
    assert packed.shape == dm.shape == (10, 1, 8, 8, 1)
    assert packed[0, 0, :4].max() == 0  # what lay below every pixel is black
    assert dm.std() > 0


def test_floats_that_start_from_real_images_did_not_break_down(session: Session) -> None:
    assert [line for line in broken_recoveries(session) if line.startswith("dm,")] == []


def test_leaks_are_looked_for_in_every_part_as_pixels(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.Tensor] = []

    def looked_at(test: torch.Tensor, ours: torch.Tensor) -> list[Pair]:
        seen.append(ours)
        return near_duplicates(test, ours)

    monkeypatch.setattr("bench.analysis.leaks.near_duplicates", looked_at)
    assert leak_warnings(session) == ()
    assert [(tuple(ours.shape), ours.dtype) for ours in seen] == [
        ((40, 1, 8, 8), torch.uint8),
        ((10, 1, 8, 8), torch.uint8),
    ]
    assert seen[0][2].unique().numel() > 2  # a part that is not black
