"""Names of variants: subsets, settings of folders, folders at their own size, and raw IDX files."""

import gzip
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.app.session import find_source, find_spec
from bench.core.errors import BadData, BadValue, BenchError
from bench.data.load import load
from bench.data.sizes import published_sizes
from bench.data.sizes import test_set as whose_test_set

Write = Callable[..., Path]


def test_some_classes_are_kept_and_renumbered(data_root: Path) -> None:
    whole, some = (load(find_spec(n), "test", data_root) for n in ("digits", "digits#classes=1+7"))
    assert some.classes == ("1", "7")
    assert some.labels.unique().tolist() == [0, 1]
    kept = (whole.labels == 1) | (whole.labels == 7)
    assert (some.images == whole.images[kept]).all()
    assert load(find_spec("digits#classes=3"), "train", data_root).classes == ("0", "1", "2")


def test_fewer_training_images_leave_the_test_split_alone(data_root: Path) -> None:
    whole, few = find_source("digits", data_root), find_source("digits#images=7", data_root)
    assert few.train_count == 70
    assert few.test_count == whole.test_count
    real = load(few.spec, "train", data_root)
    assert real.labels.bincount().tolist() == [7] * 10


def test_marks_work_together_and_in_any_order(data_root: Path) -> None:
    one, two = (
        find_spec("digits#val#images=10#classes=2"),
        find_spec("digits#classes=2#images=10#val"),
    )
    assert one.name == two.name == "digits#classes=2#images=10#val"
    source = find_source(one.name, data_root)
    assert (source.train_count, source.test_count) == (16, 4)  # every fifth of ten is held out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digits#val#val", "#val once"),
        ("digits#images=3#images=4", "#images once"),
        ("digits#clases=3", "did you mean 'classes'"),
        ("digits#", "expected one of #margin"),
        ("digits#val=1", "the form #val"),
        ("digits#classes", "the form #classes=VALUE"),
        ("digits#classes=", "the form #classes=VALUE"),
        ("digits#classes=1", "N from 2 to 10"),
        ("digits#classes=11", "N from 2 to 10"),
        ("digits#classes=3+3", "distinct labels"),
        ("digits#classes=3+99", "distinct labels"),
        ("digits#classes=a+b", "distinct labels"),
        ("digits#images=0", "N from 1"),
        ("digits#images=-1", "N from 1"),
        ("digits#val@16", "before the first '#'"),
        ("digits#margin=2", "#margin=0 or #margin=1"),
        ("digits#grey=1", "an image folder"),
        ("digits#norm=imagnet", "did you mean 'imagenet'"),
    ],
)
def test_a_bad_form_is_one_line(name: str, message: str) -> None:
    with pytest.raises(BadValue, match=message) as caught:
        find_spec(name)
    assert "\n" not in str(caught.value)


def test_a_folder_at_its_own_size_has_no_margin(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "a", size=(32, 32))
    own, named = find_spec(str(folder)), find_spec(f"{folder}@32")
    assert (own.resolution, own.store_resolution, own.whole) == (32, 32, False)
    assert named == own
    reduced, enlarged = find_spec(f"{folder}@16"), find_spec(f"{folder}@64")
    assert (reduced.store_resolution, reduced.whole) == (18, True)
    assert (enlarged.store_resolution, enlarged.whole) == (64, False)


@pytest.mark.parametrize(
    ("size", "side"), [((300, 260), 224), ((200, 150), 128), ((100, 64), 64), ((20, 30), 32)]
)
def test_a_folder_of_photographs_gets_the_resolution_that_they_fill(
    size: tuple[int, int], side: int, tmp_path: Path, write_folders: Write
) -> None:
    spec = find_spec(str(write_folders(tmp_path / "a", size=size, count=1)))
    assert spec.resolution == side
    assert spec.store_resolution == round(side * 8 / 7)


def test_margin_norm_flip_and_grey_are_settings(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "a")
    spec = find_spec(f"{folder}@8#margin=0#grey=1#flip=0#norm=half")
    assert (spec.store_resolution, spec.channels, spec.flip) == (8, 1, False)
    assert (spec.mean, spec.std) == ((0.5,), (0.5,))
    real, colour = (
        load(find_spec(name), "train", tmp_path) for name in (spec.name, f"{folder}@8#margin=0")
    )
    assert real.images.shape == (6, 1, 8, 8)
    assert real.whole is not None
    assert real.whole.channels == 1
    weights = np.array([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)
    grey = (colour.images.numpy() * weights).sum(1, keepdims=True)
    assert np.abs(real.images.numpy() - grey).max() < 3  # grey first, then resized


@pytest.mark.parametrize("packed", [False, True])
def test_raw_idx_files_are_read(packed: bool, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)
    labels = np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8)
    for prefix in ("train", "t10k"):
        images = struct.pack(">4I", 0x803, *pixels.shape) + pixels.tobytes()
        classes = struct.pack(">2I", 0x801, 6) + labels.tobytes()
        for part, raw in (("images-idx3", images), ("labels-idx1", classes)):
            name = f"{prefix}-{part}-ubyte" + (".gz" if packed else "")
            (tmp_path / name).write_bytes(gzip.compress(raw) if packed else raw)
    spec = find_spec(str(tmp_path))
    assert (spec.num_classes, spec.channels, spec.resolution, spec.flip) == (3, 1, 28, False)
    real = load(spec, "test", tmp_path)
    assert (real.images[:, 0].numpy() == pixels).all()
    assert real.labels.tolist() == labels.tolist()


def test_a_damaged_idx_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, 5, 28, 28))
    with pytest.raises(BadData, match=r"train-images-idx3-ubyte: expected a whole IDX file"):
        find_spec(str(tmp_path))


def test_an_unknown_home_is_one_line() -> None:
    with pytest.raises(BadData, match="there is no such user"):
        find_spec("~nosuchuser/x")


def test_a_pipe_among_the_images_is_refused(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "a")
    os.mkfifo(folder / "train" / "ant" / "pipe.png")
    with pytest.raises(BadData, match=r"pipe\.png: expected a regular image file"):
        load(find_spec(str(folder)), "train", tmp_path)


def test_a_pipe_of_another_name_is_ignored(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "a")
    os.mkfifo(folder / "train" / "ant" / "pipe")
    assert len(load(find_spec(f"{folder}@8"), "train", tmp_path).labels) == 6


def test_imagewoof_is_built_in(tmp_path: Path, write_folders: Write) -> None:
    write_folders(tmp_path / "imagewoof2", classes=tuple(f"n0{k}" for k in range(10)), count=1)
    real = load(find_spec("imagewoof@16"), "test", tmp_path)
    assert real.classes[0] == "Shih-Tzu"
    assert real.classes[9] == "dingo"


def test_test_sets_are_told_apart_by_their_number_of_images() -> None:
    assert whose_test_set("imagenette@64", 3925) == "fastai v2"
    assert whose_test_set("imagewoof", 500) == "ImageNet-1K's validation images"
    assert whose_test_set("digits", 355) == ""
    assert published_sizes("imagewoof") == (9025, 3929)
    assert published_sizes("imagenette#classes=3") is None


def test_every_error_is_the_projects() -> None:
    for name in ("", "#val", "@64", "digits#val#", "/", "~"):
        with pytest.raises(BenchError):
            find_spec(name)
