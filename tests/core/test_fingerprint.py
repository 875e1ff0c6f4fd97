"""Equal values have equal addresses; different ones do not; what has no value is refused."""

import enum
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Literal

import pytest

from bench.core.errors import BadValue
from bench.core.fingerprint import address, canonical, canonical_text, coerced, digest_of

DATACLASS = "from dataclasses import dataclass\n\n@dataclass(frozen=True)\n"


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclass(frozen=True)
class Inner:
    rate: float = 0.1


@dataclass(frozen=True)
class Settings:
    lr: float = 10.0
    epochs: int = 3
    name: str = "a"
    layers: tuple[float, ...] = (1.0, 2.0)
    inner: Inner = Inner()
    mode: Literal["x", "y"] = "x"
    limit: float | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Others:
    lr: float = 10.0


@dataclass(frozen=True)
class Same:
    lr: float = 10.0


@dataclass
class Thawed:
    lr: float = 10.0


def key(config: object = None, **changes: object) -> str:
    values: dict = {"upstream": {"squeeze": "a" * 32, "stats": "b" * 32}, "seed": 0}
    values |= changes
    return address("recover", 1, config, **values)


def test_the_canonical_text_is_json_with_sorted_keys() -> None:
    assert canonical_text({"b": (1, 2.5, None), "a": True}) == '{"a":true,"b":[1,2.5,null]}'


def test_golden_addresses() -> None:
    assert key({"lr": 0.25, "name": "wmdd", "layers": (1, 2)}) == "3b3c42a69d42e0554d9205f04e429530"
    assert (
        address("squeeze", 2, None, {}, None, code="c", data="d")
        == "94b4f198f977403fe5bf49bf743a9cbe"
    )


def test_an_address_is_32_hex_digits() -> None:
    assert len(key()) == 32
    assert int(key(), 16) >= 0


def test_every_part_of_the_key_counts() -> None:
    upstream = {"squeeze": "a" * 32}
    keys = [
        address("recover", 1, {}, upstream, 0),
        address("relabel", 1, {}, upstream, 0),
        address("recover", 2, {}, upstream, 0),
        address("recover", 1, {"a": 1}, upstream, 0),
        address("recover", 1, {}, {}, 0),
        address("recover", 1, {}, upstream, 1),
        address("recover", 1, {}, upstream, None),
        address("recover", 1, {}, upstream, 0, code="x"),
        address("recover", 1, {}, upstream, 0, data="x"),
    ]
    assert len(set(keys)) == len(keys)


def test_another_teacher_misses() -> None:
    assert key(upstream={"squeeze": "a" * 32}) != key(upstream={"squeeze": "c" * 32})


def test_the_order_of_a_mapping_does_not_matter() -> None:
    assert key({"a": 1, "b": {"c": 2, "d": 3}}) == key({"b": {"d": 3, "c": 2}, "a": 1})
    forth = {"squeeze": "a" * 32, "stats": "b" * 32}
    assert key(upstream=forth) == key(upstream=dict(reversed(forth.items())))


def test_the_order_of_a_sequence_matters() -> None:
    assert key({"a": (1, 2)}) != key({"a": (2, 1)})


@pytest.mark.parametrize(
    "changed",
    [
        replace(Settings(), lr=10),
        replace(Settings(), epochs=3.0),
        replace(Settings(), layers=[1, 2]),
        replace(Settings(), inner=Inner(rate=0.1)),
        replace(Settings(), extra={}),
    ],
)
def test_fields_are_coerced_to_their_declared_types(changed: Settings) -> None:
    assert digest_of(changed) == digest_of(Settings())


@pytest.mark.parametrize(
    "changed",
    [
        replace(Settings(), lr=10.5),
        replace(Settings(), name="b"),
        replace(Settings(), layers=(1.0, 2.0, 3.0)),
        replace(Settings(), inner=Inner(rate=0.2)),
        replace(Settings(), mode="y"),
        replace(Settings(), limit=0),
        replace(Settings(), extra={"a": 1}),
    ],
)
def test_a_changed_field_changes_the_digest(changed: Settings) -> None:
    assert digest_of(changed) != digest_of(Settings())


def test_an_optional_number_is_coerced_too() -> None:
    assert digest_of(Settings(limit=1)) == digest_of(Settings(limit=1.0))


def test_minus_zero_is_zero() -> None:
    assert digest_of(-0.0) == digest_of(0.0)
    assert digest_of(Inner(rate=-0.0)) == digest_of(Inner(rate=0))


def test_equal_fields_of_different_classes_differ() -> None:
    assert digest_of(Others()) != digest_of(Same())


def test_booleans_numbers_and_texts_are_told_apart() -> None:
    assert len({digest_of(value) for value in (1, True, "1", None, "None", [1])}) == 6


def test_members_of_enums_count_by_their_names() -> None:
    assert digest_of(Colour.RED) == digest_of(Colour.RED)
    assert digest_of(Colour.RED) != digest_of(Colour.BLUE)
    assert digest_of(Colour.RED) != digest_of(1)


def test_a_class_from_a_file_counts_by_its_stem_wherever_the_file_lies(tmp_path: Path) -> None:
    digests = set()
    for number in (1, 2):
        path = tmp_path / str(number) / "mine.py"
        path.parent.mkdir()
        path.write_text(f"{DATACLASS}class P:\n    x: float = 1\n")
        digests.add(digest_of(loaded(f"ddbench_plugin_{number}", path).P()))
    assert len(digests) == 1


def loaded(name: str, path: Path) -> ModuleType:
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"a": {"b": math.nan}}, r"config\.a\.b: expected a finite number, given nan"),
        ({"a": (1, math.inf)}, r"config\.a\[1\]: expected a finite number, given inf"),
        ({"f": len}, r"config\.f: .* given the callable len"),
        ({"p": Path("x")}, r"config\.p: .* given an object of type PosixPath"),
        ({"s": {1, 2}}, r"config\.s: .* object of type set"),
        ({"o": object()}, r"config\.o: .* object of type object"),
        ({"t": Settings}, r"config\.t: .* given the callable Settings"),
        ({1: 2}, "config: expected keys that are strings"),
        ({"$type": 2}, r"config: expected keys that are strings without a leading \$"),
        (Thawed(), "config: expected a frozen dataclass, given Thawed"),
        (Settings(inner=Inner(rate=math.nan)), r"config\.inner\.rate: expected a finite"),
        (replace(Settings(), epochs=2.5), r"config\.epochs: expected int, given 2\.5"),
        (replace(Settings(), mode="z"), r"config\.mode: expected Literal\['x', 'y'\], given 'z'"),
    ],
)
def test_what_has_no_canonical_form_is_refused_by_name(value: object, where: str) -> None:
    with pytest.raises(BadValue, match=where):
        canonical(value, "config")


def test_coerced_leaves_types_alone_that_are_not_plain() -> None:
    marker = object()
    assert coerced(marker, object) is marker
    assert coerced(10, float) == 10.0
    assert isinstance(coerced(10, float), float)
