"""Manifests: everything about a stored artifact except its tensors, as one JSON file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Generic, TypeVar

from bench.core.errors import BadValue, CorruptArtifact

A = TypeVar("A")
FORMAT = 2  # of the manifest; a store written by a newer one is refused, never misread
ADDED = {"numerics"}  # fields that manifests of this format may lack, as older ones do
SEAL = "manifest_sha256"  # key of the checksum over all else that the document says


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
        numerics: the class of the process that made it (`bench.core.numerics`); empty where the
            suite that stored it did not write it down yet.
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
    numerics: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The JSON document that `parse` reads."""
        return sealed(asdict(self))


@dataclass(frozen=True)
class Made(Generic[A]):
    """An artifact from the store: found there (`hit`), or made now in `seconds`."""

    artifact: A
    hit: bool
    seconds: float
    manifest: Manifest


def sealed(values: Mapping[str, Any]) -> str:
    """A JSON document that carries a checksum over all of its values."""
    body = {name: value for name, value in values.items() if name != SEAL}
    return json.dumps(body | {SEAL: _seal(body)}, indent=1, sort_keys=True) + "\n"


def _seal(body: Mapping[str, Any]) -> str:
    """sha256 of values as compact JSON with sorted keys, which reading and writing keep."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def parse(text: bytes, where: str, address: str) -> Manifest:
    """The manifest of an address in a JSON document; fields that it does not know are left out.

    Raises:
        CorruptArtifact: not such a document, changed since it was written, or of another address.
        BadValue: written by a newer version.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorruptArtifact(f"{where}: expected a JSON manifest, but {error}") from error
    known = {f.name for f in fields(Manifest)}
    version = values.get("format") if isinstance(values, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise BadValue(
            f"{where}: expected manifest format {FORMAT} or older, given {version}; "
            "update this program, or use another store"
        )
    wanted = known - ADDED | {SEAL}
    if not isinstance(values, dict) or not wanted <= set(values):
        missing = sorted(wanted - set(values)) if isinstance(values, dict) else sorted(wanted)
        raise CorruptArtifact(f"{where}: expected a manifest, but it has no {', '.join(missing)}")
    if _seal({name: value for name, value in values.items() if name != SEAL}) != values[SEAL]:
        raise CorruptArtifact(
            f"{where}: expected sha256 {str(values[SEAL])[:12]}... of its own values, found "
            "another: it was changed since it was written"
        )
    if values["address"] != address:
        raise CorruptArtifact(
            f"{where}: expected the artifact {address[:12]}..., found {values['address'][:12]}..., "
            "which belongs elsewhere"
        )
    return Manifest(**{name: values[name] for name in known if name in values})


def hash_of(file: Path) -> str:
    """sha256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
