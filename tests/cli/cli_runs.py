"""The command line as a user has it: in a process of its own, or in this one where it is quick."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from waiting import LIMIT

ROOT = Path(__file__).resolve().parents[2]

TINY = '''
"""Tiny: three rows, two seeds, a small network."""
from bench.study.grid import Row, Study

FAST = {
    "squeeze.arch": "convnet3-w16-bn",
    "squeeze.epochs": 4,
    "squeeze.batch": 128,
    "recover.iterations": 20,
    "relabel.epochs": 60,
}
STUDY = Study(
    name="tiny",
    title="Tiny",
    rows=(
        Row("barycenter", "wmdd", params={"solver_iterations": 5}, overrides=FAST),
        Row("statistics", "sre2l", overrides=FAST),
        Row("chance", "random", overrides=FAST),
    ),
    ipcs=(2,),
    seeds=(0, 1),
)
'''
ADDED = '''
"""Source: a test."""

from bench import distiller
from methods.real import RandomSubset


@distiller("added")
def added():
    """Random real images under another name."""
    return RandomSubset()
'''


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Invoke = Callable[..., Ended]


@dataclass(frozen=True)
class Bench:
    """Runs commands against a data root and a store, in a folder of its own."""

    folder: Path
    data_root: Path
    store: Path

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Begins a command in a process of its own, which Ctrl-C can reach."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(
                [sys.executable, "-m", "bench.cli.main", *args],
                cwd=self.folder,
                env=self.environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        finally:
            signal.signal(signal.SIGINT, before)

    def run(self, *args: str) -> Ended:
        """A command from its start to its end."""
        return finished(self.start(*args))

    def environment(self) -> dict[str, str]:
        here = {"DDBENCH_DATA": str(self.data_root), "DDBENCH_STORE": str(self.store)}
        kept = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
        return {**kept, **here, "PYTHONPATH": str(ROOT)}

    def objects(self) -> dict[str, tuple[int, int]]:
        """Address -> (inode, mtime) of the manifest of every finished artifact."""
        found = {path: path.stat() for path in self.store.glob("objects/*/*/manifest.json")}
        return {path.parent.name: (s.st_ino, s.st_mtime_ns) for path, s in found.items()}

    def contents(self) -> dict[str, str]:
        """Address -> sha256 of the artifact's content."""
        paths = self.store.glob("objects/*/*/manifest.json")
        return {path.parent.name: json.loads(path.read_text())["sha256"] for path in paths}

    def manifest(self, address: str) -> str:
        return (self.store / "objects" / address[:2] / address / "manifest.json").read_text()

    @property
    def tracking(self) -> str:
        """The MLflow database beside the store."""
        return f"sqlite:///{self.store / 'tracking' / 'mlflow.db'}"

    def locks(self) -> list[Path]:
        return list(self.store.glob("locks/*"))

    def table(self, report: str) -> bytes:
        return (self.store / "reports" / report / "table.csv").read_bytes()


def finished(process: subprocess.Popen[str]) -> Ended:
    """Waits for the end of a process."""
    try:
        out, err = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(process.returncode, out, err)


def when(process: subprocess.Popen[str], reached: Callable[[], bool]) -> bool:
    """Waits until something can be observed, or the process has ended; whether it was seen."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if reached():
            return True
        if process.poll() is not None:
            return reached()
        time.sleep(0.002)
    process.kill()
    process.communicate()
    raise AssertionError("what was waited for did not come")
