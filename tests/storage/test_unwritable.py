"""A store that cannot be written to is one line, before anything is computed."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from stored import PROJECT, spec_of

from bench.core.errors import BadValue
from bench.storage.store import Store


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
from bench.artifacts.values import ClassMeans
from bench.core.errors import BadValue
from bench.storage.store import ArtifactSpec, Store
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # no file may grow beyond
spec = ArtifactSpec("ab" * 16, "means", ClassMeans)
try:
    Store(sys.argv[1]).get_or_make(spec, lambda: ClassMeans(torch.zeros(100_000)))
except BadValue as error:
    print(error)
"""
