"""Variants of data sets by name: `NAME@SIDE#mark#key=value`, such as `imagenette@64#classes=3#val`.

Marks of every set: `#classes=3` (the first three) or `#classes=0+4+7` (these labels, renumbered),
`#images=50` (the first so many training images of each class; all test images stay), `#margin=0`
(evaluation sees the whole square), `#flip=0` (mirror images are other images), `#norm=NAME`, and
`#val` (tests on a fifth of the training split). Image folders also take `#grey=1`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.core.errors import BadValue, suggestion
from bench.data.sources.folders import ImageFolder
from bench.data.sources.held_out import held_out
from bench.data.sources.subset import Subset
from bench.data.spec import DatasetSpec

KEYS = ("margin", "grey", "flip", "norm", "classes", "images", "val")  # in the order of a name
NORMS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


@dataclass(frozen=True)
class Name:
    """A data set's name taken apart: the base with its side, and the value of each mark."""

    base: str
    marks: Mapping[str, str]


def taken_apart(name: str) -> Name:
    """The base of a name and its marks; a folder that is there by that very name has none.

    Raises:
        BadValue: a mark that is unknown, given twice, or before the side.
    """
    if "#" not in name or os.path.isdir(os.path.expanduser(name)):
        return Name(name, {})
    base, *given = name.split("#")
    marks: dict[str, str] = {}
    for mark in given:
        key, equals, value = mark.partition("=")
        if re.fullmatch(r"val@\d+", mark):
            raise BadValue(
                f"data set {name!r}: expected '@SIDE' before the first '#', given #{mark}"
            )
        if key not in KEYS:
            raise BadValue(
                f"data set {name!r}: expected one of #{', #'.join(KEYS)}, given #{mark}"
                f"{suggestion(key, KEYS)}"
            )
        if key in marks:
            raise BadValue(f"data set {name!r}: expected #{key} once, given it twice")
        if bool(equals) != (key != "val") or (equals and not value):
            form = "#val" if key == "val" else f"#{key}=VALUE"
            raise BadValue(f"data set {name!r}: expected the form {form}, given #{mark}")
        marks[key] = value
    return Name(base, marks)


def varied(spec: DatasetSpec, name: Name) -> DatasetSpec:
    """The data set with its marks applied, in one order whatever the name's.

    Raises:
        BadValue: a value out of range, or a mark that the set does not take.
    """
    for key in KEYS:
        if key in name.marks:
            spec = _applied(spec, key, name.marks[key])
    return spec


def _applied(spec: DatasetSpec, key: str, value: str) -> DatasetSpec:
    if key == "val":
        return held_out(spec)
    named = f"{spec.name}#{key}={value}"
    if key == "classes":
        labels = _labels(spec, value)
        source = Subset(spec.source, classes=labels)
        return replace(spec, name=named, source=source, num_classes=len(labels))
    if key == "images":
        return replace(
            spec, name=named, source=Subset(spec.source, images=_whole(spec, key, value))
        )
    if key == "norm":
        if value not in NORMS:
            raise BadValue(
                f"data set {spec.name!r}: expected #norm={'|'.join(NORMS)}, given {value!r}"
                f"{suggestion(value, NORMS)}"
            )
        mean, std = (_fitting(values, spec.channels) for values in NORMS[value])
        return replace(spec, name=named, mean=mean, std=std)
    if value not in ("0", "1"):
        raise BadValue(f"data set {spec.name!r}: expected #{key}=0 or #{key}=1, given {value!r}")
    if key == "flip":
        return replace(spec, name=named, flip=value == "1")
    if key == "margin":
        side = round(spec.resolution * 8 / 7) if value == "1" else spec.resolution
        return replace(spec, name=named, store_resolution=side, margin=value == "1")
    if not isinstance(spec.source, ImageFolder):
        raise BadValue(
            f"data set {spec.name!r}: expected an image folder for #grey, given another set"
        )
    if value == "0":
        return spec
    mean, std = _fitting(spec.mean, 1), _fitting(spec.std, 1)
    source_grey = replace(spec.source, grey=True)
    return replace(spec, name=named, channels=1, mean=mean, std=std, source=source_grey)


def _fitting(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """One value for each channel; the mean of three for a single one."""
    return values if len(values) == channels else (round(sum(values) / len(values), 4),)


def _whole(spec: DatasetSpec, key: str, value: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", value):
        raise BadValue(f"data set {spec.name!r}: expected #{key}=N with N from 1, given {value!r}")
    return int(value)


def _labels(spec: DatasetSpec, value: str) -> tuple[int, ...]:
    """The labels that `3` (the first three) or `0+4+7` (these) stands for."""
    if "+" not in value:
        found = tuple(range(min(_whole(spec, "classes", value), spec.num_classes + 1)))
    elif re.fullmatch(r"\d{1,9}(\+\d{1,9})+", value):
        found = tuple(sorted({int(part) for part in value.split("+")}))
    else:
        found = ()
    distinct = "+" not in value or len(found) == value.count("+") + 1
    if not distinct or not 2 <= len(found) <= spec.num_classes or found[-1] >= spec.num_classes:
        raise BadValue(
            f"data set {spec.name!r}: expected #classes=N with N from 2 to {spec.num_classes}, or "
            f"distinct labels such as #classes=0+1 below {spec.num_classes}, given {value!r}"
        )
    return found
