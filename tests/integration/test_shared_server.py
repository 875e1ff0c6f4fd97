"""Two processes log one study to a server on PostgreSQL and S3, which dies in their midst."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from cli_runs import Bench, finished
from gates import Gates
from mlflow import MlflowClient
from mlflow.entities import Run
from services import Shared, started
from waiting import until

from bench.core.events import Step
from bench.storage.store import Store
from bench.tracking.pending import lists
from bench.tracking.samples import due

STUDY = '''
"""Shared: rows of three kinds, two seeds, a small network."""
from bench.study.grid import Row, Study

SHORT = {
    "squeeze.arch": "convnet3-w16-bn",
    "squeeze.epochs": 4,
    "squeeze.batch": 128,
    "recover.iterations": 200,
    "relabel.epochs": 20,
}
STUDY = Study(
    name="shared",
    title="Shared",
    rows=(
        Row("barycenter", "wmdd", params={"solver_iterations": 5}, overrides=SHORT),
        Row("early", "gated", params={"gate": "early", "after": 5}, overrides=SHORT),
        Row("late", "gated", params={"gate": "late", "after": 5}, overrides=SHORT),
    ),
    ipcs=(2,),
    seeds=(0, 1),
)
'''
CURVES = """
SELECT count(DISTINCT owner.value) FROM tags owner
JOIN tags level USING (run_uuid) JOIN metrics m USING (run_uuid)
WHERE owner.key = 'process' AND level.key = 'level' AND level.value = 'cell'
AND m.key LIKE 'recover/%'
"""
CELLS = {
    f"{row} · digits · ipc 2 · s{k}" for row in ("barycenter", "early", "late") for k in (0, 1)
}

pytestmark = pytest.mark.slow


def written(bench: Bench) -> int:
    """Bytes of curves and sheets that the store holds."""
    paths = [*bench.store.glob("curves/*/*.jsonl"), *bench.store.glob("tracking/sheets/*/*.jsonl")]
    return sum(path.stat().st_size for path in paths)


def histories(client: MlflowClient, run: Run) -> dict[str, list[int]]:
    """The steps of every metric of a run."""
    return {
        name: sorted(m.step for m in client.get_metric_history(run.info.run_id, name))
        for name in run.data.metrics
    }


def sampled(last: int) -> list[int]:
    """The steps of a curve that nothing is missing from."""
    return [k for k in range(1, last + 1) if due(Step("recover", k, last))]


def scores(store: Path) -> Mapping[str, float]:
    """Cell -> accuracy, as the store has it."""
    found = [m for m in Store(store).manifests() if m.stage == "evaluate"]
    return {m.label: float(str(m.meta["top1"])) for m in found}


def test_two_processes_and_a_server_that_dies_lose_and_double_nothing(
    shared: Shared, data_root: Path, tmp_path: Path
) -> None:
    (tmp_path / "shared.py").write_text(STUDY, encoding="utf-8")
    bench, gates = Bench(tmp_path, data_root, tmp_path / "store"), Gates(tmp_path)
    words = ("run", "shared.py", "--profile", "smoke", "--quiet", "--tracking-uri", shared.uri)
    words += ("--plugin", str(gates.plugin))
    with started(bench, *words) as one, started(bench, *words) as two:
        until(lambda: shared.database.rows("mlflow", CURVES) == [(2,)], one, "curves of two")
        shared.server.kill()
        assert [one.poll(), two.poll()] == [None, None]
        made, left = len(bench.objects()), written(bench)
        gates.open("early")
        until(lambda: len(bench.objects()) > made and written(bench) > left, one, "more work")
        shared.server.start()
        gates.open("late")
        ends = [finished(one), finished(two)]
    assert [end.code for end in ends] == [0, 0], ends
    leave(bench, shared.uri)
    again = bench.run(*words)  # has nothing to tell by now, and delivers all that was left
    assert again.code == 0, again.err
    assert lists(bench.store / "tracking") == []
    check(shared, scores(bench.store))
    (left,) = runs_of(MlflowClient(shared.uri), "bench/left")
    assert left.info.status == "KILLED"


def leave(bench: Bench, uri: str) -> None:
    """The sheets of a process that ended before it could have them exported."""
    code = (
        "import sys; from bench.core.events import StudyStarted;"
        "from bench.storage.store import Store;"
        "from bench.tracking.recorder import Recorder; from bench.tracking.tracker import Tracker;"
        "Recorder(Tracker(sys.argv[2]), Store(sys.argv[1])).begin("
        "StudyStarted('left', 'r', [], {}, {}))"
    )
    words = [sys.executable, "-c", code, str(bench.store), uri]
    subprocess.run(words, check=True, env=bench.environment())


def runs_of(client: MlflowClient, name: str) -> list[Run]:
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def check(shared: Shared, expected: Mapping[str, float]) -> None:
    """One run for each cell and one for the study, all whole."""
    client = MlflowClient(shared.uri)
    runs = runs_of(client, "bench/shared")
    cells = {r.info.run_name: r for r in runs if r.data.tags["level"] == "cell"}
    assert Counter(r.info.run_name for r in runs) == Counter([*CELLS, "shared · smoke"])
    assert {r.info.status for r in runs} == {"FINISHED"}
    (study,) = [r for r in runs if r.data.tags["level"] == "study"]
    assert {c.data.tags["mlflow.parentRunId"] for c in cells.values()} == {study.info.run_id}
    assert {c.data.tags["origin"] for c in cells.values()} == {"computed"}
    for run in runs:
        for name, steps in histories(client, run).items():
            assert len(set(steps)) == len(steps), (run.info.run_name, name)
    for name, run in cells.items():
        found = histories(client, run)
        curves = {key: steps for key, steps in found.items() if key.startswith("recover/")}
        assert curves, name
        for steps in curves.values():
            assert steps == sampled(steps[-1]), name
            assert steps[-1] % 200 == 0, name
        assert run.data.metrics["evaluate/top1"] == expected[name]
    stored = shared.files()
    for run in runs:
        wanted = {"manifest.json", "images/synthetic.png"} if run is not study else {"report/"}
        own = [f for f in stored if f"/{run.info.run_id}/artifacts/" in f]
        assert {w for w in wanted if not any(w in f for f in own)} == set(), run.info.run_name
