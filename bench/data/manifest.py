"""The manifest of one decoded split: which files hold it, what they hash to, where it is from."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path

from bench.data.roots import FORMAT
from bench.data.spec import DatasetSpec, Split

HEADER = 128  # bytes before the data of a small .npy file


@dataclass(frozen=True)
class Manifest:
    """What is known of a decoded split without opening it.

    Attributes:
        source_key: quick key of the source's files when they were last looked at.
        content: key of what those files hold.
        images, labels: names of the .npy files beside the manifest.
        shape: (N, ch, S, S) of the images.
        pixels: sha256 of shape, pixels and labels.
        whole, sizes: names of the files of whole images and of their (N, 2) sizes, else empty.
        whole_bytes: bytes of all whole images.
        whole_pixels: sha256 of their sizes and pixels, else empty.
        converted: original mode -> number of images that were converted from it.
    """

    format: int
    name: str
    split: str
    source: str
    source_key: str
    images: str
    labels: str
    shape: tuple[int, int, int, int]
    classes: tuple[str, ...]
    pixels: str
    converted: Mapping[str, int]
    seconds: float
    content: str
    whole: str = ""
    sizes: str = ""
    whole_bytes: int = 0
    whole_pixels: str = ""

    @property
    def count(self) -> int:
        return self.shape[0]

    @property
    def image_bytes(self) -> int:
        n, ch, height, width = self.shape
        return n * ch * height * width


def manifest_path(folder: Path, split: Split) -> Path:
    return folder / f"{split}.json"


def read_manifest(folder: Path, split: Split) -> Manifest | None:
    """The manifest of a complete split, or None where there is none that can be used."""
    path = manifest_path(folder, split)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        return None
    if set(values) != {field.name for field in fields(Manifest)}:
        return None
    for name in ("shape", "classes"):
        values[name] = tuple(values[name])
    manifest = Manifest(**values)
    return manifest if _complete(folder, manifest) else None


def _complete(folder: Path, manifest: Manifest) -> bool:
    """Whether all files have the size that the manifest implies."""
    wanted = {manifest.images: manifest.image_bytes, manifest.labels: 8 * manifest.count}
    if manifest.whole:
        wanted |= {manifest.whole: manifest.whole_bytes, manifest.sizes: 16 * manifest.count}
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == size + HEADER
        for name, size in wanted.items()
    )


def write_manifest(folder: Path, split: Split, manifest: Manifest) -> None:
    """Publishes a split: the manifest appears at once, and only whole."""
    temporary = folder / f"{split}.json.tmp"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(manifest_path(folder, split))


def real_digest(spec: DatasetSpec, manifest: Manifest) -> str:
    """RealSet.digest: of the pixels, the labels, and how a network sees them."""
    whole = [manifest.whole_pixels] if manifest.whole else []
    parts = (manifest.pixels, spec.num_classes, spec.resolution, spec.mean, spec.std, *whole)
    return sha256(json.dumps(parts).encode()).hexdigest()
