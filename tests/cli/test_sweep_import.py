"""`bench track import` of a sweep: the runs are those that a tracked `bench sweep` made."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cli_runs import Invoke
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.entities import Run
from optuna.trial import Trial

from bench.app.arguments import StudyArguments
from bench.app.running import RunOptions
from bench.app.sweep_options import SweepOptions
from bench.app.sweeping import run_sweep
from bench.cli.main import cli

SWEEP = '''"""A tiny search."""

from bench.study.search import Sweep
from bench.study.grid import Row

FAST = {"squeeze.epochs": 1, "recover.iterations": 3, "relabel.epochs": 9}
SWEEP = Sweep(
    "tiny", "A tiny search", (Row("WMDD", "wmdd", overrides=FAST),), ("bn_weight",),
    seeds=2, trials=3, pruner="hyperband",
)
'''
LIVE = (  # what a store without its sheets no longer knows: the load, who computed it where
    ("system/",),
    ("provenance/",),
    {"attempt", "process", "host", "machine", "origin", "mlflow.parentRunId"}
    | {"git_commit", "dirty", "mlflow.user"}
    | {"mlflow.source.name", "mlflow.source.git.commit"},
)
pytestmark = pytest.mark.slow


@dataclass
class Place:
    """A folder with a sweep, its store, an MLflow of the run and one of its import."""

    folder: Path
    data: Path
    said: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def uri(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.db"

    def imported(self) -> None:
        words = ["track", "import", str(self.folder / "tiny.py"), "--profile", "smoke"]
        words += ["--store", str(self.store), "--data", str(self.data)]
        ended = CliRunner().invoke(cli, [*words, "--tracking-uri", self.uri("past")])
        self.said.append((ended.exit_code, ended.stdout, ended.stderr))

    def runs(self, name: str) -> dict[str, Run]:
        """Name -> run, of the sweep and of its winner's test; fails where two share a name."""
        client = MlflowClient(self.uri(name))
        places = [e.experiment_id for e in client.search_experiments()]
        listed = client.search_runs(places)
        found = {run.info.run_name or "": run for run in listed}
        assert len(found) == len(listed)
        return found

    def files(self, name: str, run: Run, folder: str | None = None) -> set[str]:
        found = MlflowClient(self.uri(name)).list_artifacts(run.info.run_id, folder)
        below = [self.files(name, run, a.path) for a in found if a.is_dir]
        return {a.path for a in found if not a.is_dir}.union(*below)


def prune_and_fail(trial: Trial) -> bool:
    """The second trial is pruned, the third breaks down."""
    if trial.number == 2:
        raise RuntimeError("made to fail")
    return trial.number == 1


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, data_root: Path, migrated: Path) -> Place:
    """A tracked sweep, imported elsewhere: without one trial's score, with it, and once more."""
    where = Place(tmp_path_factory.mktemp("sweep"), data_root)
    file = where.folder / "tiny.py"
    file.write_text(SWEEP, encoding="utf-8")
    for name in ("live", "past"):
        shutil.copyfile(migrated, where.folder / f"{name}.db")
    run = RunOptions("cpu", where.uri("live"), quiet=True)
    place = StudyArguments(str(file), "smoke", store=str(where.store), data=str(data_root))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trial, "should_prune", prune_and_fail)
        assert run_sweep(SweepOptions(place, run=run)) == 1  # a trial failed
    (score,) = [p for p in where.store.glob("objects/*/*") if is_score_of(p, "trial 1 ", seed=1)]
    aside = score.rename(where.folder / "aside")
    shutil.rmtree(where.store / "tracking" / "sheets")  # as if it had run without tracking
    where.imported()
    aside.rename(score)
    where.imported()
    where.imported()
    return where


def is_score_of(path: Path, trial: str, seed: int) -> bool:
    text = (path / "manifest.json").read_text(encoding="utf-8")
    return '"evaluate"' in text and trial in text and f"s{seed}" in text


