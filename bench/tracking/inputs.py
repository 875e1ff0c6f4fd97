"""Data sets as MLflow shows them: what a cell was made from, and what it distilled."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.core.events import RealSplit

if TYPE_CHECKING:
    from mlflow import MlflowClient

DIGEST = 36  # characters, MLflow's limit


def real_input(used: RealSplit) -> dict[str, object]:
    """A split of a real set as `log_input` takes it; its context is `train` or `test`."""
    return {
        "name": used.name,
        "digest": used.digest,
        "context": used.split,
        "source": {"split": used.split, "sha256": used.digest},
        "shape": used.shape,
        "profile": {"images": used.images},
        "mean": tuple(used.mean),
        "std": tuple(used.std),
    }


def synthetic_input(
    name: str, address: str, shape: Sequence[int], image_bytes: int, dtype: str = "uint8"
) -> dict[str, object]:
    """A synthetic set of (n, ch, H, W) images; its digest is its address in the store."""
    return {
        "name": name,
        "digest": address,
        "context": "distilled",
        "source": {"address": address},
        "shape": tuple(shape[1:]),
        "dtype": dtype,
        "profile": {"images": shape[0], "bytes": image_bytes},
    }


def log_input(client: "MlflowClient", run: str, used: Mapping[str, object]) -> None:
    """Names a data set of a run, with what it holds; repeated, it adds nothing."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    data = Dataset(
        name=str(used["name"]),
        digest=str(used["digest"])[:DIGEST],
        source_type="code",  # MLflow's word for what no URL leads to
        source=json.dumps({"tags": used.get("source", {})}),
        schema=_schema(used.get("shape"), str(used.get("dtype", "uint8"))),
        profile=json.dumps(used.get("profile", {})),
    )
    context = InputTag("mlflow.data.context", str(used["context"]))
    client.log_inputs(run, [DatasetInput(data, [context])])


def _schema(shape: object, dtype: str) -> str | None:
    """Any number of images (ch, H, W), each with the number of its class."""
    import numpy as np
    from mlflow.data.schema import TensorDatasetSchema
    from mlflow.types import Schema, TensorSpec

    if not isinstance(shape, Sequence):
        return None
    images = TensorSpec(np.dtype(dtype), (-1, *shape))
    labels = TensorSpec(np.dtype("int64"), (-1,))
    return json.dumps(TensorDatasetSchema(Schema([images]), Schema([labels])).to_dict())
