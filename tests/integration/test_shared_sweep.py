"""Two processes search one study in PostgreSQL; one is killed amid a trial."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from cli_runs import Bench, finished
from gates import Gates
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from services import Postgres, started
from waiting import LIMIT, until

from bench.search.queue import GONE, OWNER
from bench.search.storage import storage_at
from bench.storage.owner import owner_named
from bench.storage.store import Store

SWEEP = '''
"""A tiny search whose trials take a second or two, once the gate is open."""

from bench.study.search import Sweep
from bench.study.grid import Row

SHORT = {
    "squeeze.arch": "convnet3-w16-bn",
    "squeeze.epochs": 1,
    "recover.iterations": 150,
    "relabel.epochs": 2,
}
SWEEP = Sweep("tiny", "Tiny", (Row("gated", "gated", overrides=SHORT),), ("bn_weight",), seeds=1)
'''
TRIALS = 8

pytestmark = pytest.mark.slow


def trials(url: str) -> list[FrozenTrial]:
    storage = storage_at(Path(), url)  # takes turns with the processes that make the tables
    return [t for s in storage.get_all_studies() for t in storage.get_all_trials(s._study_id)]


def at_work(url: str, process: "subprocess.Popen[str]") -> int | None:
    """The number of the trial that a process is working on."""
    for trial in trials(url):
        owner = owner_named(str(trial.user_attrs.get(OWNER, "")))
        if trial.state == TrialState.RUNNING and owner and owner.pid == process.pid:
            return trial.number
    return None


def tables(database: Postgres) -> bool:
    found = "SELECT 1 FROM information_schema.tables WHERE table_name = 'trial_user_attributes'"
    return bool(database.rows("optuna", found))


def test_two_workers_share_a_study_in_postgresql_and_one_of_them_dies(
    database: Postgres, data_root: Path, tmp_path: Path
) -> None:
    (tmp_path / "tiny.py").write_text(SWEEP, encoding="utf-8")
    bench, url = Bench(tmp_path, data_root, tmp_path / "store"), database.url("optuna")
    gates = Gates(tmp_path)
    words = ["sweep", "tiny.py", "--profile", "smoke", "--trials", str(TRIALS), "--storage", url]
    words += ["--no-test", "--no-tracking", "--quiet", "--plugin", str(gates.plugin)]
    with started(bench, *words) as mortal, started(bench, *words) as other:
        until(lambda: tables(database) and at_work(url, mortal) is not None, mortal, "a trial")
        until(lambda: at_work(url, other) is not None, other, "a trial")
        mortal.kill()
        mortal.wait(timeout=LIMIT)
        gates.open("gate")
        end = finished(other)
    assert end.code == 0, end.err
    check(trials(url))
    stages = [m.stage for m in Store(bench.store).manifests()]
    assert stages.count("squeeze") == 1


def check(found: list[FrozenTrial]) -> None:
    """As many finished trials as asked for, and the lost one's setting among them, once."""
    assert sorted(t.number for t in found) == list(range(TRIALS + 1))
    assert len([t for t in found if t.state == TrialState.COMPLETE]) == TRIALS
    (lost,) = [t for t in found if GONE in t.user_attrs]
    assert lost.state == TrialState.FAIL
    (again,) = [t for t in found if t.user_attrs.get("retry_of") == lost.number]
    assert again.params == lost.params
    assert again.state == TrialState.COMPLETE
    drawn = [t.params["bn_weight"] for t in found]
    assert len(set(drawn)) == TRIALS


def test_workers_that_find_an_empty_database_all_get_its_tables(
    database: Postgres, tmp_path: Path
) -> None:
    crowd = 8
    gate = Barrier(crowd)
    for number in range(3):
        database.create(f"fresh_{number}")
        url = database.url(f"fresh_{number}")

        def enter(worker: int, url: str = url) -> bool:
            gate.wait(timeout=LIMIT)
            return isinstance(storage_at(tmp_path / f"{worker}.journal", url), RDBStorage)

        with ThreadPoolExecutor(crowd) as pool:
            assert all(pool.map(enter, range(crowd)))
