"""What is not whole is named, with its remedy."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from stored import MEANS, data_file, fill, spec_of

from bench.artifacts.values import ClassMeans, GlobalStats
from bench.core.errors import BadValue, CorruptArtifact
from bench.storage.manifest import sealed
from bench.storage.store import Store


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4)


def flip_last_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate, "expected 96 bytes, found"),
        (flip_last_bit, "expected sha256 .* found another"),
        (Path.unlink, "missing"),
    ],
)
def test_a_damaged_file_is_named_with_its_remedy(
    store: Store, damage: Callable[[Path], None], message: str
) -> None:
    (key,) = fill(store)
    message = message.replace("96", str(store.manifest(key).bytes))
    damage(data_file(store, key))
    pattern = rf"data\.safetensors: {message}.*bench store gc --corrupt.*run again"
    with pytest.raises(CorruptArtifact, match=pattern):
        store.load(key, ClassMeans)
    with pytest.raises(CorruptArtifact, match=pattern):
        store.get_or_make(spec_of(), lambda: MEANS)
    (problem,) = store.verify()
    assert problem.address == key
    assert str(data_file(store, key)) in str(problem)
    assert [str(p) for p in store.verify(key)] == [str(problem)]


def test_a_damaged_artifact_is_remade_after_it_was_removed(store: Store) -> None:
    keys = fill(store, 2)
    flip_last_bit(data_file(store, keys[0]))
    for problem in store.verify():
        store.delete(problem.address)
    assert not store.get_or_make(spec_of(0), lambda: MEANS).hit
    assert store.get_or_make(spec_of(1), lambda: MEANS).hit
    assert store.verify() == []


def test_loads_can_do_without_hashing(store: Store) -> None:
    (key,) = fill(store)
    flip_last_bit(data_file(store, key))
    hasty = Store(store.root, verify_loads=False)
    assert hasty.load(key, ClassMeans).means.shape == (2, 3)
    truncate(data_file(store, key))
    with pytest.raises(CorruptArtifact, match="bytes, found"):
        hasty.load(key, ClassMeans)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "expected a JSON manifest"), ("[]", "has no address"), ('{"stage": 1}', "has no addr")],
)
def test_a_damaged_manifest_is_a_problem_of_its_artifact_only(
    store: Store, text: str, message: str
) -> None:
    keys = fill(store, 2)
    path = data_file(store, keys[0]).with_name("manifest.json")
    path.write_text(text)
    with pytest.raises(CorruptArtifact, match=rf"manifest\.json: .*{message}.*gc --corrupt"):
        store.manifest(keys[0])
    assert [m.address for m in store.manifests()] == [keys[1]]
    assert [p.address for p in store.verify()] == [keys[0]]


def test_a_folder_without_a_manifest_is_made_again(store: Store) -> None:
    (key,) = fill(store)
    data_file(store, key).with_name("manifest.json").unlink()
    assert not store.has(key)
    with pytest.raises(CorruptArtifact, match=r"manifest\.json: missing; run again"):
        store.load(key, ClassMeans)
    assert not store.get_or_make(spec_of(), lambda: MEANS).hit
    assert store.verify() == []


def test_a_manifest_of_a_newer_version_is_refused(store: Store) -> None:
    (key,) = fill(store)
    path = data_file(store, key).with_name("manifest.json")
    path.write_text(sealed(json.loads(path.read_text()) | {"format": 3}))
    with pytest.raises(BadValue, match="format 2 or older, given 3; update this program"):
        store.manifest(key)


def test_unknown_fields_of_a_manifest_are_left_out(store: Store) -> None:
    (key,) = fill(store)
    path = data_file(store, key).with_name("manifest.json")
    before = store.manifest(key)
    path.write_text(sealed(json.loads(path.read_text()) | {"later": 2}))
    assert store.manifest(key) == before


def test_another_kind_is_not_loaded(store: Store) -> None:
    (key,) = fill(store)
    with pytest.raises(CorruptArtifact, match="expected a GlobalStats, found none of its 'means'"):
        store.load(key, GlobalStats)


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    "change",
    [{"seconds": 1.5}, {"meta": {"top1": 0.99}}, {"label": "better"}, {"format": 1}, {"later": 1}],
)
def test_any_edit_of_a_manifest_is_seen(store: Store, change: dict[str, object]) -> None:
    key, other = fill(store, 2)
    edit(data_file(store, key).with_name("manifest.json"), **change)
    message = r"manifest\.json: expected sha256 .* of its own values, found another.*gc --corrupt"
    with pytest.raises(CorruptArtifact, match=message):
        store.manifest(key)
    with pytest.raises(CorruptArtifact, match=message):
        store.load(key, ClassMeans)
    assert [p.address for p in store.verify()] == [key]
    assert store.readable(key) is None
    assert store.readable(other) == store.manifest(other)


def test_a_manifest_without_a_checksum_is_no_manifest(store: Store) -> None:
    """Nobody gets around the checksum by leaving it out."""
    (key,) = fill(store)
    path = data_file(store, key).with_name("manifest.json")
    values = json.loads(path.read_text())
    del values["manifest_sha256"]
    path.write_text(json.dumps(values))
    with pytest.raises(CorruptArtifact, match="expected a manifest, but it has no manifest_sha256"):
        store.manifest(key)


def test_a_swapped_artifact_is_seen(store: Store) -> None:
    """Its folder is whole, every checksum right: it only belongs to another address."""
    first, second = fill(store, 2)
    folder = data_file(store, first).parent
    shutil.rmtree(folder)
    shutil.copytree(data_file(store, second).parent, folder)
    message = rf"expected the artifact {first[:12]}\.\.\., found {second[:12]}\.\.\.,"
    with pytest.raises(CorruptArtifact, match=message):
        store.load(first, ClassMeans)
    assert [p.address for p in store.verify()] == [first]
    for problem in store.verify():
        store.delete(problem.address)
    assert not store.get_or_make(spec_of(0), lambda: MEANS).hit
    assert store.verify() == []


def test_a_manifest_that_is_a_folder_can_be_cleaned(store: Store) -> None:
    first, second = fill(store, 2)
    path = data_file(store, first).with_name("manifest.json")
    path.unlink()
    (path / "inside").mkdir(parents=True)
    with pytest.raises(
        CorruptArtifact, match=r"expected a file, found something else.*gc --corrupt"
    ):
        store.manifest(first)
    assert [m.address for m in store.manifests()] == [second]
    for problem in store.verify():
        store.delete(problem.address)
    assert list(store.addresses()) == [second]
    assert not store.get_or_make(spec_of(0), lambda: MEANS).hit


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def nest(path: Path) -> None:
    path.write_text('{"a":' * 50_000)


@pytest.mark.parametrize("damage", [pipe, nest])
def test_a_manifest_that_cannot_be_read_costs_its_artifact_only(
    store: Store, damage: Callable[[Path], None]
) -> None:
    """A pipe hung every command that looked at the store; deep nesting ended them all."""
    bad, good = fill(store, 2)
    damage(data_file(store, bad).with_name("manifest.json"))
    (problem,) = store.verify()
    assert problem.address == bad
    assert [manifest.address for manifest in store.manifests()] == [good]
    store.delete(bad)
    assert not store.get_or_make(spec_of(0), lambda: MEANS).hit
    assert store.verify() == []


def test_a_manifest_that_is_a_link_to_itself_is_no_manifest(store: Store) -> None:
    bad, good = fill(store, 2)
    manifest = data_file(store, bad).with_name("manifest.json")
    manifest.unlink()
    manifest.symlink_to(manifest.name)
    assert [found.address for found in store.manifests()] == [good]
    with pytest.raises(CorruptArtifact, match="missing; run again"):
        store.load(bad, ClassMeans)
    assert not store.get_or_make(spec_of(0), lambda: MEANS).hit
    assert store.verify() == []
