"""An export may be repeated by anyone at any time: each thing is in MLflow once, none is lost."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from deliveries import Events, all_runs, histories
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, INVALID_PARAMETER_VALUE

from bench.core.events import CellStarted, Event, StageStarted, Step, StudyStarted
from bench.storage.owner import this_process
from bench.storage.store import Store
from bench.tracking.connection import Clash, Refused, Unreachable, asking
from bench.tracking.export import Exporter, Target
from bench.tracking.layout import cell_key
from bench.tracking.pending import Errand
from bench.tracking.recorder import Recorder
from bench.tracking.runs import persistent
from bench.tracking.sheets import read
from bench.tracking.tracker import Tracker

Record = Callable[..., Path]
Export = Callable[..., Exporter]
CELL = "wmdd · digits · ipc 2 · s0"


@pytest.fixture
def record(tracker: Tracker, study_events: Events) -> Record:
    """Writes a study down, in a store and up to an event; returns the list of what to export."""

    def make(
        store: Store, seeds: Sequence[int] = (0,), hits: bool = False, count: int = -1
    ) -> Path:
        first, *others = study_events(seeds)
        assert isinstance(first, StudyStarted)
        recorder = Recorder(tracker, store, code=Path(store.root))
        path = recorder.begin(first)
        for event in others[:count] if count >= 0 else others:
            if not (hits and isinstance(event, StageStarted | Step)):
                recorder(event)
        recorder.close("FINISHED" if count < 0 else "KILLED")
        return path

    return make


@pytest.fixture
def export(tracker: Tracker) -> Export:
    def make(store: Store, path: Path) -> Exporter:
        target = Target(tracker.uri, "bench/ablation", f"{store.root}/artifacts")
        exporter = Exporter(store, target)
        assert Errand(path, exporter).go()
        return exporter

    return make


@pytest.fixture
def other(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A second store that exports to the same place."""
    place = tmp_path_factory.mktemp("other")
    shutil.copytree(folder / "objects", place / "objects")
    return Store(place)


def cells(tracker: Tracker) -> list[Run]:
    return [run for run in all_runs(tracker.uri) if run.data.tags["level"] == "cell"]


def test_each_step_and_run_is_there_once_after_any_number_of_exports(
    store: Store, tracker: Tracker, record: Record, export: Export
) -> None:
    path = record(store, (0, 1))
    export(store, path)
    first = histories(tracker.uri)
    assert [k for k, _ in first[CELL, "recover/feature"]] == [1, 2, 3, 4]
    for _ in range(2):  # as after a kill: nothing is remembered
        export(store, path)
    assert histories(tracker.uri) == first
    assert len(all_runs(tracker.uri)) == 3


