"""What is not whole is named, with its remedy."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from stored import MEANS, data_file, fill, spec_of

from bench.artifacts.values import ClassMeans, GlobalStats
from bench.core.errors import BadValue, CorruptArtifact
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
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(BadValue, match="format 1 or older, given 2; update this program"):
        store.manifest(key)


def test_unknown_fields_of_a_manifest_are_left_out(store: Store) -> None:
    (key,) = fill(store)
    path = data_file(store, key).with_name("manifest.json")
    before = store.manifest(key)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"later": 2}))
    assert store.manifest(key) == before


def test_another_kind_is_not_loaded(store: Store) -> None:
    (key,) = fill(store)
    with pytest.raises(CorruptArtifact, match="expected a GlobalStats, found none of its 'means'"):
        store.load(key, GlobalStats)
