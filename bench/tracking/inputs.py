"""Data sets as MLflow shows them: what a cell was made from, and what it distilled."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.core.events import RealSplit

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from bench.artifacts.values import SyntheticSet

DIGEST = 36  # characters, MLflow's limit


def real_input(used: RealSplit) -> dict[str, object]:
    """A split of a real set as an operation's fields; its context is `train` or `test`."""
    return {
        "name": used.name,
        "digest": used.digest,
        "context": used.split,
        "source": {"split": used.split, "sha256": used.digest},
        "shape": used.shape,
        "profile": {"images": used.images},
    }


def synthetic_input(name: str, address: str, made: "SyntheticSet") -> dict[str, object]:
    """A synthetic set as an operation's fields: its digest is its address in the store."""
    return {
        "name": name,
        "digest": address,
        "context": "distilled",
        "source": {"address": address},
        "shape": tuple(made.images.shape[1:]),
        "dtype": str(made.images.dtype).removeprefix("torch."),
        "profile": {"images": len(made.labels), "bytes": made.stored_bytes},
    }


def log_input(client: "MlflowClient", run: str, op: Mapping[str, object]) -> None:
    """Names a data set of a run, with what it holds; repeated, it adds nothing."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    data = Dataset(
        name=str(op["name"]),
        digest=str(op["digest"])[:DIGEST],
        source_type="code",  # MLflow's word for what no URL leads to
        source=json.dumps({"tags": op.get("source", {})}),
        schema=_schema(op.get("shape"), str(op.get("dtype", "uint8"))),
        profile=json.dumps(op.get("profile", {})),
    )
    context = InputTag("mlflow.data.context", str(op["context"]))
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
