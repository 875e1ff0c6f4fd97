"""Payloads: the tensors of an artifact in one safetensors file, checked against their hashes.

The file carries the plain values too, as one metadata key, so that it stands on its own; with
more than one key its bytes would not be reproducible.
"""

import json
import platform
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from bench.core import __version__
from bench.core.errors import BadValue, CorruptArtifact
from bench.core.fingerprint import canonical
from bench.storage.manifest import ArtifactSpec, Manifest, hash_of
from bench.storage.measure import Measured
from bench.storage.packing import content_digest, pack, plain, unpack

A = TypeVar("A")
METADATA = "json"


def write(artifact: object, spec: ArtifactSpec, measured: Measured, file: Path) -> Manifest:
    """Writes an artifact into a file and returns the manifest that belongs beside it.

    Raises:
        BadValue: not of the kind that the spec names, or with fields that cannot be stored.
        OSError: the file cannot be written.
    """
    if not isinstance(artifact, spec.kind):
        raise BadValue(
            f"stage {spec.stage!r}: expected it to make a {spec.kind.__name__}, "
            f"given {type(artifact).__name__}"
        )
    tensors, values = pack(artifact)
    try:
        save_file(tensors, str(file), metadata={METADATA: json.dumps(values, sort_keys=True)})
    except SafetensorError as error:
        raise _system_error(error) from error
    return Manifest(
        address=spec.address,
        stage=spec.stage,
        kind=type(artifact).__name__,
        label=spec.label,
        config=canonical(spec.config, "config"),
        upstream=dict(spec.upstream),
        seed=spec.seed,
        meta=plain(values),
        tensors={name: _described(tensor) for name, tensor in tensors.items()},
        versions=_versions(),
        device=measured.device,
        seconds=measured.seconds,
        peak_memory=measured.peak_memory,
        bytes=file.stat().st_size,
        sha256=content_digest(tensors, values),
        file_sha256=hash_of(file),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        numerics=dict(measured.numerics),
    )


def _system_error(error: SafetensorError) -> OSError:
    """The error of the system that safetensors reports, of which only the text is left."""
    code = re.search(r"os error (\d+)", str(error))
    return OSError(int(code[1]) if code else None, str(error))


def _described(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {'x'.join(map(str, tensor.shape))}".strip()


def _versions() -> Mapping[str, str]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "dd-bench": __version__,
        "platform": sys.platform,
    }


def read(file: Path, kind: type[A]) -> A:
    """The artifact in a file, its tensors memory-mapped; writing to them changes no file.

    Raises:
        CorruptArtifact: not such a file, or one of another kind.
    """
    try:
        with safe_open(str(file), framework="pt") as opened:
            values = json.loads((opened.metadata() or {}).get(METADATA, "{}"))
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise CorruptArtifact(str(error)) from error
    return unpack(kind, tensors, values)
