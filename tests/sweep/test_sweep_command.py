"""`bench sweep` from the outside: killed and resumed, shared by workers, its winner tested once."""

import json
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

import pandas as pd
import pytest
from mlflow import MlflowClient
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from waiting import LIMIT

from bench.app.session import find_source
from bench.search.queue import GONE
from bench.storage.store import Store
from bench.study.catalog import load_study

PLUGIN = '''"""Source: made up. Real images; the third call kills its process."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from bench import RealSet, Uniform, distiller
from methods.real import RandomSubset

CALLS = Path({calls!r})


@dataclass(frozen=True)
class Mortal:
    strength: float
    needs: tuple = (RealSet,)

    def distill(self, reference, budget, rng, emit):
        with CALLS.open("ab+") as log:
            log.write(b".")
            log.flush()
            if log.tell() == 3:
                os.kill(os.getpid(), signal.SIGKILL)
        return RandomSubset().distill(reference, budget, rng, emit)


@distiller("mortal", space={{"strength": Uniform(0.0, 1.0)}})
def mortal(strength: float = 0.5):
    """Random real images."""
    return Mortal(strength)
'''
SWEEP = '''"""A tiny search."""

from bench.study.search import Sweep
from bench.study.grid import Row

SWEEP = Sweep(
    "tiny",
    "A tiny search",
    (Row("mortal", "mortal", overrides={"squeeze.epochs": 1, "relabel.epochs": 2}),),
    seeds=2,
)
'''
TRIALS = 4
ROWS = {  # label of a tested row -> its name in MLflow
    "mortal, best found": "mortal_best_found",
    "mortal, recipe's own values": "mortal_recipe_s_own_values",
}
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Place:
    """A folder with a plugin, a sweep, a store and data."""

    folder: Path
    data: Path

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def tracking(self) -> str:
        """A database to track in, where a test asks for it."""
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    def bench(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "bench.cli.main", *words, "--store", str(self.store)]
        command += ["--data", str(self.data), "-q", "--profile", "smoke"]
        command += [] if "--tracking-uri" in words else ["--no-tracking"]
        command += ["--plugin", str(self.folder / "mortal_plugin.py")]
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)

    def sweep(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.bench("sweep", str(self.folder / "tiny.py"), *words)

    def trials(self) -> list[FrozenTrial]:
        backend = JournalFileBackend(str(self.store / "sweeps" / "tiny.journal"))
        storage = JournalStorage(backend)
        return [t for s in storage.get_all_studies() for t in storage.get_all_trials(s._study_id)]

    @property
    def report(self) -> Path:
        return self.store / "reports" / "sweep-tiny-smoke"


def place(folder: Path, data: Path, calls: int = 0) -> Place:
    log = folder / "calls"
    log.write_bytes(b"." * calls)
    (folder / "mortal_plugin.py").write_text(PLUGIN.format(calls=str(log)), encoding="utf-8")
    (folder / "tiny.py").write_text(SWEEP, encoding="utf-8")
    return Place(folder, data)


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory, data_root: Path) -> Place:
    """A sweep whose worker was killed in its second trial, and which was started again."""
    where = place(tmp_path_factory.mktemp("killed"), data_root)
    killed = where.sweep("--trials", str(TRIALS))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = where.sweep("--trials", str(TRIALS))
    assert again.returncode == 0, again.stderr
    (where.folder / "said").write_text(again.stdout)
    return where


def test_a_killed_sweep_goes_on_to_the_same_number_of_trials(resumed: Place) -> None:
    trials = resumed.trials()
    assert sum(t.state == TrialState.COMPLETE for t in trials) == TRIALS
    (lost,) = [t for t in trials if GONE in t.user_attrs]
    (again,) = [t for t in trials if t.user_attrs.get("retry_of") == lost.number]
    assert lost.state == TrialState.FAIL
    assert again.params == lost.params
    assert len(trials) == TRIALS + 1


def test_the_winner_meets_the_test_split_once_with_fresh_seeds(
    resumed: Place, data_root: Path
) -> None:
    real = find_source("digits", data_root)
    scored = [m for m in Store(resumed.store).manifests() if m.stage == "evaluate"]
    tested = [m for m in scored if "digits#val" not in m.label]
    used = {seed for t in resumed.trials() for seed in t.user_attrs.get("top1", {})}
    assert {m.seed for m in tested} == {1000, 1001}
    assert used == {"0", "1"}
    assert len(tested) == 2 * 2  # the best setting and the recipe's own, by two seeds
    assert real.test not in {find_source("digits#val", data_root).test}


