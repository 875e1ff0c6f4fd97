"""Data sets of a cell in MLflow: both real splits and the distilled images, with what they hold."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from mlflow import MlflowClient
from mlflow.data import get_source
from mlflow.data.schema import TensorDatasetSchema
from mlflow.entities import DatasetInput, Run

from bench.artifacts.values import SyntheticSet
from bench.core.events import Event, RealSplit
from bench.storage.store import Store
from bench.tracking.inputs import log_input, real_input, synthetic_input
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.tracker import Tracker

Events = Callable[[Sequence[int]], Iterator[Event]]


@pytest.fixture
def cell(tracker: Tracker, folder: Path, study_events: Events) -> Run:
    """A tracked cell."""
    observer = MlflowObserver(tracker, Store(folder), code=folder)
    for event in study_events((0,)):
        observer(event)
    observer.close("FINISHED")
    client = MlflowClient(tracker.uri)
    found = client.get_experiment_by_name("bench/ablation")
    assert found is not None
    (run,) = client.search_runs([found.experiment_id], "tags.level = 'cell'")
    return run


def by_context(run: Run) -> dict[str, DatasetInput]:
    """Context -> data set; fails where two share one."""
    (key,) = {tag.key for i in run.inputs.dataset_inputs for tag in i.tags}
    assert key == "mlflow.data.context"
    found = {i.tags[0].value: i for i in run.inputs.dataset_inputs}
    assert len(found) == len(run.inputs.dataset_inputs)
    return found


def test_each_has_its_name_digest_and_context(cell: Run) -> None:
    found = {c: (i.dataset.name, i.dataset.digest) for c, i in by_context(cell).items()}
    assert found == {
        "train": ("digits", "d" * 36),
        "test": ("digits", "e" * 36),
        "distilled": ("wmdd", "a" * 36),
    }


def test_the_source_is_the_whole_address_or_digest(cell: Run) -> None:
    sources = {c: get_source(i.dataset).to_dict()["tags"] for c, i in by_context(cell).items()}
    assert sources == {
        "train": {"split": "train", "sha256": "d" * 64},
        "test": {"split": "test", "sha256": "e" * 64},
        "distilled": {"address": "a" * 64},
    }


def test_profile_and_schema_say_what_is_in_it(cell: Run) -> None:
    found = by_context(cell)
    profiles = {context: json.loads(i.dataset.profile) for context, i in found.items()}
    assert profiles == {
        "train": {"images": 1442},
        "test": {"images": 355},
        "distilled": {"images": 20, "bytes": 1280},
    }
    for i in found.values():
        schema: Any = TensorDatasetSchema.from_dict(json.loads(i.dataset.schema))
        (images,), (labels,) = schema.features, schema.targets
        assert (images.type.name, images.shape) == ("uint8", (-1, 1, 8, 8))
        assert labels.shape == (-1,)


def test_a_repetition_adds_nothing(tracker: Tracker, cell: Run) -> None:
    client, split = MlflowClient(tracker.uri), RealSplit("digits", "train", "d" * 64, 1, (1, 8, 8))
    log_input(client, cell.info.run_id, real_input(split))
    assert by_context(client.get_run(cell.info.run_id)).keys() == by_context(cell).keys()


def test_a_set_of_floats_says_so_and_counts_all_that_was_learned() -> None:
    made = SyntheticSet(
        torch.zeros(2, 1, 8, 8), torch.arange(2), torch.zeros(2), torch.ones(2), 512, lr=0.1
    )
    told = synthetic_input("mtt", "a" * 32, made.images.shape, made.stored_bytes, "float32")
    assert (told["dtype"], told["profile"]) == ("float32", {"images": 2, "bytes": 516})
