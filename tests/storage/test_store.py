"""What was made once is found again, whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from stored import MEANS, PROJECT, data_file, fill, spec_of

from bench.artifacts.labels import Score
from bench.artifacts.values import ClassMeans, GlobalStats
from bench.core.errors import BadValue
from bench.storage.store import Store, write_atomically


def test_an_artifact_is_made_once(store: Store) -> None:
    calls: list[int] = []

    def make() -> ClassMeans:
        calls.append(1)
        return MEANS

    first = store.get_or_make(spec_of(), make)
    second = store.get_or_make(spec_of(), make)
    assert len(calls) == 1
    assert (first.hit, second.hit) == (False, True)
    assert torch.equal(second.artifact.means, MEANS.means)
    assert second.seconds == first.seconds == first.manifest.seconds
    assert second.manifest == first.manifest


def test_the_manifest_says_where_an_artifact_is_from(store: Store) -> None:
    made = store.get_or_make(spec_of(3), lambda: MEANS).manifest
    assert made == store.manifest(spec_of(3).address)
    assert (made.stage, made.kind, made.seed) == ("means", "ClassMeans", 3)
    assert made.label == "digits · 3"
    assert made.config == {"number": 3}
    assert made.upstream == {"observe": "ab" * 16}
    assert made.tensors == {"means": "float32 2x3"}
    assert made.device == "cpu"
    assert made.versions["torch"] == torch.__version__
    assert made.bytes == data_file(store, made.address).stat().st_size
    assert made.seconds > 0
    assert made.peak_memory > 0
    assert made.created.endswith("+00:00")


def test_the_manifest_holds_all_fields_that_are_no_tensors(store: Store) -> None:
    score = Score(0.5, torch.tensor([1, 0]), torch.ones(2).long(), 7, 0, {"top5": 0.75})
    meta = store.get_or_make(spec_of(kind=Score), lambda: score).manifest.meta
    assert meta == {"top1": 0.5, "updates": 7, "label_bytes": 0, "extra": {"top5": 0.75}}


def test_loaded_tensors_can_be_written_to_without_changing_the_file(store: Store) -> None:
    (key,) = fill(store)
    store.load(key, ClassMeans).means.zero_()
    assert torch.equal(store.load(key, ClassMeans).means, MEANS.means)


def test_equal_artifacts_are_equal_files(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    stats = GlobalStats((torch.ones(2), torch.zeros(3)), (torch.ones(1),))
    spec = spec_of(kind=GlobalStats)
    for place in (store, other):
        place.get_or_make(spec, lambda: stats)
    assert (
        data_file(store, spec.address).read_bytes() == data_file(other, spec.address).read_bytes()
    )


def test_nothing_is_created_before_something_is_written(store: Store) -> None:
    assert not store.has("ab" * 16)
    assert list(store.manifests()) == []
    assert store.verify() == []
    assert store.size() == 0
    assert store.record("failures", "x") is None
    assert not Path(store.root).exists()


def test_listing_verifying_and_deleting(store: Store) -> None:
    keys = fill(store, 3)
    assert sorted(m.address for m in store.manifests()) == sorted(keys)
    assert list(store.addresses(keys[1][:6])) == [keys[1]]
    assert store.size() > 3 * MEANS.means.nbytes
    store.delete(keys[0])
    store.delete(keys[0])
    assert not store.has(keys[0])
    assert sorted(store.addresses()) == sorted(keys[1:])
    assert store.verify() == []


def test_a_failed_make_is_not_stored_and_can_be_tried_again(store: Store) -> None:
    def fail() -> ClassMeans:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.get_or_make(spec_of(), fail)
    assert not store.has(spec_of().address)
    assert not store.get_or_make(spec_of(), lambda: MEANS).hit
    assert os.listdir(Path(store.root) / "locks") == []
    assert os.listdir(Path(store.root) / "tmp") == []


def test_an_artifact_of_another_kind_is_refused(store: Store) -> None:
    with pytest.raises(BadValue, match="'means': expected it to make a ClassMeans, given dict"):
        store.get_or_make(spec_of(), lambda: {})  # type: ignore[arg-type, return-value]
    assert not store.has(spec_of().address)
    assert os.listdir(Path(store.root) / "tmp") == []


@pytest.mark.parametrize("key", ["", "../../../etc", "AB" * 16, "abc"])
def test_what_is_no_address_is_refused(store: Store, key: str) -> None:
    with pytest.raises(BadValue, match="expected 8 to 64 lower-case hex digits"):
        store.has(key)


QUESTIONS = """
import sys
from bench.storage.store import Store
store = Store(sys.argv[1])
(key,) = store.addresses()
assert store.has(key) and store.manifest(key).meta == {}
assert [m.address for m in store.manifests()] == [key]
assert store.verify() == [] and store.size() > 0 and store.gc([key]).removed == 0
store.put_record("rows", key, {"top1": 0.5})
assert store.records("rows")[key] == store.record("rows", key)
heavy = {"torch", "numpy", "safetensors", "fsspec", "pydantic", "psutil"} & set(sys.modules)
print(sorted(heavy))
"""


def test_questions_that_manifests_answer_import_nothing_heavy(store: Store) -> None:
    fill(store)
    done = subprocess.run(
        [sys.executable, "-c", QUESTIONS, store.root],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_files_are_replaced_at_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.md"
    write_atomically(path, "one")
    write_atomically(path, b"two")
    assert path.read_text() == "two"
    assert os.listdir(path.parent) == ["report.md"]
    with pytest.raises(BadValue, match="a part of its path is a file"):
        write_atomically(path / "below", "three")


def test_a_local_folder_is_made_beside_the_artifacts(store: Store) -> None:
    folder = store.local_folder("reports")
    assert folder == Path(store.root) / "reports"
    assert folder.is_dir()