def test_the_report_holds_what_was_promised(resumed: Place) -> None:
    names = {str(p.relative_to(resumed.report)) for p in resumed.report.rglob("*") if p.is_file()}
    assert {"best.py", "report.html", "report.md", "trials.csv"} <= names
    assert {"figures/sensitivity-mortal-strength.svg", "figures/history-mortal.png"} <= names
    frame = pd.read_csv(resumed.report / "trials.csv")
    assert (frame["state"] == "COMPLETE").sum() == TRIALS
    page = (resumed.report / "report.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "")
    points = page.split('id="points">')[1].split("</script>")[0]
    assert len(json.loads(points)["points"]) == TRIALS


def test_the_best_setting_is_a_study_that_runs(resumed: Place) -> None:
    study = load_study(str(resumed.report / "best.py"))
    best = max(resumed.trials(), key=lambda t: (t.values or [0.0])[0])
    assert dict(study.rows[0].params) == best.params
    before = len(list(Store(resumed.store).addresses()))
    (line,) = [
        text for text in (resumed.folder / "said").read_text().splitlines() if "best: " in text
    ]
    program, *words = shlex.split(line.removeprefix("best: "))
    assert program == "bench"
    ran = subprocess.run(  # as it is printed, wherever one is
        [sys.executable, "-m", "bench.cli.main", *words],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "mortal, best found" in ran.stdout
    assert (
        f"Run it with: {shlex.join([program, *words])}" in (resumed.report / "best.py").read_text()
    )
    assert len(list(Store(resumed.store).addresses())) == before  # nothing was computed again


def test_a_sweep_that_does_not_test_keeps_what_was_tested(resumed: Place) -> None:
    before = (resumed.report / "report.md").read_text(encoding="utf-8")
    ended = resumed.sweep("--trials", str(TRIALS), "--no-test")
    assert ended.returncode == 0, ended.stderr
    after = (resumed.report / "report.md").read_text(encoding="utf-8")
    results = [text.split("## ")[1] for text in (before, after)]
    assert results[0] == results[1]
    assert "not run" not in results[1]


def test_two_processes_share_the_trials(tmp_path: Path, data_root: Path) -> None:
    where = place(tmp_path, data_root, calls=3)
    done = where.sweep("--trials", "6", "--workers", "2", "--no-test")
    assert done.returncode == 0, done.stderr
    trials = where.trials()
    assert sum(t.state == TrialState.COMPLETE for t in trials) == 6
    assert len({t.params["strength"] for t in trials}) == len(trials)
    assert len([m for m in Store(where.store).manifests() if m.stage == "squeeze"]) == 1


def test_mlflow_has_the_report_and_the_result(
    tmp_path: Path, data_root: Path, migrated: Path
) -> None:
    where = place(tmp_path, data_root, calls=3)
    shutil.copyfile(migrated, tmp_path / "mlflow.db")
    done = where.sweep("--trials", "2", "--tracking-uri", where.tracking)
    assert done.returncode == 0, done.stderr
    client = MlflowClient(where.tracking)
    (found,) = [e for e in client.search_experiments() if e.name == "bench/sweep-tiny"]
    (run,) = client.search_runs([found.experiment_id], "tags.role = 'sweep'")
    assert run.info.status == "FINISHED"
    (report,) = (where.store / "reports").glob("sweep-tiny-smoke*")
    kept = {f"report/{p.relative_to(report)}" for p in report.rglob("*") if p.is_file()}
    names = {"report.html", "report.md", "trials.csv", "best.py", "figures/history-mortal.png"}
    assert {f"report/{name}" for name in names} <= kept
    assert set(files(client, run.info.run_id, "report")) == kept, done.stderr
    best = max(where.trials(), key=lambda t: (t.values or [0.0])[0])
    top1 = list(best.user_attrs["top1"].values())
    drawn = {"mean": fmean(top1), "std": stdev(top1), "n": 2}
    scored = [m for m in Store(where.store).manifests() if m.stage == "evaluate"]
    tested = [m for m in scored if m.seed in (1000, 1001)]
    by_row = {row: [m.meta["top1"] for m in tested if row in m.label] for row in ROWS}
    expected = {f"mortal_best_validation_{k}": v for k, v in drawn.items()}
    for row, scores in by_row.items():
        values = {"mean": fmean(scores), "std": stdev(scores), "n": 2}
        expected |= {f"{ROWS[row]}_digits_ipc1_{k}": v for k, v in values.items()}
    shown = {k.removeprefix("summary/"): v for k, v in run.data.metrics.items()}
    assert {k: shown.get(k) for k in expected} == pytest.approx(expected)


def files(client: MlflowClient, run: str, folder: str | None = None) -> list[str]:
    found = client.list_artifacts(run, folder)
    below = [path for a in found if a.is_dir for path in files(client, run, a.path)]
    return [a.path for a in found if not a.is_dir] + below


def test_a_missing_sweep_is_one_line(tmp_path: Path, data_root: Path) -> None:
    found = place(tmp_path, data_root).bench("sweep", "lamda")
    assert found.returncode == 2
    assert found.stderr == (
        "error: unknown sweep 'lamda' — did you mean 'lambda'? (known: joint, lambda, layer)\n"
    )
