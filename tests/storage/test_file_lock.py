"""Locks on files: one holder, freed by its death, and one line where there are none."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from stored import PROJECT

from bench.core.errors import BadData, BadValue
from bench.storage.file_lock import NAME, alone_in, lock

HOLD = """
import sys
from pathlib import Path
from bench.storage.file_lock import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
WITHOUT = """
import sys
sys.modules["fcntl"] = None  # as on a system that has no such module
from pathlib import Path
from bench.cli.main import cli
import bench.app.running, bench.app.sweeping, bench.app.importing, bench.tracking.mlflow_log
from bench.core.errors import BadValue
from bench.storage.file_lock import alone_in
try:
    with alone_in(Path(sys.argv[1])):
        pass
except BadValue as error:
    print(error)
cli.main(["list", "recipes"])
"""


def started(script: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_another_process_holds_it_until_it_is_killed(tmp_path: Path) -> None:
    holder = started(HOLD, tmp_path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with (tmp_path / NAME).open("w") as file, pytest.raises(BlockingIOError):
        lock(file, wait=False)
    holder.kill()
    holder.communicate()
    with (
        alone_in(tmp_path),
        (tmp_path / NAME).open("w") as file,
        pytest.raises(BlockingIOError),
    ):
        lock(file, wait=False)
    with (tmp_path / NAME).open("w") as file:
        lock(file, wait=False)


def test_a_system_without_such_locks_gets_one_line_and_no_traceback(tmp_path: Path) -> None:
    done = started(WITHOUT, tmp_path)
    out, err = done.communicate()
    assert done.returncode == 0, err
    first, *listed = out.splitlines()
    assert first.startswith("file locks: expected Linux or macOS, given a system without fcntl")
    assert any("wmdd-code" in line for line in listed)


@pytest.mark.parametrize("below", ["", "further"])
def test_a_folder_of_a_sweep_that_cannot_be_made_speaks_of_no_data(
    tmp_path: Path, below: str
) -> None:
    """Found as 'cannot prepare data in .../sweeps', of a store that held no data."""
    (tmp_path / "file").write_text("")
    refused = pytest.raises(BadValue, match="a part of its path is a file")
    with refused as raised, alone_in(tmp_path / "file" / below):
        pytest.fail("was entered")
    assert "data" not in str(raised.value).replace(str(tmp_path), "")


def test_a_folder_of_data_that_cannot_be_made_does(tmp_path: Path) -> None:
    from bench.data.cache import exclusive

    (tmp_path / "file").write_text("")
    refused = pytest.raises(BadData, match=r"cannot prepare data in .*set DDBENCH_CACHE")
    with refused, exclusive(tmp_path / "file"):
        pytest.fail("was entered")


def test_an_unwritable_folder_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write everywhere")
    refused = pytest.raises(BadValue, match="it may not be read or written; choose another folder")
    with refused, alone_in(tmp_path):
        pytest.fail("was entered")
