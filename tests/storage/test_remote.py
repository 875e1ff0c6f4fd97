"""A store behind a URL behaves as a local one, through a copy that is never trusted blindly."""

import os
import threading
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest
import torch
from fsspec.implementations.local import LocalFileSystem
from waiting import LIMIT

from bench.artifacts.values import ClassMeans
from bench.core.errors import BadValue, CorruptArtifact
from bench.storage.gc import sweep
from bench.storage.measure import Measured
from bench.storage.objects import Objects
from bench.storage.remote import RemotePlace, place_at
from bench.storage.store import ArtifactSpec, Store

KEY, OTHER = "ab" * 16, "cd" * 16
FOLDER = f"objects/ab/{KEY}"
MEANS = ClassMeans(torch.arange(3.0))


@pytest.fixture(autouse=True)
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DDBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def url() -> str:
    return f"memory://{uuid4().hex}/store"


def spec_of(key: str) -> ArtifactSpec:
    return ArtifactSpec(key, "means", ClassMeans)


def fill(url: str) -> Store:
    store = Store(url)
    for key in (KEY, OTHER):
        store.get_or_make(spec_of(key), lambda: MEANS)
    return store


def test_what_one_machine_made_another_finds(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(url)
    monkeypatch.setenv("DDBENCH_CACHE", os.environ["DDBENCH_CACHE"] + "-of-another-machine")
    other = Store(url)
    made = other.get_or_make(spec_of(KEY), lambda: pytest.fail("was made twice"))
    assert made.hit
    assert torch.equal(made.artifact.means, MEANS.means)
    assert sorted(other.addresses()) == [KEY, OTHER]
    assert other.verify() == []


def test_the_layout_is_that_of_a_local_store(url: str) -> None:
    store = fill(url)
    found = fsspec.filesystem("memory").find(url)
    names = sorted(path.partition("/store/")[2] for path in found)
    files = ("data.safetensors", "manifest.json")
    assert names == [f"objects/{k[:2]}/{k}/{f}" for k in (KEY, OTHER) for f in files]
    assert store.size() == sum(fsspec.filesystem("memory").sizes(found))


def test_records(url: str) -> None:
    store = Store(url)
    assert store.records("rows") == {}
    store.put_record("rows", "a", {"n": 1})
    assert store.record("rows", "a") == {"n": 1}
    store.delete_record("rows", "a")
    store.delete_record("rows", "a")
    assert store.record("rows", "a") is None


def test_a_bad_copy_is_fetched_again(url: str, copies: Path) -> None:
    store = fill(url)
    (copy,) = copies.glob(f"stores/*/{FOLDER}/data.safetensors")
    copy.write_bytes(bytes(copy.stat().st_size))
    assert torch.equal(store.load(KEY, ClassMeans).means, MEANS.means)
    copy.unlink()
    assert torch.equal(store.load(KEY, ClassMeans).means, MEANS.means)


def test_a_copy_of_what_was_remade_is_fetched_again(
    url: str, copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first machine's copy has the address, but not the bytes, of what is there now."""
    first = fill(url)
    first.load(KEY, ClassMeans)
    monkeypatch.setenv("DDBENCH_CACHE", str(copies / "second"))
    second = Store(url)
    second.delete(KEY)
    second.get_or_make(spec_of(KEY), lambda: ClassMeans(torch.ones(3)))
    assert torch.equal(first.load(KEY, ClassMeans).means, torch.ones(3))


def test_remote_damage_is_named(url: str) -> None:
    store = fill(url)
    fsspec.filesystem("memory").pipe_file(f"{url}/{FOLDER}/data.safetensors", b"junk")
    store.load(KEY, ClassMeans)  # the copy is still good
    Path(os.environ["DDBENCH_CACHE"]).rename(os.environ["DDBENCH_CACHE"] + "-lost")
    with pytest.raises(CorruptArtifact, match="bytes, found 4; remove it with"):
        store.load(KEY, ClassMeans)
    assert [problem.address for problem in store.verify()] == [KEY]


def test_half_an_upload_is_nothing(url: str) -> None:
    system = fsspec.filesystem("memory")
    system.pipe_file(f"{url}/{FOLDER}/data.safetensors", b"half")
    store = Store(url)
    assert not store.has(KEY)
    assert list(store.addresses()) == []
    assert store.gc(None).removed == 1
    assert not system.exists(f"{url}/{FOLDER}/data.safetensors")
    system.pipe_file(f"{url}/{FOLDER}/data.safetensors", b"half")
    assert not store.get_or_make(spec_of(KEY), lambda: MEANS).hit
    assert store.verify() == []


def test_threads_make_it_once(url: str) -> None:
    made: list[int] = []
    waiting = threading.Semaphore(0)

    def make() -> ClassMeans:
        made.append(1)
        for _ in range(3):
            assert waiting.acquire(timeout=LIMIT)
        return MEANS

    def want() -> None:
        found = Store(url).get_or_make(spec_of(KEY), make, on_wait=lambda text: waiting.release())
        assert torch.equal(found.artifact.means, MEANS.means)

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert made == [1]
    assert Store(url).has(KEY)


def test_gc_and_delete(url: str, copies: Path) -> None:
    store = fill(url)
    store.load(KEY, ClassMeans)
    assert store.gc([OTHER]).removed == 1
    assert list(store.addresses()) == [OTHER]
    assert list(copies.glob(f"stores/*/{FOLDER}")) == []
    store.delete(OTHER)
    assert list(store.addresses()) == []


def test_local_folders_lie_beside_the_copies(url: str, copies: Path) -> None:
    folder = Store(url).local_folder("reports")
    assert folder.is_dir()
    assert folder.is_relative_to(copies)


def test_a_file_system_with_folders_works_too(tmp_path: Path) -> None:
    place = RemotePlace(LocalFileSystem(), str(tmp_path / "far"), "far://", tmp_path / "near")
    objects = Objects(place)
    assert not objects.has(KEY)
    assert list(objects.addresses()) == []
    assert objects.write(spec_of(KEY), MEANS, Measured(1.0, "cpu", 1))
    assert objects.write(spec_of(KEY), MEANS, Measured(2.0, "cpu", 1)) is None
    assert objects.manifest(KEY).seconds == 1.0
    assert torch.equal(objects.load(KEY, ClassMeans).means, MEANS.means)
    assert place.create("locks/x", b"1")
    assert not place.create("locks/x", b"2")
    assert place.read("locks/x") == b"1"
    assert place.read("locks") is None
    assert sweep(place, [], dry_run=False).removed == 1
    assert not objects.has(KEY)


def test_urls_of_files_are_folders(tmp_path: Path) -> None:
    Store(f"file://{tmp_path}/store").get_or_make(spec_of(KEY), lambda: MEANS)
    assert Store(tmp_path / "store").has(KEY)


@pytest.mark.parametrize("url", ["nonsense://x", "abfs://container/store"])
def test_urls_that_cannot_be_opened_are_one_line(url: str) -> None:
    with pytest.raises(BadValue, match=f"store {url}: expected a URL that fsspec can open"):
        place_at(url)
