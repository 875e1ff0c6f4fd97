"""MLflow's calls in the sizes that it takes; each may be repeated without effect."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.tracking.layout import Point, clean_tags

if TYPE_CHECKING:
    from mlflow import MlflowClient

METRICS = 500  # in one call
PARAMS = 100  # in one call, MLflow's limit
DIGEST = 36  # characters, MLflow's limit


def log_params(client: "MlflowClient", run: str, params: Mapping[str, str]) -> None:
    """Adds params; equal ones may be there already."""
    from mlflow.entities import Param

    items = [Param(key, value) for key, value in params.items()]
    for start in range(0, len(items), PARAMS):
        client.log_batch(run, params=items[start : start + PARAMS])


def log_tags(client: "MlflowClient", run: str, tags: Mapping[str, object]) -> None:
    """Sets tags."""
    from mlflow.entities import RunTag

    items = [RunTag(key, value) for key, value in clean_tags(tags).items()]
    client.log_batch(run, tags=items)


def log_points(client: "MlflowClient", run: str, points: Sequence[Point]) -> None:
    """Adds metrics."""
    from mlflow.entities import Metric

    items = [Metric(name, value, millis, step) for name, value, step, millis in points]
    for start in range(0, len(items), METRICS):
        client.log_batch(run, metrics=items[start : start + METRICS])


def log_input(client: "MlflowClient", run: str, op: Mapping[str, object]) -> None:
    """Names a data set that went into a run or came out of it: its name, digest and context."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source, profile = json.dumps({"tags": {}}), json.dumps(op.get("profile", {}))
    digest = str(op["digest"])[:DIGEST]
    data = Dataset(str(op["name"]), digest, "code", source, None, profile)
    context = InputTag("mlflow.data.context", str(op["context"]))
    client.log_inputs(run, [DatasetInput(data, [context])])
