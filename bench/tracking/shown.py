"""What a run shows of a cell: its curves, final numbers, pictures and files, out of the store."""

import json
import math
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import CorruptArtifact
from bench.storage.manifest import Manifest
from bench.storage.store import Store
from bench.tracking.curves import FOLDER, read_curve
from bench.tracking.inputs import synthetic_input
from bench.tracking.layout import Point, final_metrics, metric_name, points
from bench.tracking.pictures import draw
from bench.tracking.sheets import Attempt

ROWS, COLUMNS = 10, 10  # classes and images of each that the picture of a synthetic set shows


@dataclass
class Shown:
    """What a run shows that its sheet does not say itself.

    Attributes:
        files: local file -> folder below the run's artifacts.
        inputs: synthetic sets, as `inputs.log_input` takes them.
        problems: why something that belongs here cannot be shown.
    """

    points: list[Point] = field(default_factory=list)
    files: dict[Path, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    inputs: list[dict[str, object]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def shown(attempt: Attempt, store: Store, scratch: Path, until: float = math.inf) -> Shown:
    """What there is of an attempt at a cell by now.

    Args:
        scratch: folder into which pictures are drawn.
        until: when the next attempt began, in milliseconds; what was killed has nothing later.
    """
    return _Gathering(attempt, store, scratch, until).all()


class _Gathering:
    def __init__(self, attempt: Attempt, store: Store, scratch: Path, until: float) -> None:
        self._attempt, self._store, self._scratch = attempt, store, scratch
        self._curves = store.local_folder(FOLDER)
        self._found, self._last = Shown(), dict[str, int]()
        broken = attempt.computed and attempt.status in ("FAILED", "KILLED")
        self._until = (attempt.ended if attempt.end else until - 1) if broken else math.inf
        self._hits = {str(line["address"]): bool(line.get("hit")) for line in attempt.all("stage")}

    def all(self) -> Shown:
        reached = self._reached()
        for address, series in reached.items():
            self._curve(address, series)
        made = [m for address in reached if (m := self._manifest(address)) is not None]
        for line in self._attempt.all("points"):
            values, step, millis = line["points"], line["step"], line["at"]
            assert isinstance(values, dict)
            self._add(values, int(str(step)), int(str(millis)))
        self._artifacts(made)
        if self._attempt.end:
            self._final(made)
        return self._found

    def _reached(self) -> dict[str, str]:
        """Address -> series of every stage that the attempt knows of, what comes first, first."""
        named = [(str(x["address"]), str(x.get("series", ""))) for x in self._attempt.all("stage")]
        if self._attempt.status == "FINISHED":
            named.append((str(self._attempt.opening["address"]), ""))
        found = dict[str, str]()
        for address, series in named:
            self._climb(address, series, found)
        return found

    def _climb(self, address: str, series: str, found: dict[str, str]) -> None:
        manifest = self._manifest(address)
        for upstream in manifest.upstream.values() if manifest else ():
            if upstream not in found:
                self._climb(upstream, series, found)
        if manifest or address in self._hits:
            found.setdefault(address, series)

    def _manifest(self, address: str) -> Manifest | None:
        try:
            return self._store.manifest(address) if self._store.has(address) else None
        except CorruptArtifact as error:
            self._found.problems.append(str(error))
            return None

    def _curve(self, address: str, series: str) -> None:
        """Points and pictures, but of a broken attempt none that a later one added."""
        for spot in read_curve(self._curves, address):
            if spot.millis > self._until:
                continue
            if spot.picture:
                self._milestone(address, spot.stage, spot.step, spot.millis, spot.picture)
                continue
            head = f"{spot.stage}/{series}" if series else spot.stage
            self._add({f"{head}/{k}": v for k, v in spot.values.items()}, spot.step, spot.millis)

    def _add(self, values: Mapping[str, float], step: int, millis: int) -> None:
        named = {metric_name(name): float(value) for name, value in values.items()}
        self._last |= dict.fromkeys(named, step)
        found, diverged = points(named, step, millis)
        self._found.points += found
        if diverged:
            self._found.tags["diverged"] = "true"

    def _final(self, made: list[Manifest]) -> None:
        """Final numbers stand at the end of the curves that they belong to."""
        end, at = self._attempt.end, self._attempt.ended
        peaks = dict[str, float]()
        for m in made:
            name = f"peak_memory_{m.stage}"
            peaks[name] = max(peaks.get(name, 0.0), float(m.peak_memory))
        told = end.get("metrics")
        metrics = final_metrics({**peaks, **(told if isinstance(told, dict) else {})})
        for name, value in metrics.items():
            self._add({name: value}, self._last.get(name, 0), at)
        stages = [
            {
                "stage": m.stage, "address": m.address, "seconds": m.seconds,
                "peak_memory": m.peak_memory, "hit": self._hits.get(m.address, True),
            }
            for m in made
        ]  # fmt: skip
        opening = self._attempt.opening
        about = {"cell": opening["cell"], "address": opening["address"], "stages": stages}
        self._text("manifest.json", json.dumps(about | {"row": end.get("row", {})}, indent=1))

    def _artifacts(self, made: list[Manifest]) -> None:
        """The pictures of what was made: the first synthetic set, and the last score."""
        for kind, show in (("SyntheticSet", self._synthetic), ("Score", self._score)):
            chosen = [m for m in made if m.kind == kind]
            chosen = chosen[:1] if kind == "SyntheticSet" else chosen[-1:]
            for manifest in chosen:
                try:
                    show(manifest)
                except CorruptArtifact as error:
                    self._found.problems.append(f"no picture: {error}")

    def _synthetic(self, manifest: Manifest) -> None:
        """At most 10 classes x 10 images, a row per class."""
        images, labels = self._arrays(manifest, "images", "labels")
        by_class: dict[int, list[int]] = {}
        for index, label in enumerate(labels.tolist()):
            by_class.setdefault(label, []).append(index)
        rows = [indices[:COLUMNS] for _, indices in sorted(by_class.items())[:ROWS]]
        picked = self._pixels(images[[index for row in rows for index in row]])
        self._draw("synthetic.png", "tiles", picked, [len(row) for row in rows])
        tags = self._attempt.opening.get("tags")
        name = str(tags.get("row", "synthetic")) if isinstance(tags, dict) else "synthetic"
        size = int(str(manifest.meta.get("image_bytes", 0)))
        self._found.inputs.append(
            synthetic_input(name, manifest.address, images.shape, size, str(images.dtype))
        )
        self._found.tags["synthetic_address"] = manifest.address

    def _pixels(self, images: NDArray[Any]) -> NDArray[np.uint8]:
        """Images (n, ch, H, W) as a person looks at them: floats clamped to the pixel range."""
        if images.dtype == np.uint8:
            return images
        data = self._attempt.opening.get("data")
        scale = data[0] if isinstance(data, list) and data else {}
        mean, std = (
            np.asarray(scale.get(key) or [default], np.float64).reshape(1, -1, 1, 1)
            for key, default in (("mean", 0.0), ("std", 1.0))
        )
        levels = 255.0 * (images.astype(np.float64) * std + mean)
        return levels.clip(0, 255).astype(np.uint8)

    def _score(self, manifest: Manifest) -> None:
        true, given = self._arrays(manifest, "labels", "predicted")
        classes = int(max(true.max(), given.max())) + 1
        counts = np.bincount(
            true.astype(np.int64) * classes + given.astype(np.int64), minlength=classes**2
        )
        table = counts.reshape(classes, classes)
        lines = [",".join(map(str, line)) for line in table.tolist()]
        self._text("confusion.csv", "\n".join(lines) + "\n")
        self._draw("confusion.png", "confusion", table, [])

    def _arrays(self, manifest: Manifest, *names: str) -> Iterator[NDArray[np.generic]]:
        from safetensors import safe_open

        with safe_open(self._store.payload(manifest.address), "np") as file:
            yield from [file.get_tensor(name) for name in names]

    def _milestone(self, address: str, stage: str, step: int, millis: int, name: str) -> None:
        """A picture and its small copy, under the names that MLflow's image charts read."""
        unique = uuid.uuid5(uuid.NAMESPACE_OID, f"{address} {stage} {step}")
        stem = f"{metric_name(stage).replace('/', '-')}+step+{step}+timestamp+{millis}+{unique}"
        images = np.load(self._curves / address / name)
        for picture in (f"{stem}.png", f"{stem}+compressed.webp"):
            self._draw(picture, "tiles", images, [len(images)])
        self._found.tags["mlflow.loggedImages"] = "true"

    def _draw(self, name: str, kind: str, draft: NDArray[np.generic], rows: list[int]) -> None:
        path = self._scratch / name
        if not path.exists():
            draw(kind, draft, rows, path)
        self._found.files[path] = "images"

    def _text(self, name: str, text: str) -> None:
        path = self._scratch / name
        path.write_text(text, encoding="utf-8")
        self._found.files[path] = ""
