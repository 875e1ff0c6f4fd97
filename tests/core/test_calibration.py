"""Steps are timed once per machine; big ones follow a typical step by their operations."""

from pathlib import Path

import pytest
import torch

from bench.execution.calibration import BIGGEST, TYPICAL, Meter, Shape
from bench.storage.store import Store

SMALL = Shape("train", "convnet3-w16-bn", 1, 8, 10, "auto", 16, False)
CPU = torch.device("cpu")


@pytest.mark.parametrize("kind", ["train", "forward", "relabel", "recover"])
def test_every_kind_of_step_takes_time(kind: str, tmp_path: Path) -> None:
    shape = Shape(kind, "convnet3-w16-bn", 1, 8, 10, "auto", 4, False)
    assert Meter(Store(tmp_path), CPU).seconds(shape) > 0


def test_a_timing_is_kept_in_the_store(tmp_path: Path) -> None:
    first = Meter(Store(tmp_path), CPU).seconds(SMALL)
    assert Meter(Store(tmp_path), CPU).seconds(SMALL) == first


def test_a_big_step_is_scaled_from_the_typical_one(tmp_path: Path) -> None:
    meter = Meter(Store(tmp_path), CPU)
    arch, side, batch = TYPICAL["cpu"]
    typical = Shape("forward", arch, 3, side, 10, "auto", batch, False)
    Store(tmp_path).put_record("calibration-2", typical.key(CPU), {"seconds": 2.0})
    big = Shape("forward", arch, 3, side, 10, "auto", 50 * batch, False)
    assert 3 * meter.flops(big, arch) * big.batch > BIGGEST["cpu"]
    assert meter.seconds(big) == pytest.approx(100.0)
