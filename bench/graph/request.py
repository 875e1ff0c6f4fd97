"""Requests: what is wanted, said as a frozen value.

Equal requests are one artifact, made once, anywhere. A request says what it needs, what it cannot
do, which seed it draws from and how it is made; a planner walks it and a workshop makes it. The
suite keeps no list of kinds: those of the built-in stages and those of plugins are alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from inspect import getsourcefile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from bench.artifacts.values import RealSet
from bench.artifacts.views import Reference
from bench.core.errors import BadValue
from bench.core.events import Emit, RealSplit
from bench.data.spec import DatasetSpec, Split
from bench.graph.work import Work
from bench.plugin.contracts import Need
from bench.plugin.recipes import Recipe
from bench.plugin.registry import register_artifact, registered

if TYPE_CHECKING:
    import torch

A = TypeVar("A")
R = TypeVar("R", bound="type[Request[Any]]")
APART = "apart"  # metadata of a field that is no part of a request's address


@dataclass(frozen=True)
class Source:
    """A data set as the planner sees it: specification, digests and sizes of both splits.

    Attributes:
        spec: the specification of the data set.
        train, test: sha256 of pixels and labels of each split.
        train_count, test_count: images of each split.
        smallest: training images of the smallest class, 0 where unknown.
        smallest_class: its name.
    """

    spec: DatasetSpec
    train: str
    test: str
    train_count: int
    test_count: int
    smallest: int = 0
    smallest_class: str = ""

    def digest(self, split: Split) -> str:
        return self.train if split == "train" else self.test

    def splits(self) -> tuple[RealSplit, RealSplit]:
        """Both splits, as observers hear of them."""
        spec = self.spec
        shape = (spec.channels, spec.resolution, spec.resolution)
        scale = spec.mean, spec.std
        return (
            RealSplit(spec.name, "train", self.train, self.train_count, shape, *scale),
            RealSplit(spec.name, "test", self.test, self.test_count, shape, *scale),
        )


@dataclass(frozen=True)
class Context:
    """The cell in which a request is planned: what fills the fields that a request leaves open.

    Attributes:
        source: the data set of the cell.
        recipe: all settings of the cell.
        ipc: images per class.
        seed: of the synthetic set.
        student_seed: of soft labels and students.
        label: of the cell, for people.
        row, distiller: names that messages use.
        synthetic: the request of the cell's synthetic set, once that is known.
    """

    source: Source
    recipe: Recipe
    ipc: int = 1
    seed: int = 0
    student_seed: int = 0
    label: str = ""
    row: str = ""
    distiller: str = ""
    synthetic: "Request[Any] | None" = None

    @property
    def fast(self) -> bool:
        """Whether convolutions are computed in bfloat16."""
        return self.recipe.precision == "bf16"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(ch, H, W) of one image."""
        spec = self.source.spec
        return (spec.channels, spec.resolution, spec.resolution)


@dataclass(frozen=True)
class Run:
    """What the making of an artifact may use beside its inputs.

    Attributes:
        device: where to compute; artifacts of `have` lie there, real images on the CPU.
        emit: takes the events `Step` and `Milestone`.
        split: a split of the cell's data set, decoded once and memory-mapped.
    """

    device: "torch.device"
    emit: Emit
    split: Callable[[Split], RealSet]


