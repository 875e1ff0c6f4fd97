"""What was made once is found again, whole; what is not whole is named, with its remedy."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bench.artifacts import ClassMeans, GlobalStats, Score
from bench.errors import BadValue, CorruptArtifact
from bench.fingerprint import address
from bench.store import ArtifactSpec, Store, write_atomically

MEANS = ClassMeans(torch.arange(6.0).reshape(2, 3))
PROJECT = Path(__file__).parents[2]


def spec_of(number: int = 0, kind: type = ClassMeans) -> ArtifactSpec:
    config = {"number": number}
    upstream = {"observe": "ab" * 16}
    key = address("means", 1, config, upstream, number)
    return ArtifactSpec(key, "means", kind, config, upstream, number, f"digits · {number}")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def fill(store: Store, count: int = 1) -> list[str]:
    specs = [spec_of(number) for number in range(count)]
    return [store.get_or_make(spec, lambda: MEANS).manifest.address for spec in specs]


def data_file(store: Store, key: str) -> Path:
    return Path(store.root) / "objects" / key[:2] / key / "data.safetensors"


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


def test_gc_keeps_what_it_is_told_to(store: Store) -> None:
    keys = fill(store, 3)
    size = store.size()
    assert store.gc(None).removed == 0
    trial = store.gc(keys[:1], dry_run=True)
    assert trial.removed == 2
    assert store.size() == size
    assert store.gc(keys[:1]) == trial
    assert trial.bytes == size - store.size()
    assert list(store.addresses()) == keys[:1]


def test_gc_removes_what_dead_processes_left(store: Store) -> None:
    keys = fill(store, 1)
    gone = f"{os.getpid()}-1-abc"  # this pid, but a process that started at another time
    left = subprocess.run(
        [sys.executable, "-c", LEFTOVERS, store.root, gone, keys[0]],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        check=False,
    )
    assert left.returncode == -9
    swept = store.gc(None)
    assert swept.removed == 3
    assert swept.bytes >= 1000
    assert os.listdir(Path(store.root) / "tmp") == []
    assert os.listdir(Path(store.root) / "locks") == []
    assert store.verify() == []
    assert list(store.addresses()) == keys


LEFTOVERS = """
import os, signal, sys
from pathlib import Path
from bench.storage.locks import Timing, exclusive
from bench.storage.owner import machine
from bench.storage.place import LocalPlace

place = LocalPlace(Path(sys.argv[1]))
(place.stage() / "half").write_bytes(bytes(1000))
(place.root / "tmp" / f"{machine()}-{sys.argv[2]}").mkdir()
with exclusive(place, "ab" * 16, lambda: False, print, Timing()):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_gc_leaves_the_living_alone(store: Store) -> None:
    def make() -> ClassMeans:
        assert store.gc(()).removed == 0
        return MEANS

    assert not store.get_or_make(spec_of(), make).hit
    assert store.has(spec_of().address)


def test_a_store_below_a_file_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(BadValue, match="expected a folder, given a file; choose another --store"):
        Store(file)
    below = Store(file / "store")
    assert not below.has("ab" * 16)
    with pytest.raises(BadValue, match="a part of its path is a file; choose another folder"):
        below.get_or_make(spec_of(), lambda: pytest.fail("was called"))


def test_a_store_that_cannot_be_written_fails_before_anything_is_computed(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(BadValue, match="may not be read or written; choose another folder"):
        Store(folder).get_or_make(spec_of(), lambda: pytest.fail("was called"))


def test_a_full_disk_is_one_line_and_leaves_nothing(store: Store) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, store.root],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"store {store.root}: expected a folder that can be used, but")
    assert len(done.stdout.splitlines()) == 1
    assert list(store.addresses()) == []
    assert os.listdir(Path(store.root) / "tmp") == []


FULL = """
import resource, sys, torch
from bench.artifacts import ClassMeans
from bench.errors import BadValue
from bench.store import ArtifactSpec, Store
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # no file may grow beyond
spec = ArtifactSpec("ab" * 16, "means", ClassMeans)
try:
    Store(sys.argv[1]).get_or_make(spec, lambda: ClassMeans(torch.zeros(100_000)))
except BadValue as error:
    print(error)
"""

QUESTIONS = """
import sys
from bench.store import Store
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
