"""A disk that fills up in a run: one line that says so, and no traceback."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_runs import TINY, Bench
from waiting import LIMIT

SIZE, LEFT = 16_000_000, 60_000  # bytes of the disk, and what a filler leaves of it
RUN = ("run", "tiny.py", "--profile", "smoke", "--set", "seeds=1")


@pytest.fixture
def disk(bench: Bench, migrated: Path) -> Iterator[Path]:
    """A small file system with a store that holds an MLflow database, and no more room."""
    place = bench.folder / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if (
        not shutil.which("mount")
        or subprocess.run(words, capture_output=True, check=False).returncode
    ):
        pytest.skip("only root may make a small file system")
    try:
        (place / "store" / "tracking").mkdir(parents=True)
        shutil.copyfile(migrated, place / "store" / "tracking" / "mlflow.db")
        free = shutil.disk_usage(place).free
        (place / "filler").write_bytes(bytes(free - LEFT))
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def ended(bench: Bench, *words: str, limit: str = "unlimited") -> subprocess.CompletedProcess[str]:
    """A command under a limit of the size of files, in blocks of 1024 bytes."""
    (bench.folder / "tiny.py").write_text(TINY)
    line = [sys.executable, "-m", "bench.cli.main", *words]
    return subprocess.run(
        ["bash", "-c", 'ulimit -f "$0" && exec "$@"', limit, *line],
        cwd=bench.folder, env=bench.environment(), capture_output=True, text=True, check=False,
        timeout=LIMIT,
    )  # fmt: skip


@pytest.mark.parametrize("tracked", [True, False])
def test_a_full_disk_is_one_error(tracked: bool, bench: Bench, disk: Path) -> None:
    words = () if tracked else ("--no-tracking",)
    done = ended(bench, *RUN, "--join", "--store", str(disk / "store"), *words)
    assert done.returncode == 2, done
    *told, line = done.stderr.splitlines()
    assert [text for text in told if text.startswith("error: ")] == []  # observers tell, one errs
    assert "Traceback" not in done.stderr
    assert line.startswith("error: ")
    assert f"{disk / 'store'}" in line
    assert "the disk is full; free some space (`bench store gc`)" in line
    assert "Traceback" not in done.stdout
    (disk / "filler").unlink()
    assert os.listdir(disk / "store" / "tmp") == []


def test_a_limit_of_the_size_of_files_is_one_line(bench: Bench) -> None:
    """What anybody can try, where a disk needs root: no file of a teacher fits."""
    done = ended(bench, *RUN, "--no-tracking", limit="8")
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 2  # not even the report fits
    assert "a file would be larger than is allowed; raise the limit (`ulimit -f`)" in done.stderr
    assert len(done.stderr.splitlines()) == 1