class Request(Generic[A]):
    """Base of the frozen dataclasses that ask for an artifact of type A.

    Attributes:
        kind: names the stage that makes it; part of the address, whatever file it stands in.
        made: the class of the artifact.
        version: raised when the numbers of a built-in kind change; a plugin's code counts itself.
        stored: False for a view, which is computed on demand and never on disk.
        placed: whether its inputs are moved to the device of the run.
        own: whether it belongs to one cell, so that its label names the cell.
    """

    kind: ClassVar[str] = ""
    made: ClassVar[type] = object
    version: ClassVar[int] = 1
    stored: ClassVar[bool] = True
    placed: ClassVar[bool] = True
    own: ClassVar[bool] = False

    def filled(self, at: Context) -> "Request[A]":
        """The request with each open field at the cell's value; only here a recipe is read."""
        return self

    def needs(self, at: Context) -> tuple["Request[Any]", ...]:
        """The requests of which it is made, in a fixed order."""
        return ()

    def reads(self) -> tuple[Split, ...]:
        """Splits of the data set whose content is part of its address."""
        return ()

    def stream(self, at: Context) -> int | None:
        """Seed of its random numbers; None where it draws none."""
        return None

    def config(self, at: Context) -> Mapping[str, object]:
        """What its address holds of it: every field but requests, which count by their address."""
        mine = [f for f in fields(cast(Any, self)) if not f.metadata.get(APART)]
        held = {f.name: getattr(self, f.name) for f in mine}
        return {name: value for name, value in held.items() if not _asks(value)}

    def code(self) -> Path | None:
        """The file whose code is part of the address; None for the suite's own, versioned kinds."""
        kind = type(self)
        if kind.__module__.startswith("bench."):
            return None
        return Path(getsourcefile(kind) or "").resolve()

    def refuse(self, at: Context) -> None:
        """Raises a BenchError for what cannot be done in this cell, while planning."""

    def make(self, have: Reference, at: Context, run: Run) -> A:
        """The artifact, from the artifacts of `needs`."""
        raise NotImplementedError

    def work(self, at: Context) -> Work:
        """What making it takes: what a plan prices by timings of this machine."""
        return Work()

    def facts(self, meta: Mapping[str, Any], at: Context) -> Mapping[str, object]:
        """What the artifact's manifest adds to a row of the results table."""
        return {}


def _asks(value: object) -> bool:
    """Whether a value is a request, or a tuple of requests."""
    if isinstance(value, tuple) and value:
        return all(isinstance(item, Request) for item in value)
    return isinstance(value, Request)


def artifact(
    kind: str, made: type, *, version: int = 1, stored: bool = True, own: bool = False
) -> Callable[[R], R]:
    """Registers a frozen dataclass as the request of a kind of artifact.

    Raises:
        BadValue: its kind is no plain name.
        DuplicateName: another file registered the kind.
    """

    def decorate(request: R) -> R:
        request.kind, request.made, request.version = kind, made, version
        request.stored, request.own = stored, own
        register_artifact(kind, request)
        return request

    return decorate


def kinds() -> Mapping[str, type[Request[Any]]]:
    """Every kind of artifact that has been imported, by its name."""
    return {entry.name: cast(Any, entry.factory) for entry in registered("artifact")}


def default_for(made: type) -> type[Request[Any]] | None:
    """The kind that stands for a class of artifacts: the suite's own before those of plugins."""
    fitting = [kind for kind in kinds().values() if kind.made is made and _all_open(kind)]
    return min(fitting, key=lambda kind: not kind.__module__.startswith("bench."), default=None)


def _all_open(kind: type[Request[Any]]) -> bool:
    """Whether a request can be made without saying anything."""
    return all(
        f.default is not MISSING or f.default_factory is not MISSING
        for f in fields(cast(Any, kind))
    )


def asked(need: Need, known: Mapping[type, Request[Any]]) -> Request[Any]:
    """The request behind a need: itself, or for a class of artifacts the one that stands for it.

    Args:
        known: class of artifacts -> request, where the default of the kind is not meant.

    Raises:
        BadValue: no kind makes such artifacts.
    """
    if isinstance(need, Request):
        return need
    found = known.get(cast(type, need)) or default_for(cast(type, need))
    if found is None:
        names = ", ".join(sorted({k.made.__name__ for k in kinds().values() if _all_open(k)}))
        raise BadValue(
            f"expected `needs` among the requests, or the classes {names}, "
            f"given {getattr(need, '__name__', need)!r}"
        )
    return found if isinstance(found, Request) else found()


@dataclass(frozen=True)
class RealRequest(Request[RealSet]):
    """A split of the cell's data set, memory-mapped; never moved to a device as a whole."""

    split: Split = "train"

    def reads(self) -> tuple[Split, ...]:
        return (self.split,)

    def make(self, have: Reference, at: Context, run: Run) -> RealSet:
        return run.split(self.split)


artifact("real", RealSet, stored=False)(RealRequest)
