"""Events become a study run with cell runs in a real MLflow store, once, with true states."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from bench.core.events import (
    CellFailed,
    CellFinished,
    CellStarted,
    Event,
    Note,
    ReportWritten,
    StageStarted,
    Step,
)
from bench.storage.store import Store
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.pending import lists
from bench.tracking.tracker import Tracker

Events = Callable[[Sequence[int]], Iterator[Event]]
CellEvents = Callable[[int], list[Event]]


def track(tracker: Tracker, folder: Path, events: Sequence[Event], status: str) -> list[Event]:
    """Plays events to an observer and closes it; returns what it said."""
    said: list[Event] = []
    observer = MlflowObserver(tracker, Store(folder), say=said.append, code=folder)
    for event in events:
        observer(event)
    observer.close(status)
    return said


def runs(tracker: Tracker, level: str, experiment: str = "bench/ablation") -> list[Run]:
    client = MlflowClient(tracker.uri)
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    text = f"tags.level = '{level}'"
    return list(client.search_runs([found.experiment_id], text, order_by=["start_time"]))


def test_a_study_run_holds_its_cell_runs(
    tracker: Tracker, folder: Path, study_events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert track(tracker, folder, [*study_events((0, 1))], "FINISHED") == []
    assert list(elsewhere.iterdir()) == []  # MLflow's own default would be ./mlruns
    (study,), cells = runs(tracker, "study"), runs(tracker, "cell")
    assert study.info.run_name == "ablation · smoke"
    names = [f"wmdd · digits · ipc 2 · s{seed}" for seed in (0, 1)]
    assert sorted(c.info.run_name for c in cells) == names
    assert {r.info.status for r in (study, *cells)} == {"FINISHED"}
    assert {c.data.tags["mlflow.parentRunId"] for c in cells} == {study.info.run_id}
    assert lists(folder / "tracking") == []


def test_params_tags_and_final_numbers(
    tracker: Tracker, folder: Path, study_events: Events
) -> None:
    track(tracker, folder, [*study_events((1,))], "FINISHED")
    (cell,) = runs(tracker, "cell")
    expected = {"row": "wmdd", "dataset": "digits", "ipc": "2", "seed": "1"}
    assert cell.data.params == {**expected, "distiller.weight": "10.0"}
    wanted = {"level": "cell", "recipe": "wmdd-code", "seed": "1", "address": f"{1:064x}"}
    assert wanted.items() <= cell.data.tags.items()
    assert cell.data.tags["origin"] == "computed"
    assert cell.data.metrics["evaluate/top1"] == pytest.approx(0.8)
    assert cell.data.metrics["resources/seconds_recover"] == 0.5
    peak = Store(folder).manifest("a" * 64).peak_memory
    assert cell.data.metrics["resources/peak_memory_recover"] == peak


def test_curves_have_steps(tracker: Tracker, folder: Path, study_events: Events) -> None:
    track(tracker, folder, [*study_events((0,))], "FINISHED")
    (cell,) = runs(tracker, "cell")
    history = MlflowClient(tracker.uri).get_metric_history(cell.info.run_id, "recover/feature")
    assert [(m.step, pytest.approx(m.value)) for m in history] == [(k, 1 / k) for k in (1, 2, 3, 4)]


def test_data_sets_are_inputs_and_pictures_and_manifests_artifacts(
    tracker: Tracker, folder: Path, study_events: Events
) -> None:
    track(tracker, folder, [*study_events((0,))], "FINISHED")
    (cell,), client = runs(tracker, "cell"), MlflowClient(tracker.uri)
    assert len(cell.inputs.dataset_inputs) == 3
    assert cell.data.tags["synthetic_address"] == "a" * 64
    paths = {a.path for a in client.list_artifacts(cell.info.run_id)}
    assert paths == {"images", "manifest.json"}
    (picture,) = client.list_artifacts(cell.info.run_id, "images")
    assert picture.path == "images/synthetic.png"
    assert (folder / "artifacts" / "bench-ablation").is_dir()


def test_the_study_run_carries_summaries_provenance_and_reports(
    tracker: Tracker, folder: Path, study_events: Events
) -> None:
    report = folder / "report.md"
    report.write_text("# table")
    events = [*study_events((0, 1)), ReportWritten([str(report), str(folder / "missing.md")])]
    track(tracker, folder, events, "FINISHED")
    (study,), client = runs(tracker, "study"), MlflowClient(tracker.uri)
    assert study.data.metrics == {
        "summary/wmdd_digits_ipc2_mean": pytest.approx(0.75),
        "summary/wmdd_digits_ipc2_std": pytest.approx(0.005**0.5),
        "summary/wmdd_digits_ipc2_n": 2,
        "summary/best": 0.75,
    }
    paths = {a.path for a in client.list_artifacts(study.info.run_id)}
    assert paths == {"provenance", "report"}


def test_a_second_run_adds_nothing(tracker: Tracker, folder: Path, study_events: Events) -> None:
    hits = [e for e in study_events((0, 1)) if not isinstance(e, StageStarted | Step)]
    track(tracker, folder, [*study_events((0, 1))], "FINISHED")
    client = MlflowClient(tracker.uri)
    before = {r.info.run_id: r for level in ("study", "cell") for r in runs(tracker, level)}
    track(tracker, folder, hits, "FINISHED")
    after = {r.info.run_id: r for level in ("study", "cell") for r in runs(tracker, level)}
    assert after.keys() == before.keys()
    for key, run in after.items():
        assert run.info.end_time == before[key].info.end_time
        for name in run.data.metrics:
            history = client.get_metric_history(key, name)
            assert len({m.step for m in history}) == len(history)


def test_only_missing_cells_are_added(tracker: Tracker, folder: Path, study_events: Events) -> None:
    track(tracker, folder, [*study_events((0,))], "KILLED")
    (study,) = runs(tracker, "study")
    assert study.info.status == "KILLED"
    track(tracker, folder, [*study_events((0, 1))], "FINISHED")
    (again,), cells = runs(tracker, "study"), runs(tracker, "cell")
    assert (again.info.run_id, again.info.status) == (study.info.run_id, "FINISHED")
    assert [c.info.run_name[-2:] for c in cells] == ["s0", "s1"]
    assert again.data.metrics["summary/wmdd_digits_ipc2_n"] == 2


def test_an_open_cell_of_a_stopped_run_is_killed(
    tracker: Tracker, folder: Path, study_events: Events
) -> None:
    events = [*study_events((0,))][:6]
    assert isinstance(events[-1], Step)
    track(tracker, folder, events, "KILLED")
    (study,), (cell,) = runs(tracker, "study"), runs(tracker, "cell")
    assert (study.info.status, cell.info.status) == ("KILLED", "KILLED")


def test_a_failed_cell_is_failed_and_its_repetition_supersedes_it(
    tracker: Tracker, folder: Path, study_events: Events, cell_events: CellEvents
) -> None:
    opened, *_ = study_events(())
    started, *_ = cell_events(0)
    assert isinstance(started, CellStarted)
    failed = CellFailed(started.cell, started.address, "loss is NaN", {"status": "failed"})
    track(tracker, folder, [opened, started, failed], "FAILED")
    (cell,) = runs(tracker, "cell")
    assert (cell.info.status, cell.data.tags["error"]) == ("FAILED", "loss is NaN")
    track(tracker, folder, [*study_events((0,))], "FINISHED")
    old, new = sorted(runs(tracker, "cell"), key=lambda run: run.info.status)
    assert (old.info.status, new.info.status) == ("FAILED", "FINISHED")
    assert old.data.tags["superseded_by"] == new.info.run_id


@pytest.mark.parametrize(
    ("state", "status"), [("PRUNED", "KILLED"), ("COMPLETE", "FINISHED"), ("FAIL", "FAILED")]
)
def test_a_trial_ends_as_what_became_of_it(
    tracker: Tracker,
    folder: Path,
    study_events: Events,
    cell_events: CellEvents,
    state: str,
    status: str,
) -> None:
    opened, *_ = study_events(())
    *before, ended = cell_events(0)
    assert isinstance(ended, CellFinished)
    end: Event = replace(ended, tags={"optuna_state": state})
    if state == "FAIL":
        end = CellFailed(ended.cell, ended.address, "loss is NaN", {"optuna_state": state})
    track(tracker, folder, [opened, *before, end], "FINISHED")
    (trial,) = runs(tracker, "cell")
    assert (trial.info.status, trial.data.tags["optuna_state"]) == (status, state)


def test_a_number_that_a_stage_told_is_not_told_again(
    tracker: Tracker, folder: Path, study_events: Events, cell_events: CellEvents
) -> None:
    opened, *_ = study_events(())
    *before, ended = cell_events(0)
    assert isinstance(ended, CellFinished)
    end = replace(ended, metrics={**ended.metrics, "peak_memory_recover": 1000.0})
    track(tracker, folder, [opened, *before, end], "FINISHED")
    (cell,) = runs(tracker, "cell")
    client = MlflowClient(tracker.uri)
    found = {n: client.get_metric_history(cell.info.run_id, n) for n in cell.data.metrics}
    assert [name for name in found if "peak_memory_recover" in name]
    assert {
        n for n, points in found.items() if len({p.step for p in points}) < len(points)
    } == set()


def test_two_rows_may_share_an_address(
    tracker: Tracker, folder: Path, study_events: Events, cell_events: CellEvents
) -> None:
    twin = [replace(e, cell="twin") if hasattr(e, "cell") else e for e in cell_events(0)]
    track(tracker, folder, [*study_events((0,)), *twin], "FINISHED")
    cells = runs(tracker, "cell")
    assert len(cells) == 2
    assert len({c.data.tags["address"] for c in cells}) == 1


def test_no_infinity_reaches_mlflow(
    tracker: Tracker, folder: Path, study_events: Events, cell_events: CellEvents
) -> None:
    opened, *_ = study_events(())
    started, *_ = cell_events(0)
    assert isinstance(started, CellStarted)
    events = [
        opened,
        started,
        Step("recover", 1, 1, {"loss": math.inf}),
        CellFinished(started.cell, started.address, {"top1": -math.inf}, {}),
    ]
    track(tracker, folder, events, "FINISHED")
    (cell,) = runs(tracker, "cell")
    assert cell.data.tags["diverged"] == "true"
    assert math.isnan(cell.data.metrics["recover/loss"])
    assert math.isnan(cell.data.metrics["evaluate/top1"])


def test_long_params_become_an_artifact(
    tracker: Tracker, folder: Path, study_events: Events, cell_events: CellEvents
) -> None:
    opened, *_ = study_events(())
    started, *_, finished = cell_events(0)
    assert isinstance(started, CellStarted)
    many = {f"p{k}": k for k in range(150)} | {"long": "x" * 7000}
    track(tracker, folder, [opened, replace(started, params=many), finished], "FINISHED")
    (cell,) = runs(tracker, "cell")
    assert len(cell.data.params) == 150
    names = {a.path for a in MlflowClient(tracker.uri).list_artifacts(cell.info.run_id)}
    assert names == {"long_params.json", "manifest.json"}


def test_a_chosen_experiment_and_system_metrics(
    tracker: Tracker, folder: Path, study_events: Events
) -> None:
    chosen = replace(tracker, experiment="my own", system_metrics=0.05)
    said: list[Event] = []
    observer = MlflowObserver(chosen, Store(folder), say=said.append, code=folder)
    for event in study_events((0,)):
        observer(event)
    observer.close("FINISHED")
    assert said == []
    (study,) = runs(tracker, "study", "my own")
    assert study.info.status == "FINISHED"


def test_without_a_study_nothing_is_written(tracker: Tracker, folder: Path) -> None:
    observer = MlflowObserver(tracker, Store(folder))
    observer(Note("hello"))
    observer.close("FINISHED")
    assert not (folder / "outbox").exists()
