"""Collecting garbage removes what nobody needs, and leaves the living alone."""

import os
import subprocess
import sys
from pathlib import Path

from stored import MEANS, PROJECT, fill, spec_of

from bench.artifacts.values import ClassMeans
from bench.storage.store import Store


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


def test_the_curve_of_an_artifact_goes_with_it(store: Store) -> None:
    keys = fill(store, 2)
    for key in keys:
        (store.local_folder("curves") / key).mkdir()
    store.gc(None)
    store.gc(keys[:1], dry_run=True)
    assert len(list(store.local_folder("curves").iterdir())) == 2
    store.gc(keys[:1])
    assert [path.name for path in store.local_folder("curves").iterdir()] == keys[:1]


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
