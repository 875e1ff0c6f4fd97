"""What a cell leaves in MLflow beside numbers: pictures on the way, the confusion, the student."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from PIL import Image

from bench.artifacts.labels import Score
from bench.core.events import (
    CellFinished,
    CellStarted,
    Event,
    Milestone,
    StageFinished,
    StageStarted,
    StudentTrained,
    StudyFinished,
    StudyStarted,
)
from bench.models.build import build_model
from bench.storage.store import ArtifactSpec, Store
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.tracker import Tracker

CellEvents = Callable[[int], list[Event]]
SCORE = Score(0.5, torch.tensor([0, 1, 0, 2]).short(), torch.tensor([0, 1, 2, 0]).short(), 1, 0)


def run_of(tracker: Tracker, folder: Path, events: list[Event], extra: list[Event]) -> str:
    """Plays a study of one cell in which more happens before it ends; the cell's run."""
    start, *middle, end = events
    assert isinstance(start, CellStarted)
    assert isinstance(end, CellFinished)
    observer = MlflowObserver(tracker, Store(folder), code=folder)
    opening = StudyStarted("s", "r", [start.cell], {}, {"study_address": "feed"})
    for event in (opening, start, *middle, *extra, end, StudyFinished("s", "FINISHED", {})):
        observer(event)
    observer.close("FINISHED")
    client = MlflowClient(tracker.uri)
    experiment = client.get_experiment_by_name("bench/s")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id], "tags.level = 'cell'")
    return str(run.info.run_id)


def test_milestones_are_an_image_chart(
    tracker: Tracker, folder: Path, cell_events: CellEvents
) -> None:
    """MLflow's UI reads key, step and time off the names of a pair of files."""
    looks = torch.full((3, 1, 8, 8), 100, dtype=torch.uint8)
    told: list[Event] = [StageStarted("cell", "recover", "a" * 64)]
    told += [Milestone("recover", step, looks, [0, 1, 2]) for step in (0, 5)]
    run, client = run_of(tracker, folder, cell_events(0), told), MlflowClient(tracker.uri)
    paths = [a.path for a in client.list_artifacts(run, "images") if "+step+" in a.path]
    assert sorted({path.split("+timestamp+")[0] for path in paths}) == [
        "images/recover+step+0",
        "images/recover+step+5",
    ]
    assert sorted(path.rpartition(".")[2] for path in paths) == ["png", "png", "webp", "webp"]
    assert client.get_run(run).data.tags["mlflow.loggedImages"] == "true"
    (first,) = [path for path in paths if "+step+0+" in path and path.endswith(".png")]
    with Image.open(client.download_artifacts(run, first)) as image:
        assert image.size[0] > 3 * 64
        assert image.getpixel((34, 34)) == (100, 100, 100)


def test_the_confusion_is_there_as_counts_and_as_a_picture(
    tracker: Tracker, folder: Path, cell_events: CellEvents
) -> None:
    Store(folder).get_or_make(ArtifactSpec("e" * 64, "evaluate", Score), lambda: SCORE)
    judged = StageFinished("cell", "evaluate", "e" * 64, 1.0, 1, hit=False, artifact=SCORE)
    run, client = run_of(tracker, folder, cell_events(0), [judged]), MlflowClient(tracker.uri)
    table = Path(client.download_artifacts(run, "confusion.csv")).read_text()
    assert table == "1,0,1\n0,1,0\n1,0,0\n"
    assert "images/confusion.png" in [a.path for a in client.list_artifacts(run, "images")]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch's exporter and MLflow's type hints
def test_a_student_is_a_model_that_predicts_without_this_project(
    tracker: Tracker, folder: Path, cell_events: CellEvents
) -> None:
    network = build_model("convnet3-w16-bn", num_classes=10, channels=1, resolution=8, seed=0)
    network.eval()
    trained = StudentTrained(network, (1, 8, 8), (0.3,), (0.2,), tuple("0123456789"))
    keeping = replace(tracker, models=True)
    run, client = run_of(keeping, folder, cell_events(0), [trained]), MlflowClient(tracker.uri)
    (output,) = client.get_run(run).outputs.model_outputs
    found = client.get_logged_model(output.model_id)
    assert (found.name, str(found.status), found.source_run_id) == ("student", "READY", run)
    pixels = np.random.default_rng(0).random((5, 1, 8, 8), dtype=np.float32)
    mlflow.set_tracking_uri(tracker.uri)
    loaded = mlflow.pyfunc.load_model(f"models:/{output.model_id}")
    with torch.no_grad():
        expected = network((torch.from_numpy(pixels) - 0.3) / 0.2)
    assert np.allclose(loaded.predict(pixels), expected.numpy(), atol=1e-5)
    assert loaded.metadata.metadata["classes"] == list("0123456789")
    assert "bench" not in json.dumps(loaded.metadata.to_dict())


def test_students_are_not_kept_unless_asked_for(
    tracker: Tracker, folder: Path, cell_events: CellEvents
) -> None:
    network = torch.nn.Linear(1, 1)
    trained = StudentTrained(network, (1, 8, 8), (0.3,), (0.2,), tuple("01"))
    run = run_of(tracker, folder, cell_events(0), [trained])
    outputs = MlflowClient(tracker.uri).get_run(run).outputs
    assert not (outputs and outputs.model_outputs)
