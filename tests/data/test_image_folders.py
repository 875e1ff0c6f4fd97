"""Image folders are read as torchvision reads them, and wrong ones are refused by name."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import ImageFolder as Reference
from torchvision.transforms import CenterCrop, Compose, Resize

from bench.core.errors import BadData
from bench.data.builtin import get_dataset
from bench.data.load import load

Write = Callable[..., Path]


@pytest.mark.parametrize("size", [(30, 20), (20, 31), (25, 25), (6, 9)])
def test_pixels_and_labels_equal_torchvisions(
    size: tuple[int, int], tmp_path: Path, write_folders: Write
) -> None:
    folder = write_folders(tmp_path / "insects", size=size)
    real = load(get_dataset(f"{folder}@14"), "train", tmp_path)
    expected = Reference(str(folder / "train"), Compose([Resize(16), CenterCrop(14)]))
    assert real.classes == tuple(expected.classes)
    assert real.labels.tolist() == expected.targets
    for image, (wanted, _) in zip(real.images, expected, strict=True):
        assert (image.permute(1, 2, 0).numpy() == np.asarray(wanted)).all()


def test_test_split_is_test_where_there_is_one(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "a", splits=("train", "val"), count=2)
    write_folders(folder, splits=("test",), count=5)
    assert len(load(get_dataset(f"{folder}@8"), "test", tmp_path).labels) == 15


def test_a_name_that_is_no_text_is_refused(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "a")
    strange = os.fsdecode(os.fsencode(folder / "train") + b"/\xff\xfe")
    shutil.copytree(folder / "train" / "ant", strange)
    with pytest.raises(BadData, match="expected a name in UTF-8, found other bytes; rename it"):
        load(get_dataset(f"{folder}@8"), "train", tmp_path)


def test_links_are_followed_and_other_files_ignored(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "a")
    shutil.move(folder / "train" / "bee", tmp_path / "bee")
    (folder / "train" / "bee").symlink_to(tmp_path / "bee")
    (folder / "train" / "ant" / "notes.txt").write_text("not an image")
    (folder / "train" / ".hidden").mkdir()
    assert len(load(get_dataset(f"{folder}@8"), "train", tmp_path).labels) == 6


@pytest.mark.parametrize("place", ["imagenette", "imagenette2", "imagenette2-320"])
def test_imagenette_is_found_in_the_archives_folders(
    place: str, tmp_path: Path, write_folders: Write
) -> None:
    classes = tuple(f"n0{k}" for k in range(10))
    write_folders(tmp_path / place, classes=classes, count=1)
    real = load(get_dataset("imagenette@16"), "test", tmp_path)
    assert real.images.shape == (10, 3, 16, 16)
    assert real.classes[0] == "tench"
    assert real.classes[9] == "parachute"


def failure(name: str, split: str, root: Path) -> str:
    with pytest.raises(BadData) as caught:
        load(get_dataset(name), split, root)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_missing_set_says_where_it_belongs_and_how_to_get_it(tmp_path: Path) -> None:
    message = failure("imagenette", "train", tmp_path)
    assert str(tmp_path / "imagenette") in message
    assert "bench data prepare imagenette --download" in message
    message = failure("imagenet-1k", "train", tmp_path)
    assert str(tmp_path / "imagenet-1k") in message
    assert "--download" not in message
    assert "DDBENCH_DATA" in message


def test_truncated_image_is_named(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "a", size=(60, 50))
    broken = folder / "train" / "bee" / "1.JPEG"
    broken.write_bytes(broken.read_bytes()[:700])
    message = failure(f"{folder}@8", "train", tmp_path)
    assert f"cannot decode {broken}" in message
    assert "700 bytes" in message
    assert not list(tmp_path.glob("decoded/*/*.npy*"))


@pytest.mark.parametrize("content", [b"", b"no image at all"])
def test_file_that_is_no_image_is_named(
    content: bytes, tmp_path: Path, write_folders: Write
) -> None:
    folder = write_folders(tmp_path / "a")
    (folder / "train" / "ant" / "0.JPEG").write_bytes(content)
    assert "ant/0.JPEG" in failure(f"{folder}@8", "train", tmp_path)


def test_empty_class_folder_is_named(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "a")
    for image in (folder / "train" / "cow").iterdir():
        image.unlink()
    message = failure(f"{folder}@8", "train", tmp_path)
    assert f"{folder / 'train' / 'cow'}: expected images" in message


def test_wrong_layout_says_what_was_found(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "imagenette", splits=("training", "val"))
    message = failure("imagenette", "train", tmp_path)
    assert f"{folder}: expected a folder train/" in message
    assert "found training, val" in message


def test_images_without_class_folders_are_refused(tmp_path: Path, write_image: Write) -> None:
    for split in ("train", "val"):
        write_image(tmp_path / "imagenette" / split / "0.JPEG", 0)
    message = failure("imagenette", "train", tmp_path)
    assert "expected one folder per class with images, found 0.JPEG" in message


def test_missing_class_of_a_built_in_set_is_refused(tmp_path: Path, write_folders: Write) -> None:
    write_folders(tmp_path / "imagenette", classes=("a", "b", "c"))
    assert "expected 10 class folders, found 3" in failure("imagenette", "train", tmp_path)
    write_folders(tmp_path / "imagenet-1k", classes=("a", "b", "c"))
    message = failure("imagenet-1k", "train", tmp_path)
    assert "expected the 1000 classes of imagenet-1k, found 3" in message


def test_splits_with_other_classes_are_refused(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "a")
    (folder / "val" / "cow").rename(folder / "val" / "dog")
    message = failure(f"{folder}@8", "test", tmp_path)
    assert "missing cow, unknown dog" in message
