"""A split is decoded once; the cache is trusted only while its source is unchanged."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.core.errors import BadData
from bench.data import cache
from bench.data.builtin import get_dataset
from bench.data.load import digest, load
from bench.data.prepare import list_datasets, prepare, verify
from bench.data.roots import cache_folder
from bench.data.sources.arrays import Arrays
from bench.data.spec import DatasetSpec, Split

Write = Callable[..., Path]
PIXELS = np.arange(6 * 4 * 4 * 3, dtype=np.uint8).reshape(6, 4, 4, 3)
LABELS = np.array([0, 1, 0, 1, 0, 1])


def arrays(reads: list[Split] | None = None, version: str = "1") -> DatasetSpec:
    """Six colour images of two classes; `reads` collects the splits that are read."""

    def read(split: Split) -> tuple[np.ndarray, np.ndarray]:
        if reads is not None:
            reads.append(split)
        return PIXELS, LABELS

    source = Arrays(("a", "b"), read, version)
    third = (0.5, 0.5, 0.5)
    return DatasetSpec("six", 2, 3, 4, 4, third, third, source, "ours")


def test_pixels_come_back_channel_first(tmp_path: Path) -> None:
    real = load(arrays(), "train", tmp_path)
    assert (real.images.numpy() == PIXELS.transpose(0, 3, 1, 2)).all()
    assert real.labels.tolist() == LABELS.tolist()
    assert real.images.dtype == torch.uint8
    assert real.labels.dtype == torch.int64


def test_second_load_reads_no_source(tmp_path: Path) -> None:
    reads: list[Split] = []
    first = load(arrays(reads), "train", tmp_path)
    second = load(arrays(reads), "train", tmp_path)
    assert reads == ["train"]
    assert second.digest == first.digest == digest(arrays(reads), "train", tmp_path)
    assert torch.equal(first.images, second.images)


def test_writing_to_loaded_images_never_reaches_the_cache(tmp_path: Path) -> None:
    load(arrays(), "train", tmp_path).images.zero_()
    assert load(arrays(), "train", tmp_path).images.any()
    assert verify(arrays(), tmp_path)[0].split == "test"


def test_many_threads_decode_once(tmp_path: Path) -> None:
    reads: list[Split] = []
    spec, digests = arrays(reads), []
    threads = [
        threading.Thread(target=lambda: digests.append(digest(spec, "train", tmp_path)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reads == ["train"]
    assert len(digests) == 8
    assert len(set(digests)) == 1


def test_another_version_of_the_source_is_read_again(tmp_path: Path) -> None:
    reads: list[Split] = []
    for version in ("1", "2", "2"):
        load(arrays(reads, version), "train", tmp_path)
    assert len(reads) == 2
    assert len(list(tmp_path.glob("decoded/*/train-*.images.npy"))) == 1


def test_digest_covers_what_the_network_sees(tmp_path: Path) -> None:
    spec = arrays()
    other = replace(spec, mean=(0.4, 0.5, 0.5))
    assert digest(spec, "train", tmp_path) != digest(other, "train", tmp_path)
    assert digest(spec, "train", tmp_path) == digest(spec, "train", tmp_path / "elsewhere")


def change_size(image: Path, write_image: Write) -> None:
    write_image(image, 99, (20, 20))


def add(image: Path, write_image: Write) -> None:
    write_image(image.with_name("new.JPEG"), 98)


@pytest.mark.parametrize("change", [change_size, add])
def test_changed_source_is_decoded_again(
    change: Callable[[Path, Write], None],
    tmp_path: Path,
    write_folders: Write,
    write_image: Write,
) -> None:
    spec = get_dataset(f"{write_folders(tmp_path / 'a')}@8")
    before = prepare(spec, tmp_path)
    change(tmp_path / "a" / "train" / "bee" / "0.JPEG", write_image)
    assert [p.path.name for p in verify(spec, tmp_path)] == ["a"]
    after = prepare(spec, tmp_path)
    assert [split.hit for split in after] == [False, True]
    assert after[0].digest != before[0].digest
    assert verify(spec, tmp_path) == []


def test_one_replaced_png_of_equal_size_and_time_is_seen(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for k, name in enumerate(("ant", "bee")):
            image = tmp_path / "a" / split / name / "0.png"
            image.parent.mkdir(parents=True)
            Image.new("RGB", (8, 8), (k, 2, 3)).save(image)
    spec = get_dataset(f"{tmp_path / 'a'}@8")
    before = digest(spec, "train", tmp_path)
    image = tmp_path / "a" / "train" / "bee" / "0.png"
    seen = image.stat()
    Image.new("RGB", (8, 8), (7, 2, 3)).save(image)
    os.utime(image, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    now = image.stat()
    assert (now.st_size, now.st_mtime_ns) == (seen.st_size, seen.st_mtime_ns)
    assert digest(spec, "train", tmp_path) != before


def test_touched_and_copied_files_are_not_decoded_again(
    tmp_path: Path, write_folders: Write
) -> None:
    folder = write_folders(tmp_path / "a")
    spec = get_dataset(f"{folder}@8")
    before = prepare(spec, tmp_path)
    os.utime(folder / "train" / "bee" / "0.JPEG", ns=(1, 1))
    shutil.copytree(folder, tmp_path / "copy")
    shutil.rmtree(folder)
    (tmp_path / "copy").rename(folder)
    assert verify(spec, tmp_path) == []
    after = prepare(spec, tmp_path)
    assert [split.hit for split in after] == [True, True]
    assert after[0].digest == before[0].digest
    key = spec.source.key(tmp_path, "train")
    found = json.loads((cache_folder(spec, tmp_path) / "train.json").read_text())
    assert found["source_key"] == key  # looked at once, not at every command


def test_prepared_set_outlives_its_source(tmp_path: Path, write_folders: Write) -> None:
    folder = write_folders(tmp_path / "imagenette", classes=tuple(f"n{k}" for k in range(10)))
    spec = get_dataset("imagenette@8")
    before = digest(spec, "train", tmp_path)
    folder.rename(tmp_path / "gone")
    assert load(spec, "train", tmp_path).digest == before


def test_truncated_cache_is_made_again(tmp_path: Path) -> None:
    reads: list[Split] = []
    before = digest(arrays(reads), "train", tmp_path)
    images = next(tmp_path.glob("decoded/*/train-*.images.npy"))
    images.write_bytes(images.read_bytes()[:-1])
    assert digest(arrays(reads), "train", tmp_path) == before
    assert len(reads) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 0}', '{"format": 1}'])
def test_unreadable_manifest_is_made_again(text: str, tmp_path: Path) -> None:
    before = digest(arrays(), "train", tmp_path)
    next(tmp_path.glob("decoded/*/train.json")).write_text(text)
    assert digest(arrays(), "train", tmp_path) == before


def test_flipped_bit_is_found_by_verify(tmp_path: Path) -> None:
    prepare(arrays(), tmp_path)
    images = next(tmp_path.glob("decoded/*/test-*.images.npy"))
    content = bytearray(images.read_bytes())
    content[-1] ^= 1
    images.write_bytes(content)
    (problem,) = verify(arrays(), tmp_path)
    assert (problem.split, problem.path) == ("test", images)
    assert "bench data prepare six" in problem.text


def test_failed_decoding_leaves_the_old_split_in_place(
    tmp_path: Path, write_folders: Write
) -> None:
    spec = get_dataset(f"{write_folders(tmp_path / 'a')}@8")
    prepare(spec, tmp_path)
    before = sorted(path.name for path in cache_folder(spec, tmp_path).iterdir())
    (tmp_path / "a" / "train" / "cow" / "1.JPEG").write_bytes(b"broken")
    with pytest.raises(BadData, match="cannot decode"):
        load(spec, "train", tmp_path)
    assert sorted(path.name for path in cache_folder(spec, tmp_path).iterdir()) == before


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    folder = cache_folder(arrays(), tmp_path)
    folder.mkdir(parents=True)
    (folder / "train-0123.images.npy.tmp").write_bytes(b"half")
    load(arrays(), "train", tmp_path)
    assert not list(folder.glob("*.tmp"))


def test_converted_images_are_counted(
    tmp_path: Path, write_folders: Write, write_image: Write
) -> None:
    folder = write_folders(tmp_path / "a")
    write_image(folder / "train" / "ant" / "grey.JPEG", 0, mode="L")
    write_image(folder / "train" / "bee" / "clear.png", 0, mode="RGBA")
    write_image(folder / "train" / "bee" / "print.jpg", 0, mode="CMYK")
    train, test = prepare(get_dataset(f"{folder}@8"), tmp_path)
    assert train.converted == {"L": 1, "RGBA": 1, "CMYK": 1}
    assert test.converted == {}


def test_progress_ends_at_the_number_of_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "CHUNK", 4)
    heard: list[tuple[str, int, int]] = []
    prepare(arrays(), tmp_path, progress=lambda *given: heard.append(given))
    assert heard == [("train", 4, 6), ("train", 6, 6), ("test", 4, 6), ("test", 6, 6)]


def test_cache_may_lie_outside_the_data_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDBENCH_CACHE", str(tmp_path / "scratch"))
    load(arrays(), "train", tmp_path / "root")
    assert not (tmp_path / "root").exists()
    assert (next((tmp_path / "scratch" / "data").iterdir()) / "train.json").is_file()


def test_unwritable_cache_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "decoded").write_text("a file where the folder should be")
    with pytest.raises(BadData, match="set DDBENCH_CACHE to a folder that can be written"):
        load(arrays(), "train", tmp_path)


def test_full_disk_is_refused_before_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = cache.shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(BadData, match=r"free space .* lower resolution such as six@64"):
        load(arrays(), "train", tmp_path)


@pytest.mark.parametrize(
    ("labels", "message"), [([0] * 6, "found none of b"), ([0, 1, 2, 0, 1, 2], "some labels")]
)
def test_labels_that_do_not_cover_the_classes_are_refused(
    labels: Sequence[int], message: str, tmp_path: Path
) -> None:
    source = Arrays(("a", "b"), lambda split: (PIXELS, np.array(labels)), "1")
    with pytest.raises(BadData, match=message):
        load(replace(arrays(), source=source), "train", tmp_path)


def test_grey_images_for_a_colour_set_are_refused(tmp_path: Path) -> None:
    source = Arrays(("a", "b"), lambda split: (PIXELS[..., 0], LABELS), "1")
    with pytest.raises(BadData, match="expected images of mode RGB from its source, given L"):
        load(replace(arrays(), source=source), "train", tmp_path)


def test_manifest_is_plain_json(tmp_path: Path) -> None:
    prepare(arrays(), tmp_path)
    manifest = json.loads(next(tmp_path.glob("decoded/*/train.json")).read_text())
    assert manifest["shape"] == [6, 3, 4, 4]
    assert manifest["classes"] == ["a", "b"]


def test_npy_files_open_with_numpy(tmp_path: Path) -> None:
    prepare(arrays(), tmp_path)
    images = np.load(next(tmp_path.glob("decoded/*/train-*.images.npy")), allow_pickle=False)
    assert (images == PIXELS.transpose(0, 3, 1, 2)).all()


def test_listing_tells_ready_found_and_missing(tmp_path: Path, write_folders: Write) -> None:
    prepare(get_dataset("digits"), tmp_path)
    write_folders(tmp_path / "imagenette")
    rows = {row.name: row for row in list_datasets(tmp_path)}
    assert rows["digits"].state == "ready"
    assert (rows["digits"].train, rows["digits"].test) == (1442, 355)
    assert rows["imagenette"].state == "source found"
    assert rows["imagenette"].train is None
    assert rows["cifar10"].state == "missing"
    assert rows["cifar10"].downloadable
    assert all(row.licence for row in rows.values())


def test_missing_split_is_a_problem(tmp_path: Path) -> None:
    problems = verify(arrays(), tmp_path)
    assert [problem.split for problem in problems] == ["train", "test"]
    assert all("found none" in problem.text for problem in problems)
