"""Objects: stored artifacts, each a folder with a payload and its manifest."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.core.errors import BadValue, CorruptArtifact
from bench.storage.atomic import explained
from bench.storage.gc import addresses, object_folder
from bench.storage.manifest import ArtifactSpec, Manifest, hash_of, parse
from bench.storage.measure import Measured
from bench.storage.place import LAST, Place

A = TypeVar("A")
DATA = "data.safetensors"
REMEDY = "remove it with `bench store gc --corrupt`, then run again to remake it"
_ADDRESS = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class Problem:
    """An artifact that is not as it was stored; its text names the file and what to do."""

    address: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Objects:
    """Reads, writes and checks the artifacts of a place.

    Attributes:
        verify_loads: compare the payload's hash with the manifest's at every load.
    """

    place: Place
    verify_loads: bool = True

    @property
    def _title(self) -> str:
        return f"store {self.place.where}"

    def has(self, address: str) -> bool:
        with explained(self._title):
            return self.place.has(f"{folder_of(address)}/{LAST}")

    def addresses(self, prefix: str = "") -> Iterator[str]:
        with explained(self._title):
            yield from (a for a in addresses(self.place, prefix) if self.has(a))

    def manifest(self, address: str) -> Manifest:
        name = f"{folder_of(address)}/{LAST}"
        with explained(self._title):
            text = self.place.read(name)
        if text is None and self.has(address):
            raise CorruptArtifact(
                f"{self.place.where}/{name}: expected a file, found something else; {REMEDY}"
            )
        if text is None:
            raise CorruptArtifact(f"{self.place.where}/{name}: missing; run again to make it")
        try:
            return parse(text, f"{self.place.where}/{name}", address)
        except CorruptArtifact as error:
            raise CorruptArtifact(f"{error}; {REMEDY}") from error

    def readable(self, address: str) -> Manifest | None:
        """The manifest of an artifact, or None where it is gone or corrupt."""
        try:
            return self.manifest(address)
        except CorruptArtifact:
            return None

    def write(self, spec: ArtifactSpec, artifact: object, took: Measured) -> Manifest | None:
        """Publishes an artifact; None where one was published under its address meanwhile."""
        from bench.storage.payload import write

        with explained(self._title):
            staged = self.place.stage()
            try:
                manifest = write(artifact, spec, took, staged / DATA)
                (staged / LAST).write_text(manifest.text(), encoding="utf-8")
                published = self.place.publish(staged, folder_of(spec.address))
            finally:
                shutil.rmtree(staged, ignore_errors=True)
        return manifest if published else None

    def load(self, address: str, kind: type[A]) -> A:
        manifest = self.manifest(address)
        try:
            return self._load(manifest, kind)
        except CorruptArtifact:
            if not self.place.forget(folder_of(address)):
                raise
        return self._load(manifest, kind)  # only the local copy of a remote artifact was bad

    def _load(self, manifest: Manifest, kind: type[A]) -> A:
        from bench.storage.payload import read

        file, problem = self._inspect(manifest, self.verify_loads)
        if not problem:
            try:
                return read(file, kind)
            except CorruptArtifact as error:
                problem = str(error)
        raise CorruptArtifact(f"{file}: {problem}; {REMEDY}")

    def payload(self, address: str) -> Path:
        """The local file that holds an artifact's tensors, checked against its manifest.

        Raises:
            CorruptArtifact: it is missing or not as it was stored.
        """
        file, problem = self._inspect(self.manifest(address), self.verify_loads)
        if problem:
            raise CorruptArtifact(f"{file}: {problem}; {REMEDY}")
        return file

    def problem(self, address: str) -> Problem | None:
        """What is wrong with an artifact, read from all of its bytes; None where it is intact."""
        try:
            file, problem = self._inspect(self.manifest(address), thorough=True)
        except CorruptArtifact as error:
            return Problem(address, str(error))
        return Problem(address, f"{file}: {problem}; {REMEDY}") if problem else None

    def _inspect(self, manifest: Manifest, thorough: bool) -> tuple[Path, str]:
        """The local file of an artifact, and what is wrong with it, or an empty text."""
        with explained(self._title):
            file = self.place.fetch(folder_of(manifest.address), DATA)
            if not file.is_file():
                return file, "missing"
            size = file.stat().st_size
            if size != manifest.bytes:
                return file, f"expected {manifest.bytes} bytes, found {size}"
            if thorough and hash_of(file) != manifest.file_sha256:
                return file, f"expected sha256 {manifest.file_sha256[:12]}..., found another"
        return file, ""


def folder_of(address: str) -> str:
    """The folder of an artifact below the root.

    Raises:
        BadValue: not an address.
    """
    if not _ADDRESS.fullmatch(address):
        raise BadValue(f"address {address!r}: expected 8 to 64 lower-case hex digits")
    return object_folder(address)
