"""What is exported comes back with the same bytes, or says what it loses."""

from pathlib import Path

import pytest
import torch

from bench.artifacts.values import SyntheticSet
from bench.core.errors import BadValue
from bench.data.network_input import network_input
from bench.exchange.exporting import Described, export
from bench.exchange.fitting import Reading, Target, fitted
from bench.exchange.recognise import load_set

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.2, 0.25)
TARGET = Target(("a", "b", "c"), (3, 4, 4), MEAN, STD)
ABOUT = Described("made", "toy", "CC0", ("a", "b", "c"), MEAN, STD, {"ipc": 2}, "f00")


def synthetic(floats: bool = False) -> SyntheticSet:
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (6, 3, 4, 4), generator=rng, dtype=torch.uint8)
    images = torch.randn(6, 3, 4, 4, generator=rng) * 3 if floats else pixels
    labels, slots = torch.arange(3).repeat_interleave(2), torch.arange(2).repeat(3)
    soft = torch.randn(6, 3, generator=rng) if floats else torch.empty(0)
    rate = 0.02 if floats else 0.0
    return SyntheticSet(images, labels, slots, torch.ones(6), 100, soft=soft, lr=rate)


def again(made: SyntheticSet, out: Path, kind: str) -> SyntheticSet:
    assert export(made, ABOUT, out, kind) == []
    place = next(out.glob("res_*.pt")) if kind == "dc" else out
    layout, loaded = load_set(place)
    assert layout.name == {"folder": "sre2l", "hub": "parquet"}.get(kind, kind)
    return fitted(loaded, TARGET, Reading())[0]


@pytest.mark.parametrize("kind", ["folder", "dc", "ddranking", "hub", "own"])
def test_students_get_the_same_bytes_after_a_round_trip(tmp_path: Path, kind: str) -> None:
    made = synthetic()
    back = again(made, tmp_path / "out", kind)
    ours, theirs = (network_input(s, MEAN, STD) for s in (made, back))
    assert torch.equal(ours.images, theirs.images)
    assert torch.equal(ours.labels, theirs.labels)


@pytest.mark.parametrize("kind", ["hub", "own"])
def test_floats_learned_labels_and_rate_come_back(tmp_path: Path, kind: str) -> None:
    made = synthetic(floats=True)
    back = again(made, tmp_path / "out", kind)
    assert torch.equal(back.images, made.images)
    assert torch.equal(back.soft, made.soft)
    assert back.lr == pytest.approx(0.02)


def test_what_a_layout_cannot_hold_is_said(tmp_path: Path) -> None:
    lost = export(synthetic(floats=True), ABOUT, tmp_path / "out", "folder")
    assert lost[0] == "float images were rounded to pixels"
    assert "this layout holds no place for learned labels" in lost
    with pytest.raises(BadValue, match="new or empty folder"):
        export(synthetic(), ABOUT, tmp_path / "out", "folder")
