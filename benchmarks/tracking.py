"""What tracking costs a run: microseconds per event, and percent of a step loop with real work.

The loop runs in turns with and without tracking (console and MLflow on SQLite), so that drift of
the machine hits both; CPU seconds hold the delivering thread and are steadier on a busy machine.
Run: OMP_NUM_THREADS=1 python -m benchmarks.tracking [--repeats 5]
"""

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from bench.events import (
    CellFinished,
    CellStarted,
    Emit,
    StageFinished,
    StageStarted,
    Step,
    StudyStarted,
    silent,
)
from bench.tracking.console import PlainConsole
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.observers import FanOut, fan_out
from bench.tracking.tracker import Tracker, default_uri

STEPS = 2000
SIDE = 384  # of the matrices that a step multiplies: some milliseconds, like a small recover step


def observers(folder: Path) -> FanOut:
    """What `bench run` listens with, without a terminal."""
    log = MlflowObserver(Tracker(default_uri(folder)), folder)
    return fan_out([PlainConsole(io.StringIO()), log])


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock, and of CPU in all threads."""

    wall: float
    cpu: float


def cell(emit: Emit, name: str, work: Callable[[], torch.Tensor], steps: int = STEPS) -> Spent:
    """What one cell costs whose only stage takes `steps` steps."""
    wall, cpu = time.perf_counter(), time.process_time()
    emit(CellStarted(name, name, {"row": name, "ipc": 1}, {"row": name}))
    emit(StageStarted(name, "recover", name))
    for step in range(1, steps + 1):
        loss = work()
        emit(Step("recover", step, steps, {"feature": loss, "bn": loss, "loss": loss}))
    emit(StageFinished(name, "recover", name, 1.0, 0, hit=False))
    emit(CellFinished(name, name, {"top1": 0.5}, {"row": name, "top1": 0.5}))
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def loss_of(side: int) -> Callable[[], torch.Tensor]:
    """A step's work: two products of matrices and a scalar."""
    a = torch.randn(side, side, generator=torch.Generator().manual_seed(0))
    return lambda: (a @ a @ a).square().mean()


def event_cost(folder: Path, count: int = 50_000) -> float:
    """Microseconds of the emitting thread per Step event, most of which are not sampled."""
    emit, nothing = observers(folder), torch.tensor(1.0)
    emit(StudyStarted("events", "r", ["c"], {}, {}))
    emit(CellStarted("c", "c", {}, {}))
    events = [Step("recover", k, count, {"loss": nothing}) for k in range(1, count + 1)]
    start = time.thread_time()
    for event in events:
        emit(event)
    spent = time.thread_time() - start
    emit.close("FINISHED")
    return spent / count * 1e6


def loop_cost(folder: Path, repeats: int) -> tuple[list[Spent], list[Spent]]:
    """Cells without and with tracking, taken in turns; MLflow is up before the first."""
    work, emit = loss_of(SIDE), observers(folder)
    emit(StudyStarted("loop", "r", [str(k) for k in range(repeats)], {}, {}))
    cell(emit, "warm", work)
    bare, tracked = [], []
    for k in range(repeats):
        bare.append(cell(silent, f"bare {k}", work))
        tracked.append(cell(emit, f"tracked {k}", work))
    emit.close("FINISHED")
    return bare, tracked


def extra(kind: str, bare: list[float], tracked: list[float]) -> str:
    """One line on paired costs."""
    percent = [100 * (t - b) / b for b, t in zip(bare, tracked, strict=True)]
    least, most = min(percent), max(percent)
    return (
        f"{kind}: {statistics.median(bare):.2f} s bare, {statistics.median(tracked):.2f} s "
        f"tracked, extra {statistics.median(percent):+.1f} % ({least:+.1f} to {most:+.1f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as place:
        print(f"Step event: {event_cost(Path(place)):.1f} us")
        bare, tracked = loop_cost(Path(place), repeats)
    print(f"cell of {STEPS} steps, {repeats} pairs")
    print(extra("wall", [s.wall for s in bare], [s.wall for s in tracked]))
    print(extra("cpu", [s.cpu for s in bare], [s.cpu for s in tracked]))


if __name__ == "__main__":
    main()