def test_it_says_what_was_imported_and_what_could_not_be(place: Place) -> None:
    lost = "1 of 3 trials could not be imported: their artifacts are not in"
    place_, best = "experiment bench/sweep-tiny", "experiment bench/sweep-tiny-best"
    assert place.said == [
        (0, f"imported 2 of 2 trials into {place_}\nimported 4 of 4 finished cells into {best}\n",
         f"{lost} {place.store}\n"),
        (0, f"imported 1 of 3 trials into {place_}\n"
         f"nothing to import: {best} has all 4 finished cells\n", ""),
        (0, f"nothing to import: {place_} has all 3 trials\n"
         f"nothing to import: {best} has all 4 finished cells\n", ""),
    ]  # fmt: skip


def test_its_runs_are_those_of_the_tracked_sweep(place: Place) -> None:
    live, past = place.runs("live"), place.runs("past")
    failed = [name for name, run in live.items() if run.info.status == "FAILED"]
    assert [name.split(" · ")[0] for name in failed] == ["trial 2"]
    assert live.keys() == past.keys()
    assert {name: live[name].info.status for name in past} == {
        name: run.info.status for name, run in past.items()
    }
    states = sorted(r.data.tags["optuna_state"] for r in past.values() if is_trial(r))
    assert states == ["COMPLETE", "FAIL", "PRUNED"]


def test_each_run_holds_what_the_tracked_one_holds(place: Place) -> None:
    live, past = place.runs("live"), place.runs("past")
    for name, run in past.items():
        assert run.data.params == live[name].data.params
        assert without(run.data.tags) == without(live[name].data.tags)
        assert run.data.metrics == final(live[name])
        assert inputs(run) == inputs(live[name])
        files = place.files("live", live[name])
        assert place.files("past", run) == {f for f in files if not f.startswith(LIVE[1])}


def test_trials_stand_below_their_sweep(place: Place) -> None:
    past = place.runs("past")
    (sweep,) = [run for run in past.values() if run.data.tags.get("role") == "sweep"]
    trials = [run for run in past.values() if is_trial(run)]
    assert {r.data.tags["mlflow.parentRunId"] for r in trials} == {sweep.info.run_id}
    assert sweep.info.start_time == min(run.info.start_time for run in trials)
    assert sweep.info.end_time == max(run.info.end_time for run in trials)
    assert sweep.data.metrics["summary/trials"] == 3
    assert {"report/report.html", "report/trials.csv", "report/best.py"} <= place.files(
        "past", sweep
    )


def test_scores_by_seed_are_told_rung_by_rung(place: Place) -> None:
    live, past = place.runs("live"), place.runs("past")
    for name in (name for name, run in past.items() if is_trial(run)):
        curves = [
            {p.step: p.value for p in client.get_metric_history(run.info.run_id, "trial/top1")}
            for client, run in (
                (MlflowClient(place.uri("live")), live[name]),
                (MlflowClient(place.uri("past")), past[name]),
            )
        ]
        assert curves[0] == curves[1]
        scores = {"COMPLETE": 6, "PRUNED": 2, "FAIL": 2}  # one rung of two seeds, or three
        assert sorted(curves[1]) == [*range(1, scores[past[name].data.tags["optuna_state"]] + 1)]


def is_trial(run: Run) -> bool:
    return run.data.tags.get("role") == "trial"


def without(tags: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in tags.items() if name not in LIVE[2]}


def final(run: Run) -> dict[str, float]:
    """The numbers of a run, its curves included."""
    return {k: v for k, v in run.data.metrics.items() if not k.startswith(LIVE[0])}


def inputs(run: Run) -> set[str]:
    assert run.inputs is not None
    return {tag.value for used in run.inputs.dataset_inputs for tag in used.tags}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("lambda",), "found none; `bench sweep lambda --tracking-uri"),
        (("layer", "--seeds", "2"), "found none; `bench sweep layer --seeds 2 "),
        (("lamda",), "unknown study or sweep 'lamda' — did you mean 'lambda'?"),
        (("ablation", "--sampler", "grid"), "expected a sweep for options of `bench sweep`"),
        (("lambda", "--pruner", "hyperbnd"), "did you mean 'hyperband'?"),
        (("lambda", "--storage", "trials.db"), "--storage: expected a database URL"),
    ],
)
def test_bad_input_is_one_line(
    invoke: Invoke, words: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    ended = invoke("track", "import", *words, "--tracking-uri", f"sqlite:///{tmp_path}/none.db")
    assert (ended.code, ended.out) == (2, "")
    assert expected in ended.err
    assert ended.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
