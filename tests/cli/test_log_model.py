"""`--log-model`: the student in MLflow is the one that was scored."""

import warnings
from collections.abc import Sequence

import mlflow
import numpy as np
import pytest
from cli_runs import Bench
from mlflow import MlflowClient
from mlflow.entities import Run

from bench.data.builtin import get_dataset
from bench.data.load import load

RUN = ("run", "tiny.py", "--profile", "smoke", "--set=seeds=1", "--set=precision=fp32", "--quiet")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's and torch's own


def cells(bench: Bench) -> Sequence[Run]:
    client = MlflowClient(bench.tracking)
    found = client.get_experiment_by_name("bench/tiny")
    assert found is not None
    return list(client.search_runs([found.experiment_id], "tags.level = 'cell'"))


def models(run: Run) -> list[str]:
    outputs = run.outputs.model_outputs if run.outputs else []
    return [output.model_id for output in outputs]


def accuracy(bench: Bench, model: str) -> float:
    """Of a logged model on the test split, by pyfunc alone."""
    mlflow.set_tracking_uri(bench.tracking)
    test = load(get_dataset("digits"), "test", bench.data_root)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = mlflow.pyfunc.load_model(f"models:/{model}").predict(
            test.images.numpy().astype(np.float32) / 255
        )
    return float((scores.argmax(1) == test.labels.numpy()).mean())


def test_a_logged_student_scores_what_its_cell_says(bench: Bench) -> None:
    assert bench.run(*RUN).code == 0
    assert [models(run) for run in cells(bench)] == [[], [], []]
    made = bench.objects()
    for _ in range(2):  # students of known scores are trained again, and logged once
        ended = bench.run(*RUN, "--log-model")
        assert ended.code == 0, ended.err
        assert "scores otherwise" not in ended.out + ended.err
    found = cells(bench)
    assert [len(models(run)) for run in found] == [1, 1, 1]
    assert bench.objects() == made
    run = next(run for run in found if run.data.params["row"] == "chance")
    assert accuracy(bench, *models(run)) == pytest.approx(run.data.metrics["evaluate/top1"])
