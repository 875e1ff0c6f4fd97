"""Raw IDX files, the format of MNIST, Fashion-MNIST and their kin (yann.lecun.com/exdb/mnist).

A folder holds {train,t10k}-images-idx3-ubyte and {train,t10k}-labels-idx1-ubyte, plain or .gz.
"""

import gzip
from dataclasses import dataclass
from pathlib import Path
from struct import error as StructError
from struct import unpack
from typing import TYPE_CHECKING

from bench.core.errors import BadData
from bench.data.sources.arrays import samples_of
from bench.data.sources.files import Entry, content_of, contents, entries_below, key_of
from bench.data.spec import Samples, Split

if TYPE_CHECKING:
    import numpy as np

PREFIXES = {"train": "train", "test": "t10k"}


@dataclass(frozen=True)
class Idx:
    """The four files of a folder."""

    folder: str
    downloadable: bool = False
    hint: str = "put its four IDX files there"

    def where(self, root: Path) -> Path:
        return Path(self.folder)

    def found(self, root: Path) -> bool:
        return self.where(root).is_dir()

    def key(self, root: Path, split: Split) -> str:
        return key_of(self._entries(split), split)

    def content(self, root: Path, split: Split) -> str:
        return content_of(Path(self.folder), self._entries(split), split)

    def open(self, root: Path, split: Split) -> Samples:
        images, labels = self.array(split, "images", 3), self.array(split, "labels", 1)
        if len(images) != len(labels):
            raise BadData(
                f"{self.folder}: expected one label for each of {len(images)} {split} images, "
                f"found {len(labels)}; restore the files"
            )
        names = tuple(str(label) for label in range(int(labels.max()) + 1))
        return samples_of(names, images, labels.astype("int64"))

    def array(self, split: Split, part: str, dims: int) -> "np.ndarray":
        """The bytes of one file in their shape.

        Raises:
            BadData: the file is missing, damaged, or holds something else.
        """
        import numpy as np

        path = idx_file(Path(self.folder), split, part)
        if path is None:
            raise BadData(
                f"{self.folder}: expected {PREFIXES[split]}-{part}-idx{dims}-ubyte, found "
                f"{contents(Path(self.folder))}; add it"
            )
        try:
            raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            magic, *shape = unpack(f">I{dims}I", raw[: 4 * (dims + 1)])
            found = np.frombuffer(raw, dtype=np.uint8, offset=4 * (dims + 1)).reshape(shape)
        except (OSError, EOFError, StructError, ValueError) as error:
            raise BadData(f"{path}: expected a whole IDX file ({error}); restore it") from error
        if magic != 0x800 + dims:
            raise BadData(
                f"{path}: expected IDX bytes in {dims} dimensions, found magic {magic:#x}; "
                "restore it"
            )
        return found

    def download(self, root: Path) -> None:
        raise BadData(f"nothing to download: {self.hint}")

    def _entries(self, split: Split) -> list[Entry]:
        names = {f"{PREFIXES[split]}-{part}" for part in ("images", "labels")}
        listed = entries_below(Path(self.folder))
        return [entry for entry in listed if any(map(entry.relative.startswith, names))]


def idx_file(folder: Path, split: Split, part: str) -> Path | None:
    """The file of a split's images or labels in either spelling, plain or compressed."""
    found = sorted(folder.glob(f"{PREFIXES[split]}-{part}[-.]idx?-ubyte*"))
    return next(
        (path for path in found if path.suffix in ("", ".gz") or "idx" in path.suffix), None
    )
