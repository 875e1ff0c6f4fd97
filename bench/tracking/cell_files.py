"""The files of a cell on their way to MLflow: texts, pictures, the student as a model."""

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.core.events import Milestone, StudentTrained
from bench.tracking.outbox import Outbox

if TYPE_CHECKING:
    from torch import Tensor

    from bench.artifacts.labels import Score
    from bench.artifacts.values import SyntheticSet

ROWS, COLUMNS = 10, 10  # classes and images of each that the picture of a synthetic set shows


class CellFiles:
    """Puts files into an outbox under the key of a cell's run."""

    def __init__(self, outbox: Outbox, key: str) -> None:
        self._outbox, self._key = outbox, key

    def data(self, name: str, value: Mapping[str, object]) -> None:
        """JSON at the top of the run's artifacts."""
        self.text(name, json.dumps(value, indent=1, default=str))

    def text(self, name: str, text: str) -> None:
        place = f"{self._key}/{name}"
        self._outbox.place(place).write_text(text)
        self._send(place, "")

    def synthetic(
        self, made: "SyntheticSet", mean: Sequence[float] = (), std: Sequence[float] = ()
    ) -> None:
        """At most 10 classes x 10 images, a row per class; floats clamped to the pixel range."""
        from bench.data.network_input import as_pixels

        by_class: dict[int, list[int]] = {}
        for index, label in enumerate(made.labels.tolist()):
            by_class.setdefault(label, []).append(index)
        shown = [indices[:COLUMNS] for _, indices in sorted(by_class.items())[:ROWS]]
        images = as_pixels(made.images[[index for row in shown for index in row]], mean, std)
        self._picture(["synthetic.png"], "tiles", images, [len(row) for row in shown])

    def confusion(self, score: "Score") -> None:
        lines = [",".join(map(str, line)) for line in score.confusion.tolist()]
        self.text("confusion.csv", "\n".join(lines) + "\n")
        self._picture(["confusion.png"], "confusion", score.confusion, [])

    def milestone(self, event: Milestone, millis: int) -> None:
        """A picture and its small copy, under the names that MLflow's image charts read."""
        unique = uuid.uuid5(uuid.NAMESPACE_OID, f"{self._key} {event.stage} {event.step}")
        stem = f"{event.stage}+step+{event.step}+timestamp+{millis}+{unique}"
        names = [f"{stem}.png", f"{stem}+compressed.webp"]
        self._picture(names, "tiles", event.images, [len(event.images)])

    def student(self, event: StudentTrained) -> None:
        from bench.tracking.student_model import NAME, save_student

        place = f"{self._key}/{NAME}"
        folder = self._outbox.place(place)
        shutil.rmtree(folder, ignore_errors=True)
        save_student(event, folder)
        self._outbox.append({"op": "model", "file": place, "key": self._key})

    def _picture(
        self, names: Sequence[str], kind: str, draft: "Tensor", rows: Sequence[int]
    ) -> None:
        """Keeps what pictures are drawn from; whoever delivers them draws them."""
        import numpy as np

        place = f"{self._key}/{names[0]}.npy"
        np.save(self._outbox.place(place), draft.cpu().numpy())
        self._outbox.append(
            {
                "op": "picture", "key": self._key, "from": place, "kind": kind,
                "rows": list(rows), "files": list(names), "to": "images",
            }
        )  # fmt: skip

    def _send(self, place: str, to: str) -> None:
        self._outbox.append({"op": "artifact", "file": place, "to": to, "key": self._key})
