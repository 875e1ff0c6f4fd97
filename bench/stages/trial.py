"""A trial: how long a distiller takes that says nothing of its work, by a call on made-up data.

The call is broken off after some steps, of which the distiller tells by `Step` events; one that
tells of none runs to its end. A big data set is cut to few classes and small images: steps then
grow with classes and pixels, and what comes before them with real images and pixels.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from bench.artifacts.values import RealSet
from bench.artifacts.views import Reference
from bench.core.errors import BenchError
from bench.core.events import Event, Step, silent
from bench.data.spec import Split
from bench.graph.request import Context, RealRequest, Request, Run
from bench.graph.work import Clock, Timing, pixels_of, timing_of
from bench.stages.placement import to_device

if TYPE_CHECKING:
    from bench.stages.distil import DistilledRequest

VALUES, SIDE = 500_000, 32  # pixels of a trial's real and synthetic images; least side to cut to
PER_CLASS = 150  # real images of each class, where it has more
STEPS, ENOUGH, MOST = 3, 0.5, 30  # timed steps at least, seconds that suffice, and steps at most
LONG = 5.0  # seconds after the first step that suffice in any case


class _Enough(Exception):
    """Ends a call."""


@dataclass(frozen=True)
class Course:
    """What a call told: seconds before its first step, of a step, and its steps."""

    before: float
    each: float
    total: float

    def times(self, other: "Course") -> "Course":
        before, each = self.before * other.before, self.each * other.each
        return Course(before, each, self.total * other.total)

    @property
    def whole(self) -> float:
        return self.before + self.each * self.total


@dataclass(frozen=True)
class Trial:
    """The making of a request's synthetic set.

    Attributes:
        code: hash of the distiller's plugin.
    """

    request: "DistilledRequest"
    at: Context
    code: str
    name: ClassVar[str] = "distiller-timing-2"

    @property
    def key(self) -> str:
        spec, recipe = self.at.source.spec, self.at.recipe
        data = (spec.num_classes, spec.channels, spec.resolution, spec.stem)
        size = (*data, self.at.source.train_count, self.at.ipc, recipe.squeeze.arch)
        told = (self.request.distiller, self.request.params, recipe.precision, self.code, *size)
        return sha256(repr(told).encode()).hexdigest()[:32]

    def measure(self, clock: Clock) -> Timing:
        """The seconds of the whole call.

        Raises:
            BenchError: the distiller cannot work at such a size; any other error is its own.
        """
        side = self.at.source.spec.resolution
        each = getattr(self.request.method, "images_each", lambda side: 1)(side)
        at = reduced(self.at, VALUES, SIDE, max(PER_CLASS, self.at.ipc * each))
        full, tried = self.at.source, at.source
        pixels = pixels_of(full.spec) / pixels_of(tried.spec)
        classes = full.spec.num_classes / tried.spec.num_classes
        size = Course(full.train_count / tried.train_count * pixels, classes * pixels, 1.0)
        found, timing = self._call(at, clock)
        return replace(timing, seconds=found.times(size).whole)

    def _call(self, at: Context, clock: Clock) -> tuple[Course, Timing]:
        """Calls the distiller until enough steps are told, or to its end."""
        method, device, now = self.request.method, clock.device, clock.now
        assert method is not None
        reference = self._reference(at, device)
        budget, rng = self.request.budget(at, device), torch.Generator().manual_seed(0)
        marks, totals = [now()], [1]

        def hear(event: Event) -> None:
            if not isinstance(event, Step):
                return
            marks.append(now())
            totals.append(event.total)
            taken = marks[-1] - marks[1]
            if len(marks) > MOST or taken > LONG or (len(marks) > STEPS + 1 and taken > ENOUGH):
                raise _Enough

        with suppress(_Enough):
            method.distill(reference, budget, rng, hear)
            if len(marks) == 1:
                whole = now() - marks[0]
                return Course(whole, 0.0, 0.0), Timing(whole)
        each = [b - a for a, b in pairwise(marks[1:])] or [marks[1] - marks[0]]
        timing = timing_of(each)
        before = max(0.0, marks[1] - marks[0] - timing.seconds)
        return Course(before, timing.seconds, totals[-1]), timing

    def _reference(self, at: Context, device: torch.device) -> Reference:
        """What the distiller reads, made from made-up images; a teacher is left untrained."""
        real, known = made_up(at), dict[Request[Any], Any]()

        def split(name: Split) -> RealSet:
            return real

        def made(request: Request[Any]) -> Any:
            if request not in known:
                if untrained := getattr(request, "untrained", None):
                    found = untrained(at)
                elif not type(request).__module__.startswith("bench."):
                    raise BenchError(
                        f"it reads a {request.kind!r}, which may take long to make: give its "
                        "request a method `untrained(at)`, or the distiller a `work(at)`"
                    )
                else:
                    have = Reference({need: made(need) for need in request.needs(at)})
                    found = request.make(have, at, Run(device, silent, split))
                is_real = isinstance(request, RealRequest)
                known[request] = found if is_real else to_device(found, device)
            return known[request]

        return Reference({need: made(ask) for need, ask in self.request.asked(at).items()})


def reduced(at: Context, values: int, side: int, per_class: int) -> Context:
    """The same cell with fewer classes, then smaller images, until they have so many values."""
    source, spec = at.source, at.source.spec
    has = source.train_count // spec.num_classes
    real = max(1, min(has, per_class))
    classes, small = spec.num_classes, spec.resolution
    image = (real + at.ipc) * spec.channels
    classes = min(classes, max(2, values // (image * small**2)))
    for part in (2, 4, 7, 8, 14, 16):
        if classes * image * small**2 > values and spec.resolution // part >= side:
            small = spec.resolution // part
    less = replace(spec, num_classes=classes, resolution=small, store_resolution=small, whole=False)
    count = classes * real
    return replace(at, source=replace(source, spec=less, train_count=count, test_count=count))


def made_up(at: Context) -> RealSet:
    """Random images of all classes of a source."""
    spec, count = at.source.spec, at.source.train_count
    rng = torch.Generator().manual_seed(0)
    shape = (count, spec.channels, spec.resolution, spec.resolution)
    return RealSet(
        name=spec.name,
        images=torch.randint(256, shape, dtype=torch.uint8, generator=rng),
        labels=torch.arange(count) % spec.num_classes,
        classes=tuple(map(str, range(spec.num_classes))),
        resolution=spec.resolution,
        mean=spec.mean,
        std=spec.std,
        digest="made up",
        stem=spec.stem,
    )
