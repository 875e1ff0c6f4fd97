"""Fingerprints: one address for everything that determines an artifact.

Equal values give equal addresses on every machine and Python version: values are coerced to their
declared types, written as canonical JSON, and hashed.
"""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from hashlib import sha256
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from bench.core.codehash import code_hash as code_hash
from bench.core.codehash import module_hash as module_hash
from bench.core.errors import BadValue

if TYPE_CHECKING:
    from pydantic import TypeAdapter

HEX = 32  # digits of an address
LATER = "later"  # metadata of a field added later: at its default, now fixed, it does not count
_SCALARS = (bool, int, float, str, type(None))
_CONTAINERS = (tuple, list, dict, Mapping, Sequence)


def address(
    stage: str,
    version: int,
    config: object,
    upstream: Mapping[str, str],
    seed: int | None,
    code: str = "",
    data: str = "",
) -> str:
    """The address of what a stage makes: 32 hex digits that depend on every argument.

    Raises:
        BadValue: the config holds something that has no canonical form.
    """
    key = {
        "stage": stage,
        "version": version,
        "config": config,
        "upstream": upstream,
        "seed": seed,
        "code": code,
        "data": data,
    }
    return digest_of(key)[:HEX]


def digest_of(value: object) -> str:
    """sha256 (64 hex digits) of the canonical form of a value."""
    return sha256(canonical_text(value).encode()).hexdigest()


def canonical_text(value: object) -> str:
    """The canonical form as JSON text: sorted keys, no spaces, ASCII."""
    return json.dumps(canonical(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(value: object, where: str = "value") -> Any:
    """A value as JSON data that is equal for equal values; `where` names it in errors.

    Fields of a dataclass are coerced to their declared types first (10 and 10.0 are one `float`),
    the class is part of the form, and the order of a mapping's keys is not.

    Raises:
        BadValue: NaN, infinity, a callable, a path, or any other object; names the field.
    """
    if isinstance(value, Enum):
        return {"$enum": f"{_class_name(type(value))}.{value.name}"}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _finite(value, where)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, tuple | list):
        return [canonical(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {_key(k, where): canonical(v, f"{where}.{k}") for k, v in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _canonical_dataclass(value, where)
    raise BadValue(
        f"{where}: expected numbers, strings, tuples, mappings or frozen dataclasses, "
        f"given {_described(value)}; an address can only be made of plain values"
    )


def coerced(value: object, declared: Any, where: str = "value") -> object:
    """A value as its declared type where that is plain (numbers, strings, containers of them).

    Raises:
        BadValue: the value is not of that type.
    """
    adapter = _adapter(declared) if _hashable(declared) else None
    if adapter is None:
        return value
    from pydantic import ValidationError

    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        wanted = getattr(declared, "__name__", None) if not get_args(declared) else None
        raise BadValue(
            f"{where}: expected {wanted or str(declared).replace('typing.', '')}, "
            f"given {value!r}: {error.errors()[0]['msg'].lower()}"
        ) from error


def _finite(value: float, where: str) -> float:
    if not math.isfinite(value):
        raise BadValue(f"{where}: expected a finite number, given {value}")
    return float(value) or 0.0  # -0.0 is 0.0


def _key(key: object, where: str) -> str:
    if not isinstance(key, str) or key.startswith("$"):
        raise BadValue(
            f"{where}: expected keys that are strings without a leading $, given {key!r}"
        )
    return str(key)


def _canonical_dataclass(value: Any, where: str) -> dict[str, Any]:
    kind: Any = type(value)
    if not kind.__dataclass_params__.frozen:
        raise BadValue(f"{where}: expected a frozen dataclass, given {kind.__name__}; freeze it")
    declared = _declared(kind)
    form: dict[str, Any] = {"$type": _class_name(kind)}
    for field in dataclasses.fields(value):
        if field.metadata.get(LATER) and getattr(value, field.name) == field.default:
            continue  # an address that was made before the field existed stays
        path = f"{where}.{field.name}"
        item = coerced(getattr(value, field.name), declared.get(field.name, Any), path)
        form[field.name] = canonical(item, path)
    return form


@cache
def _declared(kind: type) -> Mapping[str, Any]:
    try:
        return get_type_hints(kind)
    except NameError as error:
        raise BadValue(
            f"{kind.__name__}: expected annotations that can be resolved, given {error.name!r}; "
            "import it outside `if TYPE_CHECKING`"
        ) from error


def _class_name(kind: type) -> str:
    """The qualified name: moving a class to another module moves no address."""
    return kind.__qualname__


def _hashable(declared: Any) -> bool:
    try:
        hash(declared)
    except TypeError:
        return False
    return True


@cache
def _adapter(declared: Any) -> "TypeAdapter[object] | None":
    if not _plain(declared):
        return None
    from pydantic import TypeAdapter

    return TypeAdapter(declared)


def _plain(declared: Any) -> bool:
    """Whether a type is made of numbers, strings, literals and containers of them only."""
    origin = get_origin(declared)
    if origin is None:
        return declared in _SCALARS
    if origin is Literal:
        return True
    known = origin in _CONTAINERS or origin in (Union, UnionType)
    return known and all(arg is Ellipsis or _plain(arg) for arg in get_args(declared))


def _described(value: object) -> str:
    if callable(value):
        return f"the callable {getattr(value, '__qualname__', type(value).__name__)}"
    return f"an object of type {type(value).__name__} ({str(value)[:40]!r})"
