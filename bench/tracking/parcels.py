"""Files of an outbox on their way to the artifact stores of runs; sent ones are removed here."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from bench.tracking.outbox import Op
from bench.tracking.pictures import drawn
from bench.tracking.student_model import log_student

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


class Parcels:
    """Sends files, each once: what is no longer there was sent before. No run drops them."""

    def __init__(self, client: "MlflowClient", experiment: str, files: Path) -> None:
        self._client, self._experiment, self._files = client, experiment, files

    def artifact(self, run: "Run | None", op: Op) -> None:
        """Sends a file as it is."""
        path = self._files / str(op["file"])
        if run is not None and path.exists():
            self._client.log_artifact(run.info.run_id, str(path), str(op["to"]) or None)
        path.unlink(missing_ok=True)

    def picture(self, run: "Run | None", op: Op) -> None:
        """Draws pictures and sends them."""
        draft = self._files / str(op["from"])
        if run is not None and draft.exists():
            for path in drawn(draft, op):
                self._client.log_artifact(run.info.run_id, str(path), str(op["to"]))
                path.unlink()
        draft.unlink(missing_ok=True)

    def model(self, run: "Run | None", op: Op) -> None:
        """Sends a student."""
        folder = self._files / str(op["file"])
        if run is not None and folder.exists():
            log_student(self._client, self._experiment, run.info.run_id, folder)
        shutil.rmtree(folder, ignore_errors=True)
