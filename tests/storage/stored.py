"""A small artifact, its address and its place in a store."""

from pathlib import Path

import torch

from bench.artifacts.values import ClassMeans
from bench.core.fingerprint import address
from bench.storage.store import ArtifactSpec, Store

MEANS = ClassMeans(torch.arange(6.0).reshape(2, 3))


PROJECT = Path(__file__).parents[2]


def spec_of(number: int = 0, kind: type = ClassMeans) -> ArtifactSpec:
    config = {"number": number}
    upstream = {"observe": "ab" * 16}
    key = address("means", 1, config, upstream, number)
    return ArtifactSpec(key, "means", kind, config, upstream, number, f"digits · {number}")


def fill(store: Store, count: int = 1) -> list[str]:
    specs = [spec_of(number) for number in range(count)]
    return [store.get_or_make(spec, lambda: MEANS).manifest.address for spec in specs]


def data_file(store: Store, key: str) -> Path:
    return Path(store.root) / "objects" / key[:2] / key / "data.safetensors"
