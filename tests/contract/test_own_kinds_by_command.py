"""Kinds of a plugin on the command line: killed inside one, gone on with, listed, tracked, told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from shown import written

from bench.storage.store import Store

STUDY = """
from bench import Row, Study

TINY = {"squeeze.epochs": 1, "relabel.epochs": 2}
ROWS = (Row("Near both", "near-both", overrides=TINY), Row("Typical", "typical", overrides=TINY))
STUDY = Study("own", "Own kinds", ROWS, ipcs=(2,), seeds=(0,), evaluators=("smooth-labels",))
"""
GATE = '''
"""Holds the making of paths until a file is there, and says when it came to the gate."""

import time
from dataclasses import dataclass
from pathlib import Path

from bench import Request, artifact
from bench.graph.request import kinds

FOLDER = Path({folder!r})
PATH = kinds()["path"]
make = PATH.make


@artifact("gate", object)
@dataclass(frozen=True)
class Gate(Request):
    """A kind that nothing asks for, so that this file is a plugin."""


def wait(self, have, at, run):
    (FOLDER / "arrived").touch()
    while not (FOLDER / "open").exists():
        time.sleep(0.02)
    return make(self, have, at, run)


PATH.make = wait
'''
pytestmark = pytest.mark.slow
SECONDS = 120  # after which a process that should have come to the gate is given up


class Commands:
    """`bench` in a folder with the plugins of docs/kinds.md, a study of them, and a gate."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.gate, self.store = folder / "gate", folder / "store"
        self.gate.mkdir()
        plugins = written("docs/kinds.md", folder)
        (self.gate / "gate.py").write_text(GATE.format(folder=str(self.gate)), encoding="utf-8")
        (folder / "study.py").write_text(STUDY, encoding="utf-8")
        self.folder = folder
        self.plugins = [w for p in plugins.values() for w in ("--plugin", str(p))]
        gate, place = str(self.gate / "gate.py"), ("--store", str(self.store), "--data", str(data))
        self.run = (
            "run",
            "study.py",
            *self.plugins,
            "--plugin",
            gate,
            "--profile",
            "smoke",
            "--workers",
            "1",
            *place,
        )

    def start(self, *words: str) -> "subprocess.Popen[str]":
        code = "from bench.cli.main import main; main()"
        return subprocess.Popen(
            [sys.executable, "-c", code, *words],
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def said(self, *words: str) -> str:
        process = self.start(*words)
        said, _ = process.communicate()
        assert process.returncode == 0, said
        return said

    def stored(self) -> Mapping[str, str]:
        """Address -> kind of what the store holds."""
        store = Store(str(self.store))
        return {address: store.manifest(address).stage for address in store.addresses("")}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, data_root: Path) -> Commands:
    return Commands(tmp_path_factory.mktemp("own"), data_root)


@pytest.fixture(scope="module")
def told(bench: Commands) -> str:
    """What the run says that goes on where SIGKILL stopped one inside the plugin's own kind."""
    killed = bench.start(*bench.run)
    deadline = time.monotonic() + SECONDS
    while not (bench.gate / "arrived").exists():
        assert killed.poll() is None, killed.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    before = bench.stored()
    assert "path" not in before.values()
    assert {"squeeze", "observe", "recover", "smooth-teacher", "evaluate"} <= set(before.values())
    (bench.gate / "open").touch()
    said = bench.said(*bench.run, "--verbose")
    computed = [line for line in said.splitlines() if " ..." in line]
    # of the first row all was finished; the second needs its path, set, labels and score
    assert [line.rsplit(": ", 1)[1] for line in computed] == [
        f"{kind} ..." for kind in ("path", "recover", "relabel", "evaluate")
    ]
    assert before.items() <= bench.stored().items()
    return said


def test_a_run_goes_on_that_was_killed_inside_a_kind_of_a_plugin(told: str) -> None:
    assert "[2/2 cells] Typical" in told


def test_a_kind_is_listed_and_an_artifact_of_it_is_shown(told: str, bench: Commands) -> None:
    listed = bench.said("list", *bench.plugins)
    assert "path" in {line.split()[1] for line in listed.splitlines() if "artifacts" in line}
    (address,) = (address for address, kind in bench.stored().items() if kind == "path")
    shown = bench.said("show", address[:12], "--store", str(bench.store))
    assert "stage        path" in shown
    assert "float32 3x640" in shown


@pytest.mark.filterwarnings("ignore")  # of MLflow's own
def test_the_tracked_run_has_the_seconds_of_a_kind(told: str, bench: Commands) -> None:
    from bench.tracking.connection import connect

    client = connect(f"sqlite:///{bench.store / 'tracking' / 'mlflow.db'}")
    found = client.search_experiments(filter_string="name LIKE 'bench/own%'")
    assert len(found) == 1, told
    (experiment,) = found
    runs = client.search_runs([experiment.experiment_id])
    ended = [run for run in runs if run.info.status == "FINISHED"]
    (cell,) = (run for run in ended if run.data.tags["mlflow.runName"].startswith("Typical"))
    assert cell.data.metrics["resources/seconds_path"] >= 0
    assert cell.data.metrics["resources/seconds_smooth-teacher"] > 0


def test_the_page_names_a_kind_where_it_shows_times(told: str, bench: Commands) -> None:
    page = (bench.store / "reports/own-smoke/report.html").read_text(encoding="utf-8")
    assert ">path</span>" in page  # in the legend of the stacked times
    assert "smooth-teacher*" in page  # both rows share it
