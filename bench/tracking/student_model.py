"""A trained student as an MLflow model: pixels in, class scores out, without this project's code.

The network is stored as a graph (`torch.export`), not as a pickle, with its normalisation inside.
"""

import copy
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from bench.core.events import StudentTrained
from bench.tracking.connection import import_mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from torch.nn import Module

NAME = "student"


def save_student(event: StudentTrained, folder: Path) -> None:
    """Writes a model folder that `mlflow.pyfunc` loads and `mlflow models serve` serves.

    It takes float32 pixels in [0, 1] of shape (n, ch, H, W), those of the test split's centre
    crops, and returns logits (n, C).
    """
    import_mlflow()
    import mlflow.pytorch
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    kind = np.dtype("float32")
    pixels = TensorSpec(kind, (-1, *event.shape))
    logits = TensorSpec(kind, (-1, len(event.classes)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about its own future
        mlflow.pytorch.save_model(
            _portable(event),
            str(folder),
            signature=ModelSignature(Schema([pixels]), Schema([logits])),
            input_example=np.zeros((2, *event.shape), dtype=kind),
            serialization_format="pt2",
            pip_requirements=["mlflow", "torch", "numpy"],
            metadata={"classes": list(event.classes)},
        )


def log_student(client: "MlflowClient", experiment: str, run: str, folder: Path) -> None:
    """Adds a saved model to a run that has none yet."""
    from mlflow.entities import LoggedModelOutput

    mine = f"source_run_id = '{run}'"
    found = client.search_logged_models([experiment], mine)
    if any(str(model.status) == "READY" for model in found):
        return
    for unfinished in found:
        client.delete_logged_model(unfinished.model_id)
    made = client.create_logged_model(experiment, NAME, run, model_type="classifier")
    client.log_model_artifacts(made.model_id, str(folder))
    client.log_outputs(run, [LoggedModelOutput(made.model_id, step=0)])
    client.finalize_logged_model(made.model_id, "READY")


def _portable(event: StudentTrained) -> "Module":
    """A float32 copy on the CPU that normalises by itself, in evaluation mode."""
    import torch
    from torch import Tensor, nn

    class Student(nn.Module):
        mean: Tensor
        std: Tensor

        def __init__(self) -> None:
            super().__init__()
            network = copy.deepcopy(event.model)
            network.to(memory_format=torch.contiguous_format)
            self.network = network.cpu().float()
            self.register_buffer("mean", torch.tensor(event.mean).view(1, -1, 1, 1))
            self.register_buffer("std", torch.tensor(event.std).view(1, -1, 1, 1))

        def forward(self, pixels: Tensor) -> Tensor:
            logits: Tensor = self.network((pixels - self.mean) / self.std)
            return logits

    return Student().eval().requires_grad_(False)
