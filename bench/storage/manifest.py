"""Manifests: everything about a stored artifact except its tensors, as one JSON file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Generic, TypeVar

from bench.core.errors import BadValue, CorruptArtifact

A = TypeVar("A")
FORMAT = 1  # of the manifest; a store written by a newer one is refused, never misread


@dataclass(frozen=True)
class ArtifactSpec:
    """An artifact before it is made: where it belongs and what determines it.

    Attributes:
        kind: the class of the artifact.
        upstream: stage name -> address of what it is made from.
        label: for people; no part of the address.
    """

    address: str
    stage: str
    kind: type
    config: object = None
    upstream: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    label: str = ""


@dataclass(frozen=True)
class Manifest:
    """What the store knows about an artifact without opening it.

    Attributes:
        kind: class name of the artifact.
        config: canonical form of the configuration that is part of its address.
        meta: its fields that are no tensors.
        tensors: name -> "dtype shape" of each tensor.
        seconds: time that making it took.
        peak_memory: bytes on the device, or of the process where it ran on the CPU.
        bytes: size of the file that holds it.
        sha256: of its content: names, dtypes, shapes and bytes of its tensors, and `meta`.
        file_sha256: of the file that holds it.
        created: UTC, ISO 8601.
    """

    address: str
    stage: str
    kind: str
    label: str
    config: Any
    upstream: Mapping[str, str]
    seed: int | None
    meta: Mapping[str, Any]
    tensors: Mapping[str, str]
    versions: Mapping[str, str]
    device: str
    seconds: float
    peak_memory: int
    bytes: int
    sha256: str
    file_sha256: str
    created: str
    format: int = FORMAT

    def text(self) -> str:
        """The JSON document that `parse` reads."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True)
class Made(Generic[A]):
    """An artifact from the store: found there (`hit`), or made now in `seconds`."""

    artifact: A
    hit: bool
    seconds: float
    manifest: Manifest


def parse(text: bytes, where: str) -> Manifest:
    """The manifest in a JSON document; fields that it does not know are left out.

    Raises:
        CorruptArtifact: not such a document.
        BadValue: written by a newer version.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise CorruptArtifact(f"{where}: expected a JSON manifest, but {error}") from error
    known = {f.name for f in fields(Manifest)}
    if not isinstance(values, dict) or not known <= set(values):
        missing = sorted(known - set(values)) if isinstance(values, dict) else sorted(known)
        raise CorruptArtifact(f"{where}: expected a manifest, but it has no {', '.join(missing)}")
    if values["format"] > FORMAT:
        raise BadValue(
            f"{where}: expected manifest format {FORMAT} or older, given {values['format']}; "
            "update this program, or use another store"
        )
    return Manifest(**{name: values[name] for name in known})


def hash_of(file: Path) -> str:
    """sha256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
