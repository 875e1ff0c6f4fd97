"""Preparing data sets: decode what is missing, check what is there, list what could be used."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from bench.core.errors import BadData
from bench.data.builtin import BUILTIN
from bench.data.cache import Progress, exclusive, quiet, write_split
from bench.data.manifest import Manifest, read_manifest, real_digest
from bench.data.roots import cache_folder
from bench.data.spec import SPLITS, DatasetSpec, Split


@dataclass(frozen=True)
class PreparedSplit:
    """A split that is ready; `hit` says that it was before."""

    name: str
    split: Split
    count: int
    bytes: int
    folder: Path
    digest: str
    hit: bool
    seconds: float
    converted: dict[str, int]


@dataclass(frozen=True)
class Problem:
    """Something wrong with a prepared split, with what to do."""

    split: Split
    path: Path
    text: str


@dataclass(frozen=True)
class DatasetRow:
    """A line of the listing; counts are None until the set is prepared."""

    name: str
    classes: int
    resolution: int
    train: int | None
    test: int | None
    state: Literal["ready", "source found", "missing"]
    downloadable: bool
    licence: str


def ensure(
    spec: DatasetSpec,
    split: Split,
    root: Path,
    download: bool = False,
    progress: Progress = quiet,
) -> tuple[Manifest, bool]:
    """The manifest of a split, decoding it first if needed, and whether it was there.

    A cache is trusted while its source lists the same files, sizes and times, or has gone.

    Raises:
        BadData: the source is missing, damaged or wrongly laid out.
    """
    folder = cache_folder(spec, root)
    found = _fresh(spec, split, root, folder)
    if found:
        return found, True
    with exclusive(folder):
        found = _fresh(spec, split, root, folder)  # another process may have made it meanwhile
        if found:
            return found, True
        if not spec.source.found(root):
            _fetch(spec, root, download)
        return write_split(spec, split, root, folder, progress), False


def _fresh(spec: DatasetSpec, split: Split, root: Path, folder: Path) -> Manifest | None:
    manifest = read_manifest(folder, split)
    if manifest is None or not spec.source.found(root):
        return manifest
    return manifest if manifest.source_key == spec.source.key(root, split) else None


def _fetch(spec: DatasetSpec, root: Path, download: bool) -> None:
    if download and spec.downloadable:
        spec.source.download(root)
    if not spec.source.found(root):
        ways = spec.source.hint + ", or set DDBENCH_DATA to the folder that holds it"
        if spec.downloadable:
            ways = f"run `bench data prepare {spec.name} --download`, {ways}"
        raise BadData(
            f"data set {spec.name!r}: expected it in {spec.source.where(root)}, found no such "
            f"folder; {ways}"
        )


def prepare(
    spec: DatasetSpec, root: Path, download: bool = False, progress: Progress = quiet
) -> list[PreparedSplit]:
    """Makes both splits ready.

    Raises:
        BadData: the source is missing, damaged or wrongly laid out.
    """
    done = []
    for split in SPLITS:
        manifest, hit = ensure(spec, split, root, download, progress)
        done.append(
            PreparedSplit(
                spec.name,
                split,
                manifest.count,
                manifest.image_bytes,
                cache_folder(spec, root),
                real_digest(spec, manifest),
                hit,
                manifest.seconds,
                dict(manifest.converted),
            )
        )
    return done


def verify(spec: DatasetSpec, root: Path) -> list[Problem]:
    """Hashes the decoded splits again and compares the source with what was decoded."""
    folder, problems = cache_folder(spec, root), []
    for split in SPLITS:
        manifest = read_manifest(folder, split)
        again = f"run `bench data prepare {spec.name}`"
        if manifest is None:
            problems.append(
                Problem(split, folder, f"expected a prepared split, found none; {again}")
            )
            continue
        path = folder / manifest.images
        if rehash(folder, manifest) != manifest.pixels:
            text = f"expected sha256 {manifest.pixels[:12]}…, found another; delete it and {again}"
            problems.append(Problem(split, path, text))
        problems += _source_problems(spec, split, root, manifest)
    return problems


def _source_problems(
    spec: DatasetSpec, split: Split, root: Path, manifest: Manifest
) -> list[Problem]:
    where = spec.source.where(root)
    if not spec.source.found(root):
        return []  # a prepared set needs its source no more
    try:
        key = spec.source.key(root, split)
    except BadData as error:
        return [Problem(split, where, str(error))]
    if key == manifest.source_key:
        return []
    text = f"expected the files as they were decoded, found changes; {spec.name} is decoded again"
    return [Problem(split, where, f"{text} when it is next used")]


def rehash(folder: Path, manifest: Manifest) -> str:
    """sha256 of shape, pixels and labels, read from the files."""
    from bench.data.manifest import HEADER

    digest = sha256(repr(manifest.shape).encode())
    for name in (manifest.images, manifest.labels):
        with (folder / name).open("rb") as file:
            file.seek(HEADER)
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def list_datasets(root: Path) -> list[DatasetRow]:
    """The built-in sets and how far each is from being usable; decodes nothing."""
    return [_row(BUILTIN[name], root) for name in sorted(BUILTIN)]


def _row(spec: DatasetSpec, root: Path) -> DatasetRow:
    train, test = (read_manifest(cache_folder(spec, root), split) for split in SPLITS)
    state: Literal["ready", "source found", "missing"] = "missing"
    if spec.source.found(root):
        state = "source found"
    if train and test:
        state = "ready"
    return DatasetRow(
        spec.name,
        spec.num_classes,
        spec.resolution,
        train.count if train else None,
        test.count if test else None,
        state,
        spec.downloadable,
        spec.licence,
    )
