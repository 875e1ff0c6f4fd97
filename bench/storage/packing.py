"""Packing: an artifact as named tensors and plain values, and back.

Works on every frozen dataclass by its declared fields: a tensor is packed as `field`, a tuple of
tensors as `field.0`, `field.1`, ..., a mapping of tensors as `field.key`. A field that was added
later is left out at its default, so that what was stored before still loads and keeps its digest.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from hashlib import sha256
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import torch
from torch import Tensor

from bench.core.errors import BadValue, CorruptArtifact
from bench.core.fingerprint import LATER, canonical, canonical_text, coerced

A = TypeVar("A")
LAYOUT = "$layout"  # among the values: length of each tuple of tensors, keys of each mapping


@dataclass(frozen=True)
class _Slot:
    """How one field of an artifact is stored, and its declared type."""

    form: Literal["value", "tensor", "tensors", "named tensors"]
    declared: Any


def _slots(kind: type) -> Mapping[str, _Slot]:
    return {name: _Slot(_form(hint), hint) for name, hint in get_type_hints(kind).items()}


def _form(hint: Any) -> Literal["value", "tensor", "tensors", "named tensors"]:
    if hint is Tensor:
        return "tensor"
    if Tensor not in get_args(hint):
        return "value"
    return "tensors" if get_origin(hint) is tuple else "named tensors"


def pack(artifact: object) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Contiguous tensors on the CPU that share no memory, and everything else as JSON data.

    Raises:
        BadValue: not a dataclass, or a field of a type that cannot be stored.
    """
    if not is_dataclass(artifact) or isinstance(artifact, type):
        raise BadValue(f"expected an artifact (a dataclass), given {type(artifact).__name__}")
    tensors: dict[str, Tensor] = {}
    values: dict[str, object] = {}
    layout: dict[str, object] = {}
    added = _added(type(artifact))
    for name, slot in _slots(type(artifact)).items():
        value, where = getattr(artifact, name), f"{type(artifact).__name__}.{name}"
        if name in added and _same(value, _default(added[name])):
            continue
        if slot.form == "value":
            values[name] = canonical(coerced(value, slot.declared, where), where)
        elif slot.form == "tensor":
            tensors[name] = _checked(value, where)
        else:
            parts = enumerate(value) if slot.form == "tensors" else value.items()
            named = {f"{key}": _checked(part, f"{where}.{key}") for key, part in parts}
            tensors |= {f"{name}.{key}": part for key, part in named.items()}
            layout[name] = len(named) if slot.form == "tensors" else list(named)
    return _separate(tensors), values | ({LAYOUT: layout} if layout else {})


def _added(kind: type) -> "dict[str, Field[Any]]":
    """The fields of an artifact that what was stored earlier does not have."""
    return {item.name: item for item in fields(kind) if item.metadata.get(LATER)}


def _default(item: "Field[Any]") -> object:
    return item.default if item.default_factory is MISSING else item.default_factory()


def _same(value: object, default: object) -> bool:
    if isinstance(value, Tensor) and isinstance(default, Tensor):
        return value.shape == default.shape and value.dtype == default.dtype and not value.numel()
    return type(value) is type(default) and value == default


def _checked(value: object, where: str) -> Tensor:
    if not isinstance(value, Tensor):
        raise BadValue(f"{where}: expected a tensor, given {type(value).__name__}")
    return value.detach().cpu()


def _separate(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous tensors each of which owns all of its memory, copied where it does not."""
    owned: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage()
        alone = tensor.is_contiguous() and storage.nbytes() == tensor.nbytes
        if not alone or (tensor.nbytes and storage.data_ptr() in seen):
            tensor = tensor.clone(memory_format=torch.contiguous_format)
        seen.add(tensor.untyped_storage().data_ptr())
        owned[name] = tensor
    return owned


def unpack(kind: type[A], tensors: Mapping[str, Tensor], values: Mapping[str, object]) -> A:
    """The artifact that `pack` took apart.

    Raises:
        CorruptArtifact: a tensor or a value is missing, or of the wrong type.
    """
    layout: Any = values.get(LAYOUT, {})
    given: dict[str, object] = {}
    added = _added(kind)
    try:
        for name, slot in _slots(kind).items():
            if name in added and name not in values and name not in tensors:
                continue
            if slot.form == "value":
                given[name] = coerced(values[name], slot.declared, name)
            elif slot.form == "tensor":
                given[name] = tensors[name]
            elif slot.form == "tensors":
                given[name] = tuple(tensors[f"{name}.{i}"] for i in range(layout[name]))
            else:
                given[name] = {key: tensors[f"{name}.{key}"] for key in layout[name]}
    except KeyError as error:
        raise CorruptArtifact(f"expected a {kind.__name__}, found none of its {error}") from error
    except BadValue as error:
        raise CorruptArtifact(f"expected a {kind.__name__}, but {error}") from error
    return kind(**given)


def plain(values: Mapping[str, object]) -> dict[str, object]:
    """The packed values without those that only `unpack` needs."""
    return {name: value for name, value in values.items() if name != LAYOUT}


def content_digest(tensors: Mapping[str, Tensor], values: Mapping[str, object]) -> str:
    """sha256 over names, dtypes, shapes and bytes in the order of names, then over the values."""
    digest = sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    digest.update(canonical_text([plain(values), values.get(LAYOUT, {})]).encode())
    return digest.hexdigest()
