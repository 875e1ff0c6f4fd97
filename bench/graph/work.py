"""Work: what making an artifact takes, said by its request and priced by one meter.

A request says passes of networks, calls that only a timing can price, and bytes; how many seconds
and how much memory that is on this machine, bench.execution.meter says.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal, Protocol

import torch

from bench.data.spec import DatasetSpec
from bench.models.outline import outline_for

DRAWN = 41  # bytes of order, crop, flip and mix of one augmented image
TEST = 250  # images of a batch of the test pass
LEAST, MOST, ENOUGH = 3, 25, 0.3  # timings of a step, and seconds after which no more are taken


@dataclass(frozen=True)
class Passes:
    """Steps of a network over batches.

    Attributes:
        kind: "forward"; "observe", which takes features and BatchNorm statistics on the way;
            "relabel", on augmented images; "train", with augmentation, backward pass and update;
            "recover", which updates images through a frozen network.
        arch: name of the network.
        batch: images of a step.
        steps: how many steps.
        moments: values that the optimiser of "train" keeps per weight.
    """

    kind: Literal["forward", "observe", "relabel", "train", "recover"]
    arch: str
    batch: int
    steps: float
    moments: int = 2


@dataclass(frozen=True)
class Timing:
    """What timing a call gave: its median, from how many, and their spread over the median."""

    seconds: float
    times: int = 1
    spread: float = 0.0


class Clock:
    """Times calls on a device.

    On one thread of a CPU it counts the seconds that this process computes, which other processes
    do not lengthen; else those of the wall.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif torch.get_num_threads() == 1:
            return time.process_time()
        return time.perf_counter()

    def step(self, step: Callable[[], object]) -> Timing:
        """The time of a call after a first one: of at least 3, and of more where they are short."""
        step()
        taken: list[float] = []
        while len(taken) < LEAST or (len(taken) < MOST and sum(taken) < ENOUGH):
            begin = self.now()
            step()
            taken.append(self.now() - begin)
        return timing_of(taken)


def timing_of(taken: list[float], middle: float | None = None) -> Timing:
    """The timing that some measurements make."""
    centre = median(taken)
    spread = (max(taken) - min(taken)) / centre if centre else 0.0
    return Timing(centre if middle is None else middle, len(taken), spread)


class Probe(Protocol):
    """Work that is no pass of a network: it is timed, once on a machine.

    Attributes:
        name: of the kind of timing; it changes where the code that is timed does.
        key: tells apart all whose times differ.
    """

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> str: ...

    def measure(self, clock: Clock) -> Timing:
        """Its time on the clock's device."""
        ...


@dataclass(frozen=True)
class Work:
    """What making an artifact takes.

    Attributes:
        passes: one after the other; the largest decides the memory of the device.
        probes: what is timed by itself, and how often it is done.
        draws: images whose augmentation is drawn.
        seconds: beside all that, where they are known.
        bytes: of the stored artifact.
        held: bytes on the device beside a pass: what passes read, and what they leave there.
        host: bytes of data on the host.
        less: what makes it need less memory.
    """

    passes: tuple[Passes, ...] = ()
    probes: tuple[tuple[Probe, float], ...] = ()
    draws: float = 0.0
    seconds: float = 0.0
    bytes: float = 0.0
    held: float = 0.0
    host: float = 0.0
    less: str = "lower ipc"


def test_pass(arch: str, count: int) -> Passes:
    """The pass over a test split of so many images."""
    batch = max(1, min(TEST, count))
    return Passes("forward", arch, batch, count / batch)


def pixels_of(spec: DatasetSpec) -> int:
    """Values of one image."""
    return spec.channels * spec.resolution**2


def weight_bytes(arch: str, spec: DatasetSpec) -> float:
    """Bytes of a network's weights in float32."""
    return 4.0 * sum(weight.numel() for weight in outline_for(arch, spec).parameters())


def arch_of(teacher: object, at: Any) -> str:
    """The architecture of a teacher; the recipe's where a plugin's kind does not say its own."""
    return str(getattr(teacher, "arch", None) or at.recipe.squeeze.arch)


def inputs_of(synthetic: object, at: Any) -> int:
    """Images that networks see of a synthetic set: all that a factorised one is decoded to."""
    inputs = getattr(synthetic, "inputs", None)
    return int(inputs(at)) if inputs else at.ipc * at.source.spec.num_classes
