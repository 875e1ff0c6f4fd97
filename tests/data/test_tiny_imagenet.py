"""Tiny ImageNet in its official layout and converted gives one digest."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.core.errors import BadData
from bench.data.builtin import get_dataset
from bench.data.load import load

Write = Callable[..., Path]
WNIDS = [f"n{k:08d}" for k in range(200)]
SPEC = get_dataset("tiny-imagenet")


@pytest.fixture
def official(tmp_path: Path, write_image: Write) -> Path:
    """One training and one validation image of each class, as in the official zip."""
    folder = tmp_path / "tiny-imagenet-200"
    rows = []
    for k, wnid in enumerate(WNIDS):
        write_image(folder / "train" / wnid / "images" / f"{wnid}_0.JPEG", k, (64, 64))
        (folder / "train" / wnid / f"{wnid}_boxes.txt").write_text(f"{wnid}_0.JPEG\t0\t0\t62\t62\n")
        name = f"val_{199 - k}.JPEG"
        write_image(folder / "val" / "images" / name, 1000 + k, (64, 64))
        rows.append(f"{name}\t{wnid}\t0\t0\t62\t62")
    (folder / "val" / "val_annotations.txt").write_text("\n".join(rows) + "\n")
    (folder / "wnids.txt").write_text("\n".join(reversed(WNIDS)) + "\n")
    write_image(folder / "test" / "images" / "test_0.JPEG", 0, (64, 64))
    return folder


def test_classes_follow_the_sorted_ids(official: Path) -> None:
    train = load(SPEC, "train", official.parent)
    assert train.images.shape == (200, 3, 64, 64)
    assert train.classes == tuple(WNIDS)
    assert train.labels.tolist() == list(range(200))


def test_official_and_converted_validation_are_one_set(official: Path) -> None:
    before = load(SPEC, "test", official.parent)
    for k, wnid in enumerate(WNIDS):
        (official / "val" / wnid).mkdir()
        name = f"val_{199 - k}.JPEG"
        (official / "val" / "images" / name).rename(official / "val" / wnid / name)
    (official / "val" / "images").rmdir()
    after = load(SPEC, "test", official.parent)
    assert before.labels.tolist() == list(range(200))
    assert after.digest == before.digest


def test_a_changed_annotation_is_noticed(official: Path) -> None:
    before = load(SPEC, "test", official.parent)
    table = official / "val" / "val_annotations.txt"
    lines = table.read_text().splitlines()
    first, second = (line.split("\t")[0] for line in lines[:2])
    lines[:2] = [lines[0].replace(first, second), lines[1].replace(second, first)]
    table.write_text("\n".join(lines) + "\n\n")
    assert load(SPEC, "test", official.parent).digest != before.digest


def test_unknown_class_in_the_annotations_is_named(official: Path) -> None:
    table = official / "val" / "val_annotations.txt"
    table.write_text(table.read_text().replace(WNIDS[3], "n99"))
    with pytest.raises(BadData, match=r"val_annotations\.txt, line 4: .* found 'val_196"):
        load(SPEC, "test", official.parent)


def test_missing_annotated_image_is_named(official: Path) -> None:
    (official / "val" / "images" / "val_7.JPEG").unlink()
    with pytest.raises(BadData, match=r"val_7\.JPEG: expected this annotated image"):
        load(SPEC, "test", official.parent)


def test_missing_class_folder_is_named(official: Path) -> None:
    (official / "train" / WNIDS[5]).rename(official / "gone")
    with pytest.raises(BadData, match=f"missing {WNIDS[5]}"):
        load(SPEC, "train", official.parent)
