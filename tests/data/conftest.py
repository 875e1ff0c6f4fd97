"""Tiny data sets on disk, in the layouts of the real ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_data_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DDBENCH_DATA", raising=False)
    monkeypatch.delenv("DDBENCH_CACHE", raising=False)


@pytest.fixture
def write_image() -> Write:
    """Writes one image whose colour depends on its seed."""

    def write(path: Path, seed: int, size: tuple[int, int] = (12, 10), mode: str = "RGB") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (size[1], size[0], 3)
        pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(path)
        return path

    return write


@pytest.fixture
def write_folders(write_image: Write) -> Write:
    """Writes folder/<split>/<class>/<k>.JPEG and returns the folder."""

    def write(
        folder: Path,
        classes: tuple[str, ...] = ("ant", "bee", "cow"),
        splits: tuple[str, ...] = ("train", "val"),
        count: int = 2,
        size: tuple[int, int] = (12, 10),
    ) -> Path:
        for s, split in enumerate(splits):
            for c, name in enumerate(classes):
                for k in range(count):
                    seed = (s * len(classes) + c) * count + k
                    write_image(folder / split / name / f"{k}.JPEG", seed, size)
        return folder

    return write
