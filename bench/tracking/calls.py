"""MLflow's calls in the sizes that it takes; each may be repeated without effect."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.tracking.layout import Point, clean_tags

if TYPE_CHECKING:
    from mlflow import MlflowClient

METRICS = 500  # in one call
PARAMS = 100  # in one call, MLflow's limit


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


def texts(value: object) -> dict[str, str]:
    """A mapping out of an operation, as params or tags are stored; nothing where it is none."""
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}
