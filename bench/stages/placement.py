"""Moving artifacts between devices."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

import torch
from torch import Tensor

A = TypeVar("A")


def to_device(artifact: A, device: torch.device) -> A:
    """The same frozen artifact with every tensor on the device, but for fields that stream.

    A field whose metadata says `streamed` is read a part at a time (bench.data.streaming) and stays
    where it lies, however large it is.
    """
    if not is_dataclass(artifact) or isinstance(artifact, type):
        raise TypeError(f"expected an artifact, got {type(artifact).__name__}")
    moved = {
        f.name: _moved(getattr(artifact, f.name), device)
        for f in fields(artifact)
        if not f.metadata.get("streamed")
    }
    return cast(A, replace(artifact, **moved))


def _moved(value: object, device: torch.device) -> object:
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, tuple):
        return tuple(_moved(item, device) for item in value)
    if isinstance(value, Mapping):
        return {key: _moved(item, device) for key, item in value.items()}
    return value
