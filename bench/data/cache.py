"""Decoding a split once into memory-mapped uint8 files."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, BinaryIO

from bench.core.errors import BadData, BadValue
from bench.data.manifest import Manifest, write_manifest
from bench.data.roots import FORMAT
from bench.data.spec import DatasetSpec, Samples, Split
from bench.storage.file_lock import alone_in, system_locks

if TYPE_CHECKING:
    import numpy as np

Progress = Callable[[str, int, int], None]  # (split, images done, images in all)
CHUNK = 256
USUAL_ASPECT = 4 / 3  # of photographs, for an estimate of the space that whole images take
THREADS = min(16, os.cpu_count() or 2)


def quiet(split: str, done: int, total: int) -> None:
    """The progress that nobody watches."""


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Holds the folder's lock; the system frees it when its holder ends, however that happens.

    Raises:
        BadData: the folder cannot be written or locked.
        BadValue: this system has no such locks.
    """
    system_locks()
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
    key, content = spec.source.key(root, split), spec.source.content(root, split)
    samples = spec.source.open(root, split)
    where = str(spec.source.where(root))
    _refuse_wrong_classes(spec, split, samples, where)
    shape = (len(samples.labels), spec.channels, spec.frame_side, spec.frame_side)
    whole = spec.whole and split == "train"
    _refuse_full_disk(spec, shape, whole, folder)
    parts = ("images", "labels", "whole", "sizes") if whole else ("images", "labels")
    names = [f"{split}-{key[:12]}.{part}.npy" for part in parts]
    with _new_files(folder, split, names) as paths:
        pixels, kept, total, converted = _write_arrays(spec, split, samples, shape, paths, progress)
    manifest = Manifest(
        format=FORMAT,
        name=spec.name,
        split=split,
        source=where,
        source_key=key,
        images=names[0],
        labels=names[1],
        shape=shape,
        classes=samples.classes,
        pixels=pixels,
        converted=converted,
        seconds=perf_counter() - started,
        content=content,
        whole=names[2] if whole else "",
        sizes=names[3] if whole else "",
        whole_bytes=total,
        whole_pixels=kept,
    )
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


def _refuse_full_disk(spec: DatasetSpec, shape: Sequence[int], whole: bool, folder: Path) -> None:
    count, ch, side, _ = shape
    needed, free = count * ch * side * side, shutil.disk_usage(folder).free
    if whole:
        needed += round(count * ch * spec.whole_side**2 * USUAL_ASPECT)
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
    paths: Sequence[Path],
    progress: Progress,
) -> tuple[str, str, int, dict[str, int]]:
    """Writes all arrays of a split.

    Args:
        paths: of the squares and the labels, and of whole images and their sizes if they are kept.

    Returns:
        sha256 of shape, squares and labels; of sizes and whole images, "" where they are not kept;
        the bytes of whole images; and how many images were converted from which mode.
    """
    import numpy as np

    images, labels, *keep = paths
    digest, kept = sha256(repr(shape).encode()), sha256()
    modes: Counter[str] = Counter()
    sizes: list[tuple[int, int]] = []
    total = 0
    with ExitStack() as stack:
        file = stack.enter_context(images.open("wb"))
        whole = stack.enter_context(keep[0].open("wb")) if keep else None
        pool = stack.enter_context(ThreadPoolExecutor(THREADS))
        _header(file, "|u1", shape)
        if whole:
            _header(whole, "|u1", (0,))
        for start in range(0, shape[0], CHUNK):
            indices = range(start, min(start + CHUNK, shape[0]))
            for made in pool.map(lambda i: _decoded(spec, samples, i, bool(keep)), indices):
                digest.update(made.square)
                file.write(made.square)
                modes[made.mode] += 1
                if whole:
                    kept.update(made.whole)
                    total += whole.write(made.whole)
                    sizes.append(made.size)
            progress(split, indices.stop, shape[0])
        _finish(file)
        if whole:
            whole.seek(0)
            _header(whole, "|u1", (total,))
            _finish(whole)
    ids = np.asarray(samples.labels, dtype="<i8")
    digest.update(ids.tobytes())
    _write(labels, ids)
    if keep:
        measured = np.asarray(sizes, dtype="<i8")
        kept.update(measured.tobytes())
        _write(keep[1], measured)
    del modes[""]
    return digest.hexdigest(), kept.hexdigest() if keep else "", total, dict(modes)


def _write(path: Path, array: "np.ndarray") -> None:
    with path.open("wb") as file:
        _header(file, array.dtype.str, array.shape)
        file.write(array.tobytes())
        _finish(file)


def _finish(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _header(file: BinaryIO, dtype: str, shape: tuple[int, ...]) -> None:
    """Always as long, whatever the number of rows: numpy leaves room for it to grow."""
    from numpy.lib.format import write_array_header_1_0

    write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})


@dataclass(frozen=True)
class _Decoded:
    """One image as it is stored.

    Attributes:
        square: bytes (ch, S, S) of what evaluation takes its centre of.
        mode: from which the image was converted, else empty.
        whole: bytes (H, W, ch) of the whole image; empty where it is not kept.
        size: height and width of the whole image.
    """

    square: bytes
    mode: str
    whole: bytes = b""
    size: tuple[int, int] = (0, 0)


def _decoded(spec: DatasetSpec, samples: Samples, index: int, whole: bool) -> _Decoded:
    import numpy as np

    from bench.data.sources.decode import fit, shortened

    image, mode = samples.read(index)
    wanted = "RGB" if spec.channels == 3 else "L"
    if image.mode != wanted:
        raise BadData(
            f"{spec.name}: expected images of mode {wanted} from its source, given {image.mode}; "
            "set `channels` to 1 for grey images and 3 for colour"
        )
    side = spec.frame_side
    square = np.asarray(fit(image, spec.store_resolution, side)).reshape(side, side, spec.channels)
    square = square.transpose(2, 0, 1)
    if not whole:
        return _Decoded(square.tobytes(), mode)
    small = shortened(image, spec.whole_side) if min(image.size) > spec.whole_side else image
    return _Decoded(square.tobytes(), mode, np.asarray(small).tobytes(), small.size[::-1])
