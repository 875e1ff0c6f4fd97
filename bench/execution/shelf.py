"""Artifacts that stay in memory between cells, as many as a bound in bytes allows."""

import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TypeVar

from torch import Tensor

from bench.artifacts.values import RealSet
from bench.core.errors import BadValue

A = TypeVar("A")
VARIABLE = "DDBENCH_KEEP_BYTES"
SHARE = 8  # of the machine's memory, as many workers may share one machine
CGROUP = Path("/sys/fs/cgroup/memory.max")


class Shelf:
    """The artifacts used last, by address; the one used longest ago goes first.

    The newest stays however large it is, since a stage is about to read it. Data sets count for
    nothing: they are mapped from files, and the system takes their pages back when it needs them.

    Attributes:
        bound: bytes that the others may have together.
    """

    def __init__(self, bound: int | None = None) -> None:
        self.bound = memory_bound() if bound is None else bound
        self._kept: OrderedDict[str, object] = OrderedDict()
        self._sizes: dict[str, int] = {}

    def __contains__(self, address: str) -> bool:
        return address in self._kept

    @property
    def used(self) -> int:
        """Bytes of all that is kept."""
        return sum(self._sizes.values())

    def put(self, address: str, artifact: object) -> None:
        """Keeps an artifact, and drops what no longer fits."""
        self._kept[address] = artifact
        self._kept.move_to_end(address)
        self._sizes[address] = 0 if isinstance(artifact, RealSet) else bytes_of(artifact)
        while self.used > self.bound and len(self._kept) > 1:
            oldest = next(iter(self._kept))
            del self._kept[oldest], self._sizes[oldest]

    def get(self, address: str, kind: type[A]) -> A:
        """An artifact that is kept."""
        self._kept.move_to_end(address)
        found = self._kept[address]
        assert isinstance(found, kind)
        return found


def bytes_of(value: object) -> int:
    """Bytes of every tensor in an artifact, wherever it lies."""
    if isinstance(value, Tensor):
        return value.nbytes
    if isinstance(value, Mapping):
        return sum(bytes_of(item) for item in value.values())
    if isinstance(value, tuple | list):
        return sum(bytes_of(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return sum(bytes_of(getattr(value, f.name)) for f in fields(value))
    return 0


def memory_bound() -> int:
    """Bytes that kept artifacts may have: DDBENCH_KEEP_BYTES, else an eighth of the memory.

    Raises:
        BadValue: the variable is no number of bytes.
    """
    text = os.environ.get(VARIABLE)
    if text is None:
        return machine_memory() // SHARE
    if not text.isdecimal():
        raise BadValue(f"{VARIABLE}: expected a number of bytes, given {text!r}")
    return int(text)


def machine_memory() -> int:
    """Bytes of memory that this process may use, under the limit of a container if there is one."""
    import psutil

    text = CGROUP.read_text().strip() if CGROUP.is_file() else "max"
    total = int(psutil.virtual_memory().total)
    return min(total, int(text)) if text != "max" else total
