"""Processes of this machine that share a command's work: how many, and their lives."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.app.fitting import PROCESS, largest
from bench.app.session import Session
from bench.app.text import duration
from bench.diagnosis.hardware import cores_available
from bench.execution.meter import estimate
from bench.execution.shelf import SHARE, machine_memory
from bench.execution.workshop import batch_flops
from bench.stages.compute import SMALL_FLOPS

if TYPE_CHECKING:
    import torch

START = 9.0  # seconds of a core that a second worker with its MLflow follower costs each of two


@dataclass(frozen=True)
class Facts:
    """All that the number of workers is chosen from.

    Attributes:
        device: "cpu" or "cuda".
        cores: that this process may use, by affinity, container and OMP_NUM_THREADS.
        cells: whose scores are to be made.
        narrow: whether their networks are so small that each stage computes on one thread.
        seconds: of all that is to be made, one after the other.
        longest: seconds of the cell that takes longest, with all that it stands on.
        memory: bytes that are free.
        each: bytes that a process takes at its peak.
    """

    device: str
    cores: int
    cells: int
    narrow: bool
    seconds: float
    longest: float
    memory: float
    each: float


@dataclass(frozen=True)
class Crew:
    """A number of workers and what it was chosen for."""

    count: int
    why: str

    def __str__(self) -> str:
        return f"{self.count} worker{'s' * (self.count > 1)}: {self.why}"


def crew_for(session: Session, device: "torch.device", wanted: int | None = None) -> Crew:
    """The workers of a run: as many as were asked for, else as many as make it faster here."""
    if wanted is not None:
        return Crew(wanted, "as --workers says")
    return chosen(facts_of(session, device))


def chosen(facts: Facts) -> Crew:
    """The number of workers under which a run should end first.

    A stage of a small network uses one core whatever there is, so that a worker on each core gains;
    one of a large network uses all cores, and stages that all cells wait for would lose by fewer.
    Of n workers each waits at worst for the longest cell: seconds / n + longest * (1 - 1 / n).
    """
    if facts.device != "cpu":
        return Crew(1, "a GPU computes for one process at a time; --workers N shares cells out")
    if facts.cells < 2:
        return Crew(1, "there is no second cell to be made")
    if facts.cores < 2:
        return Crew(1, "one core to compute on")
    if not facts.narrow:
        return Crew(1, f"its networks are large, and each step uses all {facts.cores} cores")
    fitting = int(facts.memory // facts.each)
    if fitting < 2:
        return Crew(1, "a second would not fit the free memory")
    most = min(facts.cores, facts.cells, fitting, SHARE)
    shared = facts.seconds / most + facts.longest * (1 - 1 / most) + START
    if shared >= facts.seconds:
        return Crew(1, "a second would start for longer than it helps")
    times = f"about {duration(shared)}, where one takes {duration(facts.seconds)}"
    return Crew(most, f"small networks, one core each; {times}")


def facts_of(session: Session, device: "torch.device") -> Facts:
    """What is known of the rest of a plan, and of this machine."""
    import psutil
    import torch

    plan, store = session.plan, session.store
    cost = estimate(plan, store, device)
    cells = [cell for cell in plan.cells if not store.has(cell.address)]
    todo = dict.fromkeys(a for a in plan.tasks() if not store.has(a))  # in the plan's order
    chains = [
        sum(cost[t.address].seconds for t in cell.tasks.values() if t.address in todo)
        for cell in cells
    ]
    needs = [need.device + need.host for need, _, _ in largest(session, device).values()]
    return Facts(
        device=device.type,
        cores=min(cores_available(), torch.get_num_threads()),
        cells=len(cells),
        narrow=all(batch_flops(cell.at) < SMALL_FLOPS for cell in cells),
        seconds=sum(cost[address].seconds for address in todo),
        longest=max(chains, default=0.0),
        memory=min(machine_memory(), psutil.virtual_memory().available),
        each=PROCESS + max(needs, default=0.0),
    )


class Worker:
    """A process of the same program; it ends with the block."""

    def __init__(self, words: Sequence[str], threads: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.cli.main", *words],
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )

    def __enter__(self) -> "Worker":
        return self

    def wait(self) -> None:
        self._process.wait()

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()


@contextmanager
def workers(commands: Sequence[Sequence[str]]) -> Iterator[None]:
    """Workers for the length of a block; a block that ends well waits for them.

    Cores are shared out: more threads than cores make two processes slower than one.
    """
    if not commands:
        yield
        return
    import torch

    before = torch.get_num_threads()
    threads = max(1, before // (1 + len(commands)))
    torch.set_num_threads(threads)
    with ExitStack() as stack:
        stack.callback(torch.set_num_threads, before)
        started = [stack.enter_context(Worker(words, threads)) for words in commands]
        yield
        for worker in started:
            worker.wait()
