"""Events that stages emit and observers hear; the mathematics never imports an observer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.core.errors import BadValue

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


@dataclass(frozen=True)
class Event:
    """Something that happened, identified by the cell and stage it belongs to where it has one."""


@dataclass(frozen=True)
class StudyStarted(Event):
    """A study begins: its name, the labels of its cells, and what is already in the store."""

    study: str
    run_id: str
    cells: Sequence[str]
    params: Mapping[str, object]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class RealSplit:
    """Real images that a cell uses: `split` is train or test, each has `shape` (ch, H, W).

    Attributes:
        mean, std: normalisation between pixels in [0, 1] and what networks take.
    """

    name: str
    split: str
    digest: str
    images: int
    shape: tuple[int, int, int]
    mean: Sequence[float] = ()
    std: Sequence[float] = ()


@dataclass(frozen=True)
class CellStarted(Event):
    """A cell begins; `params` is flat and typed, `tags` are strings to filter by.

    Attributes:
        at: when it began, in seconds since the epoch, where that is not now.
    """

    cell: str
    address: str
    params: Mapping[str, object]
    tags: Mapping[str, str]
    data: Sequence[RealSplit] = ()
    at: float | None = None


@dataclass(frozen=True)
class StageStarted(Event):
    """A stage begins to compute (a store hit emits only StageFinished).

    Attributes:
        series: which of a trial's cells it belongs to, such as `s0`; "" where there is one.
    """

    cell: str
    stage: str
    address: str
    series: str = ""


@dataclass(frozen=True)
class Step(Event):
    """Progress inside a stage: step of total, with values that may still be tensors on a device.

    An observer reads the tensors only every k steps, so that nothing synchronises in a hot loop.

    Attributes:
        stage: a name of one word, such as recover.
        step, total: how many steps are done, of how many.
        values: named numbers, or tensors of one element that nobody has read yet.
        at: seconds since the epoch, where that is not now.

    Raises:
        BadValue: the stage is no text, a count is no int >= 0, or the values are no mapping of
            numbers.
    """

    stage: str
    step: int
    total: int
    values: Mapping[str, "Tensor | float"] = field(default_factory=dict)
    at: float | None = None

    def __post_init__(self) -> None:
        """Says what is wrong where the step is made, not in some observer later."""
        if not (isinstance(self.stage, str) and self.stage):
            raise _malformed(f"the name of a stage first, given {str(self.stage)[:60]!r}")
        for name, count in (("step", self.step), ("total", self.total)):
            if not isinstance(count, int) or count < 0:
                raise _malformed(f"{name} as an int >= 0, given {str(count)[:60]!r}")
        if not isinstance(self.values, Mapping):
            raise _malformed(f"values as a mapping of names, given {str(self.values)[:60]!r}")
        for name, value in self.values.items():
            if not (isinstance(value, int | float) or hasattr(value, "is_cuda")):
                raise _malformed(f"{name!r} as a number or a tensor, given {str(value)[:60]!r}")


def _malformed(text: str) -> BadValue:
    return BadValue(f"Step(stage, step, total, values): expected {text}")


@dataclass(frozen=True)
class Milestone(Event):
    """How synthetic images look on the way, told a few times per stage, of its first batch.

    Attributes:
        stage: a name of one word, such as recover.
        step: how many steps are done.
        images: (n, ch, H, W) uint8, one of each class, n at most 10.
        labels: n class ids.
    """

    stage: str
    step: int
    images: "Tensor"
    labels: Sequence[int]


@dataclass(frozen=True)
class StudentTrained(Event):
    """A student is about to be judged; whoever wants to keep the network copies it.

    Attributes:
        shape: (ch, H, W) of one image.
        mean, std: normalisation between pixels in [0, 1] and what the network takes.
    """

    model: "Module"
    shape: tuple[int, int, int]
    mean: Sequence[float]
    std: Sequence[float]
    classes: Sequence[str]


@dataclass(frozen=True)
class StageFinished(Event):
    """A stage's artifact is there: computed in `seconds`, or found in the store (`hit`).

    Attributes:
        series: which of a trial's cells it belongs to, such as `s0`; "" where there is one.
    """

    cell: str
    stage: str
    address: str
    seconds: float
    peak_memory: int
    hit: bool
    artifact: object | None = None
    series: str = ""


@dataclass(frozen=True)
class CellFinished(Event):
    """A cell is done; `metrics` are its final numbers, `row` its line of the results table.

    `tags` are strings to filter by that were not known when it began, such as a trial's state;
    `at` is when it ended, in seconds since the epoch, where that is not now.
    """

    cell: str
    address: str
    metrics: Mapping[str, float]
    row: Mapping[str, object]
    tags: Mapping[str, str] = field(default_factory=dict)
    at: float | None = None


@dataclass(frozen=True)
class CellFailed(Event):
    """A cell broke down; the rest of the study goes on.

    `at` is when it ended, in seconds since the epoch, where that is not now.
    """

    cell: str
    address: str
    error: str
    row: Mapping[str, object]
    at: float | None = None


@dataclass(frozen=True)
class Note(Event):
    """One line for the user, such as a tracker that is down; said once."""

    text: str


@dataclass(frozen=True)
class ReportWritten(Event):
    """Report files were written."""

    paths: Sequence[str]


@dataclass(frozen=True)
class StudyFinished(Event):
    """A study ended as FINISHED, FAILED or KILLED, with its summary numbers."""

    study: str
    status: str
    metrics: Mapping[str, float]


Emit = Callable[[Event], None]


def silent(event: Event) -> None:
    """The observer that hears nothing."""
