"""The real ImageNette, where DDBENCH_IMAGENETTE names its folder with train/ and val/."""

import os
from pathlib import Path

import pytest

from bench.data.builtin import get_dataset
from bench.data.load import load
from bench.data.prepare import verify

FOLDER = os.environ.get("DDBENCH_IMAGENETTE")


@pytest.mark.imagenette
@pytest.mark.slow
@pytest.mark.skipif(not FOLDER, reason="needs the real ImageNette (DDBENCH_IMAGENETTE)")
def test_real_imagenette_has_its_published_counts(tmp_path: Path) -> None:
    (tmp_path / "imagenette").symlink_to(Path(str(FOLDER)).resolve())
    spec = get_dataset("imagenette@32")
    train, test = (load(spec, split, tmp_path) for split in ("train", "test"))
    assert train.labels.bincount().tolist() == [963, 955, 993, 858, 941, 956, 961, 931, 951, 960]
    assert len(test.labels) == 3925
    assert verify(spec, tmp_path) == []
