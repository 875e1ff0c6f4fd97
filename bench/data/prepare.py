"""Preparing data sets: decode what is missing, check what is there, list what could be used."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Literal

from bench.core.errors import BadData
from bench.data.builtin import BUILTIN
from bench.data.cache import Progress, exclusive, quiet, write_split
from bench.data.manifest import HEADER, Manifest, read_manifest, real_digest, write_manifest
from bench.data.roots import cache_folder
from bench.data.spec import SPLITS, DatasetSpec, Split

if TYPE_CHECKING:
    from hashlib import _Hash as Hash


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

    A cache is trusted while its source lists the same files, or other ones of the same content
    (touched, copied), or has gone.

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
    key = spec.source.key(root, split)
    if manifest.source_key == key:
        return manifest
    if manifest.content != spec.source.content(root, split):
        return None
    same = replace(manifest, source_key=key)  # touched or copied: not to be hashed again
    with suppress(OSError):  # a cache that cannot be written is read all the same
        write_manifest(folder, split, same)
    return same


def _fetch(spec: DatasetSpec, root: Path, download: bool) -> None:
    if download and spec.downloadable:
        spec.source.download(root)
    if not spec.source.found(root):
        ways = spec.source.hint + ", or set DDBENCH_DATA to the folder that holds it"
        if spec.downloadable:
            ways = f"run `bench data prepare {quote(spec.name)} --download`, {ways}"
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
        again = f"run `bench data prepare {quote(spec.name)}`"
        if manifest is None:
            problems.append(
                Problem(split, folder, f"expected a prepared split, found none; {again}")
            )
            continue
        for name, wanted, found in rehash(folder, manifest):
            if found != wanted:
                text = f"expected sha256 {wanted[:12]}…, found another; delete it and {again}"
                problems.append(Problem(split, folder / name, text))
        problems += _source_problems(spec, split, root, manifest)
    return problems


def _source_problems(
    spec: DatasetSpec, split: Split, root: Path, manifest: Manifest
) -> list[Problem]:
    where = spec.source.where(root)
    if not spec.source.found(root):
        return []  # a prepared set needs its source no more
    try:
        content = spec.source.content(root, split)
    except BadData as error:
        return [Problem(split, where, str(error))]
    if content == manifest.content:
        return []
    text = f"expected the files as they were decoded, found changes; {spec.name} is decoded again"
    return [Problem(split, where, f"{text} when it is next used")]


def rehash(folder: Path, manifest: Manifest) -> list[tuple[str, str, str]]:
    """What the files of a split hash to: the file's name, the sum expected, and the one found."""
    squares = sha256(repr(manifest.shape).encode())
    _update(squares, folder, (manifest.images, manifest.labels))
    found = [(manifest.images, manifest.pixels, squares.hexdigest())]
    if manifest.whole:
        whole = sha256()
        _update(whole, folder, (manifest.whole, manifest.sizes))
        found.append((manifest.whole, manifest.whole_pixels, whole.hexdigest()))
    return found


def _update(digest: "Hash", folder: Path, names: Iterable[str]) -> None:
    """Adds what files hold after their headers."""
    for name in names:
        with (folder / name).open("rb") as file:
            file.seek(HEADER)
            while block := file.read(1 << 20):
                digest.update(block)


def list_datasets(root: Path, others: Mapping[str, DatasetSpec] | None = None) -> list[DatasetRow]:
    """The built-in sets and others, and how far each is from usable; decodes nothing."""
    specs = {**BUILTIN, **(others or {})}
    return [_row(specs[name], root) for name in sorted(specs)]


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
