"""What tracking costs: microseconds per event, and percent of real cells with all that they keep.

Two runs of WMDD on digits, with and without MLflow (on SQLite), take turns cell by cell: the two
cells of a seed follow each other, in random order, so that both see the same machine. Each run has
seeds that its store lacks; teacher and observation are there. What a cell spends telling its
observers is most of the difference, and varies less. Beside the cells, opening and closing a run is
compared: all that `bench run` does before its first and after its last cell up to its report, the
last delivery included. CPU seconds are those of the run's own process; those of the process that
delivers are given beside, since they matter where no core is free.
Run: OMP_NUM_THREADS=1 python -m benchmarks.tracking [--repeats 5] [--cells 20] [--profile quick]
"""

import argparse
import io
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import get_args

import torch

from bench.app.observing import observed
from bench.app.running import RunOptions
from bench.app.session import Session, find_source
from bench.core.events import CellStarted, Event, StageStarted, Step, StudyStarted
from bench.execution.planner import make_plan
from bench.execution.runner import run_plan
from bench.execution.workshop import Workshop
from bench.plugin.recipes import Profile
from bench.storage.store import Store
from bench.study.grid import Row, Study
from bench.study.overrides import Overrides
from bench.tracking.console import PlainConsole
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.observers import fan_out
from bench.tracking.tracker import Tracker, default_uri
from reports.numbers.statistics import describe


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock, of them in observers, and of CPU here and in processes that ended."""

    wall: float
    told: float
    cpu: float
    others: float

    def __add__(self, more: "Spent") -> "Spent":
        return Spent(*(a + b for a, b in zip(astuple(self), astuple(more), strict=True)))

    def __sub__(self, start: "Spent") -> "Spent":
        return Spent(*(a - b for a, b in zip(astuple(self), astuple(start), strict=True)))


class Turn:
    """One run, as `bench run` makes it up to its report, that goes on when it is told to."""

    def __init__(self, given: Session, track: bool) -> None:
        self._told = 0.0
        begin = self._now()
        self._watch = observed(given, RunOptions(track=track, quiet=True))
        shop = Workshop(given.store, given.data_root, torch.device("cpu"), self._tell)
        self._cells = run_plan(given.plan, shop, self._tell)
        self.cells: list[Spent] = []
        self.ends = self._now() - begin  # what opening it took, and then closing it, too

    def _tell(self, event: Event) -> None:
        begin = time.perf_counter()
        self._watch.emit(event)
        self._told += time.perf_counter() - begin

    def _now(self) -> Spent:
        others = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = others.ru_utime + others.ru_stime
        return Spent(time.perf_counter(), self._told, time.process_time(), ended)

    def cell(self) -> None:
        """Runs the next cell."""
        begin = self._now()
        done = next(self._cells)
        if done.failed:
            raise SystemExit(done.error)
        self.cells.append(self._now() - begin)

    def close(self) -> None:
        """Ends the run, once all is delivered."""
        begin = self._now()
        if next(self._cells, None) is not None:
            raise ValueError("a run was closed before its last cell")
        self._watch.finish("FINISHED")
        self.ends += self._now() - begin


def event_cost(folder: Path, count: int = 50_000) -> float:
    """Microseconds of the emitting thread per Step event, most of which are not sampled."""
    log = MlflowObserver(Tracker(default_uri(folder)), Store(folder))
    emit, nothing = fan_out([PlainConsole(io.StringIO()), log]), torch.tensor(1.0)
    emit(StudyStarted("events", "r", ["c"], {}, {}))
    emit(CellStarted("c", "c", {}, {}))
    emit(StageStarted("c", "recover", "c" * 64))
    events = [Step("recover", k, count, {"loss": nothing}) for k in range(1, count + 1)]
    start = time.thread_time()
    for event in events:
        emit(event)
    spent = time.thread_time() - start
    emit.close("FINISHED")
    return spent / count * 1e6


def session(store: Path, data: Path, seeds: Sequence[int], profile: Profile) -> Session:
    """A study of one row."""
    study = Study("cost", "Cost of tracking", (Row("wmdd", "wmdd"),), ipcs=(2,), seeds=tuple(seeds))
    plan = make_plan(study, profile, Overrides(), lambda name: find_source(name, data))
    return Session(plan, Store(store), data)


def pairs(
    folder: Path, data: Path, repeats: int, cells: int, profile: Profile
) -> list[tuple[Turn, Turn]]:
    """Runs without and with tracking; a first pair, which makes what all share, is left out."""
    order, found = random.Random(0), list[tuple[Turn, Turn]]()
    for repeat in range(repeats + 1):
        seeds = range(repeat * cells, (repeat + 1) * cells) if repeat else range(1)
        bare, tracked = (
            Turn(session(folder / name, data, seeds, profile), name == "tracked")
            for name in ("bare", "tracked")
        )
        for _ in seeds:
            for turn in order.sample((bare, tracked), 2):
                turn.cell()
        for turn in (bare, tracked):
            turn.close()
        found.append((bare, tracked))
    return found[1:]


def extra(
    kind: str, bare: Sequence[float], tracked: Sequence[float], of: Sequence[float] = ()
) -> str:
    """One line on paired costs; the interval is that of the mean, from the t distribution.

    Args:
        of: what a percentage is of; without it, of `bare`.
    """
    more = [t - b for b, t in zip(bare, tracked, strict=True)]
    percent = [100 * m / w for w, m in zip(of or bare, more, strict=True)]
    mean = describe(percent)
    return (
        f"{kind}: {statistics.median(bare):.3f} s bare, median extra "
        f"{1000 * statistics.median(more):+.0f} ms, {statistics.median(percent):+.1f} %, "
        f"mean {mean.mean:+.1f} % [{mean.low:+.1f}, {mean.high:+.1f}], n = {len(more)}"
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cells", type=int, default=20)
    parser.add_argument("--profile", choices=get_args(Profile), default="quick")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        data = Path(os.environ.get("DDBENCH_DATA", place / "data"))
        print(f"Step event: {event_cost(place):.1f} us")
        found = pairs(place, data, options.repeats, options.cells, options.profile)
    print(f"wmdd on digits, ipc 2, profile {options.profile}, runs of {options.cells} cells")
    bare = [cell for pair in found for cell in pair[0].cells]
    tracked = [cell for pair in found for cell in pair[1].cells]
    walls = [s.wall for s in bare]
    print(extra("cell, wall", walls, [s.wall for s in tracked]))
    told = [[s.told for s in side] for side in (bare, tracked)]
    print(extra("cell, telling observers", *told, of=walls))
    print(extra("cell, cpu", [s.cpu for s in bare], [s.cpu for s in tracked]))
    more = [t.ends - b.ends for b, t in found]
    print(
        f"opening and closing a run: median extra {statistics.median(m.wall for m in more):.2f} s, "
        f"of cpu {statistics.median(m.cpu for m in more):.2f} s; the process that delivers: "
        f"{statistics.median(m.others for m in more):.2f} s of cpu per run"
    )


if __name__ == "__main__":
    main()