def test_an_export_that_breaks_off_anywhere_is_completed_by_the_next(
    store: Store, tracker: Tracker, record: Record, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, calls, broken = record(store, (0,)), [0], 0
    names = ("create_run", "log_batch", "log_inputs", "log_artifact", "set_terminated")
    plain = {name: getattr(MlflowClient, name) for name in names}
    for allowed in range(14):

        def breaking(name: str, allowed: int = allowed) -> Callable[..., object]:
            def call(*args: object, **more: object) -> object:
                calls[0] += 1
                if calls[0] > allowed:
                    raise MlflowException("the server was killed")
                done = plain[name](*args, **more)
                if calls[0] == allowed:  # it came through, but the answer did not
                    raise MlflowException("the connection broke before the answer came")
                return done

            return call

        calls[0] = 0
        with monkeypatch.context() as patch:
            for name in names:
                patch.setattr(MlflowClient, name, breaking(name))
            try:
                export(store, path)
            except (Unreachable, AssertionError):
                broken += 1
    assert broken >= 10
    export(store, path)
    found = histories(tracker.uri)
    assert [k for k, _ in found[CELL, "recover/feature"]] == [1, 2, 3, 4]
    (cell,) = cells(tracker)
    assert cell.info.status == "FINISHED"
    files = {a.path for a in MlflowClient(tracker.uri).list_artifacts(cell.info.run_id)}
    assert files == {"images", "manifest.json"}
    assert len(cell.inputs.dataset_inputs) == 3


@pytest.mark.parametrize("first", ["computed", "store"])
def test_of_two_stores_that_finished_a_cell_the_one_that_computed_stays(
    store: Store, other: Store, tracker: Tracker, record: Record, export: Export, first: str
) -> None:
    paths = {"computed": (store, record(store)), "store": (other, record(other, hits=True))}
    for name in (first, "store" if first == "computed" else "computed"):
        export(*paths[name])
    (cell,) = cells(tracker)
    assert (cell.info.status, cell.data.tags["origin"]) == ("FINISHED", "computed")
    assert "recover/feature" in cell.data.metrics


def test_a_cell_that_two_processes_finished_has_one_run(
    store: Store, tracker: Tracker, record: Record, export: Export
) -> None:
    waited = record(store, hits=True)  # it found the artifacts that the other was making
    export(store, waited)
    assert [run.data.tags["origin"] for run in cells(tracker)] == ["store"]
    export(store, record(store))
    assert [run.data.tags["origin"] for run in cells(tracker)] == ["computed"]


def test_a_broken_attempt_shows_how_far_it_came_and_names_what_took_over(
    store: Store, tracker: Tracker, record: Record, export: Export
) -> None:
    broken = record(store, count=5)  # the cell, a hit, its stage and two steps
    whole = record(store)
    export(store, broken)
    export(store, whole)
    old, new = sorted(cells(tracker), key=lambda run: run.info.start_time)
    assert (old.info.status, new.info.status) == ("KILLED", "FINISHED")
    assert old.data.tags["superseded_by"] == new.info.run_id
    client = MlflowClient(tracker.uri)
    steps = [
        [p.step for p in client.get_metric_history(run.info.run_id, "recover/feature")]
        for run in (old, new)
    ]
    assert steps == [[1, 2], [1, 2, 3, 4]]


def test_a_killed_attempt_shows_all_that_came_before_the_next_began(
    store: Store, tracker: Tracker, record: Record, export: Export
) -> None:
    path = record(store, count=5)
    (sheet,) = (s for s in store.local_folder("tracking/sheets").rglob("*.jsonl") if is_cell(s))
    sheet.write_text("".join(sheet.read_text().splitlines(keepends=True)[:-1]))  # no end
    machine, number, started, _ = this_process().name.split("-")  # another process of its number
    mine, other = (f"{machine}-{number}-{begun}-" for begun in (started, "0"))
    sheet.write_text(sheet.read_text().replace(mine, other))
    os.utime(sheet, (1, 1))
    record(store)
    export(store, path)
    killed, _ = sorted(cells(tracker), key=lambda run: run.info.start_time)
    points = MlflowClient(tracker.uri).get_metric_history(killed.info.run_id, "recover/feature")
    assert killed.info.status == "KILLED"
    assert [point.step for point in points] == [1, 2]
    assert killed.info.end_time == max(point.timestamp for point in points)


def is_cell(sheet: Path) -> bool:
    return '"cell":' in sheet.read_text().splitlines()[0]


def test_while_a_cell_goes_on_its_run_shows_what_is_there(
    store: Store, tracker: Tracker, study_events: Events
) -> None:
    events = [*study_events((0,))]
    recorder = Recorder(tracker, store, code=Path(store.root))
    assert isinstance(events[0], StudyStarted)
    path = recorder.begin(events[0])
    exporter = Exporter(store, Target(tracker.uri, "bench/ablation", f"{store.root}/artifacts"))
    for event in events[1:6]:
        recorder(event)
    Errand(path, exporter).go()
    (cell,) = cells(tracker)
    assert cell.info.status == "RUNNING"
    assert "recover/feature" in cell.data.metrics
    errand: list[Event] = events[6:]
    for event in errand:
        recorder(event)
    recorder.close("FINISHED")
    assert Errand(path, exporter).go()
    assert {run.info.status for run in all_runs(tracker.uri)} == {"FINISHED"}
    steps = histories(tracker.uri)[CELL, "recover/feature"]
    assert [k for k, _ in steps] == [1, 2, 3, 4]


def test_what_the_store_refuses_is_skipped_and_told(
    store: Store, tracker: Tracker, record: Record, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, plain = record(store), MlflowClient.log_inputs

    def refusing(*args: object, **more: object) -> None:
        raise MlflowException("no such thing", error_code=INVALID_PARAMETER_VALUE)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_inputs", refusing)
        exporter = export(store, path)
    assert [*exporter.runs.refused] == [f"{tracker.uri}: no such thing"]
    (cell,) = cells(tracker)
    assert cell.info.status == "FINISHED"
    assert MlflowClient.log_inputs is plain


def test_loads_of_sessions_follow_each_other(
    store: Store, tracker: Tracker, study_events: Events, export: Export
) -> None:
    for _ in range(2):
        opening, *_ = study_events(())
        assert isinstance(opening, StudyStarted)
        recorder = Recorder(tracker, store, code=Path(store.root))
        path = recorder.begin(opening)
        for index in range(2):
            recorder.load({"system/cpu": float(index)}, index)
        recorder.close("KILLED")
        export(store, path)
    (run,) = all_runs(tracker.uri)
    found = MlflowClient(tracker.uri).get_metric_history(run.info.run_id, "system/cpu")
    assert [p.value for p in sorted(found, key=lambda p: p.step)] == [0.0, 1.0, 0.0, 1.0]
    assert sorted(p.step for p in found) == [0, 1, 2, 3]


def test_two_labels_of_one_address_are_two_runs(
    store: Store, tracker: Tracker, study_events: Events, export: Export
) -> None:
    first, started, *others = study_events((0,))
    assert isinstance(first, StudyStarted)
    assert isinstance(started, CellStarted)
    recorder = Recorder(tracker, store, code=Path(store.root))
    path = recorder.begin(first)
    for label in ("one", "two"):
        for event in (replace(started, cell=label), *others):
            recorder(event)
    recorder.close("FINISHED")
    export(store, path)
    assert sorted(run.info.run_name for run in cells(tracker)) == ["one", "two"]
    keys = {cell_key(started.address, label) for label in ("one", "two")}
    assert {run.data.tags["key"] for run in cells(tracker)} == keys


@pytest.mark.parametrize(("clashes", "taken"), [(0, True), (2, True), (3, False)])
def test_a_clash_is_tried_three_times(clashes: int, taken: bool) -> None:
    tries = list[int]()

    def action() -> None:
        tries.append(len(tries))
        if len(tries) <= clashes:
            raise MlflowException("two wrote one row", error_code=BAD_REQUEST)

    if taken:
        persistent("http://host", action)
    else:
        with pytest.raises(Clash):
            persistent("http://host", action)
    assert len(tries) == min(clashes + 1, 3)


@pytest.mark.parametrize(
    ("code", "kind"), [(BAD_REQUEST, Clash), (INVALID_PARAMETER_VALUE, Refused)]
)
def test_what_a_database_refuses_may_be_a_clash(code: int, kind: type[Refused]) -> None:
    with pytest.raises(Refused) as caught, asking("http://host"):
        raise MlflowException("no", error_code=code)
    assert type(caught.value) is kind


def test_a_cell_waits_while_another_process_makes_its_study(
    store: Store, tracker: Tracker, record: Record
) -> None:
    path = record(store)
    listed = read(path)
    assert listed is not None
    study, cell = str(listed.opening["key"]), str(listed.all("cell")[0]["cell"])
    exporter = Exporter(store, Target(tracker.uri, "bench/ablation", f"{store.root}/artifacts"))
    with store.claim(f"export-{study[:32]}"):
        assert exporter.cell(cell) is None
        assert exporter.study(study) is None
        assert all_runs(tracker.uri) == []
    with store.claim(f"export-{cell[:32]}"):
        assert exporter.cell(cell) is None
    assert exporter.cell(cell)
    assert exporter.study(study)
    assert len(all_runs(tracker.uri)) == 2
