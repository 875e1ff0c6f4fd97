"""CIFAR archives are read from their pickled batches, checked against their MD5 sums."""

import pickle
import tarfile
from hashlib import md5
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import CIFAR10, CIFAR100

from bench.core.errors import BadData
from bench.data.builtin import get_dataset
from bench.data.load import load


def pickled(path: Path, value: dict[str, object]) -> tuple[str, str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(value))
    return path.name, md5(path.read_bytes()).hexdigest()


def pixels(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 3072), dtype=np.uint8)


@pytest.fixture
def cifar10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty images in five training batches, ten in the test batch, and their sums."""
    folder = tmp_path / "source" / "cifar-10-batches-py"
    names = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"]
    sums = [
        pickled(
            folder / name, {"data": pixels(4, k), "labels": [(4 * k + j) % 10 for j in range(4)]}
        )
        for k, name in enumerate(names)
    ]
    test = pickled(folder / "test_batch", {"data": pixels(10, 9), "labels": list(range(10))})
    meta = pickled(folder / "batches.meta", {"label_names": [f"class{k}" for k in range(10)]})
    monkeypatch.setattr(CIFAR10, "train_list", [list(pair) for pair in sums])
    monkeypatch.setattr(CIFAR10, "test_list", [list(test)])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": meta[1]})
    return folder


def test_images_and_labels_are_those_of_the_batches(cifar10: Path) -> None:
    real = load(get_dataset("cifar10"), "train", cifar10.parent)
    assert real.images.shape == (20, 3, 32, 32)
    assert real.labels.tolist() == [k % 10 for k in range(20)]
    assert (real.images[4].flatten().numpy() == pixels(4, 1)[0]).all()
    assert real.classes[0] == "class0"
    test = load(get_dataset("cifar10"), "test", cifar10.parent)
    assert (test.images[3].flatten().numpy() == pixels(10, 9)[3]).all()


def test_hundred_classes_use_the_fine_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cifar-100-python"
    labels = {"fine_labels": list(range(100)), "coarse_labels": [0] * 100}
    sums = [
        pickled(folder / name, {"data": pixels(100, 1), **labels}) for name in ("train", "test")
    ]
    meta = pickled(folder / "meta", {"fine_label_names": [f"class{k}" for k in range(100)]})
    monkeypatch.setattr(CIFAR100, "train_list", [list(sums[0])])
    monkeypatch.setattr(CIFAR100, "test_list", [list(sums[1])])
    monkeypatch.setattr(CIFAR100, "meta", CIFAR100.meta | {"md5": meta[1]})
    real = load(get_dataset("cifar100"), "test", tmp_path)
    assert real.labels.tolist() == list(range(100))


def test_truncated_batch_is_named(cifar10: Path) -> None:
    batch = cifar10 / "data_batch_3"
    batch.write_bytes(batch.read_bytes()[:-100])
    with pytest.raises(BadData, match=r"data_batch_3: expected MD5 .* truncated or changed"):
        load(get_dataset("cifar10"), "train", cifar10.parent)


def test_missing_batch_is_named(cifar10: Path) -> None:
    (cifar10 / "test_batch").unlink()
    with pytest.raises(BadData, match="test_batch: expected this batch of cifar10"):
        load(get_dataset("cifar10"), "train", cifar10.parent)


def test_download_checks_and_extracts_the_archive(
    cifar10: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    archive = root / "cifar-10-python.tar.gz"  # torchvision fetches it only if it is absent
    with tarfile.open(archive, "w:gz") as file:
        file.add(cifar10, cifar10.name)
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(archive.read_bytes()).hexdigest())
    assert len(load(get_dataset("cifar10"), "test", root, download=True).labels) == 10


def test_failed_download_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CIFAR10, "url", (tmp_path / "absent.tar.gz").as_uri())
    with pytest.raises(BadData, match=r"^cannot download cifar10 into [^\n]*check the network"):
        load(get_dataset("cifar10"), "test", tmp_path, download=True)
