"""Decoding a split once into memory-mapped uint8 files."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

from bench.core.errors import BadData, BadValue
from bench.data.manifest import Manifest, write_manifest
from bench.data.roots import FORMAT
from bench.data.spec import DatasetSpec, Samples, Split
from bench.storage.file_lock import alone_in

Progress = Callable[[str, int, int], None]  # (split, images done, images in all)
CHUNK = 256
THREADS = min(16, os.cpu_count() or 2)


def quiet(split: str, done: int, total: int) -> None:
    """The progress that nobody watches."""


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Holds the folder's lock; the system frees it when its holder ends, however that happens.

    Raises:
        BadData: the folder cannot be written or locked.
    """
    with ExitStack() as held:
        try:
            held.enter_context(alone_in(folder))
        except BadValue as error:
            raise BadData(
                f"cannot prepare data in {folder}: {error.__cause__ or error}; "
                "set DDBENCH_CACHE to a folder that can be written"
            ) from error
        yield


def write_split(
    spec: DatasetSpec, split: Split, root: Path, folder: Path, progress: Progress
) -> Manifest:
    """Decodes a split into the folder, which the caller has locked, and publishes it.

    Raises:
        BadData: wrong layout, an image that cannot be decoded, or no space; nothing is left.
    """
    started = perf_counter()
    key = spec.source.key(root, split)
    samples = spec.source.open(root, split)
    where = str(spec.source.where(root))
    _refuse_wrong_classes(spec, split, samples, where)
    shape = (len(samples.labels), spec.channels, spec.store_resolution, spec.store_resolution)
    _refuse_full_disk(spec, shape, folder)
    names = f"{split}-{key[:12]}.images.npy", f"{split}-{key[:12]}.labels.npy"
    with _new_files(folder, split, names) as (images, labels):
        pixels, converted = _write_arrays(spec, split, samples, shape, images, labels, progress)
    manifest = Manifest(
        FORMAT, spec.name, split, where, key, *names, shape, samples.classes, pixels, converted,
        perf_counter() - started,
    )  # fmt: skip
    write_manifest(folder, split, manifest)
    for old in folder.glob(f"{split}-*.npy"):
        if old.name not in names:
            old.unlink()
    return manifest


@contextmanager
def _new_files(folder: Path, split: Split, names: Sequence[str]) -> Iterator[list[Path]]:
    """Temporary paths that take their names when the block succeeds, and vanish when it fails."""
    for left in folder.glob(f"{split}*.tmp"):  # of a process that was killed
        left.unlink()
    temporary = [folder / f"{name}.tmp" for name in names]
    try:
        yield temporary
        for path, name in zip(temporary, names, strict=True):
            path.replace(folder / name)
    except OSError as error:
        raise BadData(
            f"cannot write decoded images to {folder}: {error}; "
            "free some space or set DDBENCH_CACHE to another folder"
        ) from error
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)


def _refuse_wrong_classes(spec: DatasetSpec, split: Split, samples: Samples, where: str) -> None:
    if len(samples.classes) != spec.num_classes:
        raise BadData(
            f"{where}: expected the {spec.num_classes} classes of {spec.name}, found "
            f"{len(samples.classes)}; complete the extraction, or give the folder's path as the "
            "data set to use it as it is"
        )
    present = set(samples.labels)
    if present != set(range(spec.num_classes)):
        absent = [name for label, name in enumerate(samples.classes) if label not in present]
        raise BadData(
            f"{where}: expected images of every class in the {split} split of {spec.name}, "
            f"found none of {', '.join(absent[:3]) or 'some labels'}; add them"
        )


def _refuse_full_disk(spec: DatasetSpec, shape: Sequence[int], folder: Path) -> None:
    count, ch, side, _ = shape
    needed, free = count * ch * side * side, shutil.disk_usage(folder).free
    if needed > free:
        raise BadData(
            f"{spec.name}: expected {needed / 1e9:.1f} GB of free space in {folder}, "
            f"found {free / 1e9:.1f} GB; set DDBENCH_CACHE to another folder or choose a lower "
            f"resolution such as {spec.name.split('@')[0]}@64"
        )


def _write_arrays(
    spec: DatasetSpec,
    split: Split,
    samples: Samples,
    shape: tuple[int, int, int, int],
    images: Path,
    labels: Path,
    progress: Progress,
) -> tuple[str, dict[str, int]]:
    """Writes both arrays; returns sha256 of shape, pixels and labels, and the converted modes."""
    import numpy as np

    digest = sha256(repr(shape).encode())
    modes: Counter[str] = Counter()
    with images.open("wb") as file, ThreadPoolExecutor(THREADS) as pool:
        _header(file, "|u1", shape)
        for start in range(0, shape[0], CHUNK):
            indices = range(start, min(start + CHUNK, shape[0]))
            for pixels, mode in pool.map(lambda i: _pixels(spec, samples, i), indices):
                digest.update(pixels)
                file.write(pixels)
                modes[mode] += 1
            progress(split, indices.stop, shape[0])
        file.flush()
        os.fsync(file.fileno())
    ids = np.asarray(samples.labels, dtype="<i8")
    digest.update(ids.tobytes())
    with labels.open("wb") as file:
        _header(file, "<i8", (shape[0],))
        file.write(ids.tobytes())
        file.flush()
        os.fsync(file.fileno())
    del modes[""]
    return digest.hexdigest(), dict(modes)


def _header(file: BinaryIO, dtype: str, shape: tuple[int, ...]) -> None:
    from numpy.lib.format import write_array_header_1_0

    write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})


def _pixels(spec: DatasetSpec, samples: Samples, index: int) -> tuple[bytes, str]:
    """The bytes (ch, S, S) of one image at its stored size, and the mode it was converted from."""
    import numpy as np

    from bench.data.sources.decode import fit

    image, mode = samples.read(index)
    wanted = "RGB" if spec.channels == 3 else "L"
    if image.mode != wanted:
        raise BadData(
            f"{spec.name}: expected images of mode {wanted} from its source, given {image.mode}; "
            "set `channels` to 1 for grey images and 3 for colour"
        )
    array = np.asarray(fit(image, spec.store_resolution)).reshape(
        spec.store_resolution, spec.store_resolution, spec.channels
    )
    return array.transpose(2, 0, 1).tobytes(), mode
