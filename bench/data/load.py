"""Loading a split, memory-mapped, and its digest; torch is imported only to load."""

import mmap
from pathlib import Path
from typing import TYPE_CHECKING

from bench.data.cache import Progress, quiet
from bench.data.manifest import HEADER, Manifest, real_digest
from bench.data.prepare import ensure
from bench.data.roots import cache_folder
from bench.data.spec import DatasetSpec, Split

if TYPE_CHECKING:
    import numpy as np

    from bench.artifacts.values import RealSet
    from bench.artifacts.whole import WholeImages


def load(
    spec: DatasetSpec,
    split: Split,
    root: Path,
    download: bool = False,
    progress: Progress = quiet,
) -> "RealSet":
    """The real images of a split; decodes them at the first call only.

    Raises:
        BadData: the source is missing, damaged or wrongly laid out.
    """
    import numpy as np
    import torch

    from bench.artifacts.values import RealSet

    manifest, _ = ensure(spec, split, root, download, progress)
    folder = cache_folder(spec, root)
    images = mapped(folder / manifest.images, manifest.shape)
    return RealSet(
        name=spec.name,
        images=torch.from_numpy(images),
        labels=torch.from_numpy(np.load(folder / manifest.labels).astype(np.int64)),
        classes=manifest.classes,
        resolution=spec.resolution,
        mean=spec.mean,
        std=spec.std,
        digest=real_digest(spec, manifest),
        stem=spec.stem,
        whole=_whole(folder, manifest),
    )


def _whole(folder: Path, manifest: Manifest) -> "WholeImages | None":
    """The whole images of a split, mapped; None where only squares are stored."""
    import numpy as np
    import torch

    from bench.artifacts.whole import WholeImages

    if not manifest.whole:
        return None
    flat = torch.from_numpy(mapped(folder / manifest.whole, (manifest.whole_bytes,)))
    sizes = torch.from_numpy(np.load(folder / manifest.sizes).astype(np.int64))
    return WholeImages.of(flat, sizes, manifest.shape[1])


def digest(
    spec: DatasetSpec,
    split: Split,
    root: Path,
    download: bool = False,
    progress: Progress = quiet,
) -> str:
    """RealSet.digest of a split; where it is prepared, reads the manifest and lists the source.

    Raises:
        BadData: the source is missing, damaged or wrongly laid out.
    """
    return real_digest(spec, ensure(spec, split, root, download, progress)[0])


def class_sizes(spec: DatasetSpec, manifest: Manifest, root: Path) -> list[int]:
    """Images of each class in a prepared split, read from its labels alone."""
    import numpy as np

    labels = np.load(cache_folder(spec, root) / manifest.labels)
    return [int(count) for count in np.bincount(labels, minlength=spec.num_classes)]


def mapped(path: Path, shape: tuple[int, ...]) -> "np.ndarray":
    """A uint8 .npy file as a private mapping: writes to it never reach the file.

    Unlike numpy's own mode "c", it reserves no memory, so that it may exceed the machine's.
    """
    import numpy as np

    flags = mmap.MAP_PRIVATE | getattr(mmap, "MAP_NORESERVE", 0)
    with path.open("rb") as file:
        view = mmap.mmap(file.fileno(), 0, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    return np.frombuffer(view, dtype=np.uint8, offset=HEADER).reshape(shape)
