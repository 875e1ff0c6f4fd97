"""The files of a cell on their way to MLflow: texts, pictures, the student as a model."""

import json
import shutil
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.events import Milestone, StudentTrained
from bench.tracking.outbox import Outbox

if TYPE_CHECKING:
    from bench.artifacts import SyntheticSet
    from bench.labels import Score


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

    def synthetic(self, made: "SyntheticSet") -> None:
        from bench.tracking.pictures import save_grid

        place = f"{self._key}/synthetic.png"
        save_grid(made, self._outbox.place(place))
        self._send(place, "images")

    def confusion(self, score: "Score") -> None:
        from bench.tracking.pictures import save_confusion

        lines = [",".join(map(str, line)) for line in score.confusion.tolist()]
        self.text("confusion.csv", "\n".join(lines) + "\n")
        place = f"{self._key}/confusion.png"
        save_confusion(score, self._outbox.place(place))
        self._send(place, "images")

    def milestone(self, event: Milestone, millis: int) -> None:
        """A picture and its small copy, under the names that MLflow's image charts read."""
        from bench.tracking.pictures import save_strip

        unique = uuid.uuid5(uuid.NAMESPACE_OID, f"{self._key} {event.stage} {event.step}")
        stem = f"{event.stage}+step+{event.step}+timestamp+{millis}+{unique}"
        places = [f"{self._key}/{stem}.png", f"{self._key}/{stem}+compressed.webp"]
        png, webp = map(self._outbox.place, places)
        save_strip(event.images, png, webp)
        for place in places:
            self._send(place, "images")

    def student(self, event: StudentTrained) -> None:
        from bench.tracking.student_model import NAME, save_student

        place = f"{self._key}/{NAME}"
        folder = self._outbox.place(place)
        shutil.rmtree(folder, ignore_errors=True)
        save_student(event, folder)
        self._outbox.append({"op": "model", "file": place, "key": self._key})

    def _send(self, place: str, to: str) -> None:
        self._outbox.append({"op": "artifact", "file": place, "to": to, "key": self._key})
