"""What tracking costs: microseconds per event, and percent of real cells with all that they keep.

Runs of WMDD on digits come in pairs, with and without MLflow (on SQLite) in random order, each with
seeds that its store lacks; teacher and observation are there. Cells of one seed are paired, and
whole runs: all that `bench run` does between its first and last event, the last delivery included.
CPU seconds of a cell are those of the run's own process; those of the process that delivers are
given beside, since they matter where no core is free.
Run: OMP_NUM_THREADS=1 python -m benchmarks.tracking [--repeats 5] [--cells 10] [--profile quick]
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
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import get_args

import torch

from bench.cli.observing import observed
from bench.cli.running import RunOptions
from bench.cli.session import Session, find_source
from bench.events import CellStarted, Step, StudyStarted
from bench.making import Workshop
from bench.overrides import Overrides
from bench.planner import make_plan
from bench.recipes import Profile
from bench.run import run_plan
from bench.store import Store
from bench.study import Row, Study
from bench.tracking.console import PlainConsole
from bench.tracking.mlflow_log import MlflowObserver
from bench.tracking.observers import fan_out
from bench.tracking.tracker import Tracker, default_uri


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock, of CPU in this process, and of CPU in those that it started."""

    wall: float
    cpu: float
    others: float

    def __sub__(self, start: "Spent") -> "Spent":
        return Spent(self.wall - start.wall, self.cpu - start.cpu, self.others - start.others)


@dataclass(frozen=True)
class Turn:
    """One run: its cells, and all of it."""

    cells: tuple[Spent, ...]
    whole: Spent


def now() -> Spent:
    """What this process has spent so far; of others, what ended ones did."""
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(time.perf_counter(), time.process_time(), others.ru_utime + others.ru_stime)


def event_cost(folder: Path, count: int = 50_000) -> float:
    """Microseconds of the emitting thread per Step event, most of which are not sampled."""
    log = MlflowObserver(Tracker(default_uri(folder)), folder)
    emit, nothing = fan_out([PlainConsole(io.StringIO()), log]), torch.tensor(1.0)
    emit(StudyStarted("events", "r", ["c"], {}, {}))
    emit(CellStarted("c", "c", {}, {}))
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


def turn(given: Session, track: bool) -> Turn:
    """Runs a study as `bench run` does, up to its report."""
    begin, marks = now(), list[Spent]()
    watch = observed(given, RunOptions(track=track, quiet=True))
    shop = Workshop(given.store, given.data_root, torch.device("cpu"), watch.emit)
    marks.append(now())
    for done in run_plan(given.plan, shop, watch.emit):
        if done.failed:
            raise SystemExit(done.error)
        marks.append(now())
    watch.finish("FINISHED")
    cells = (end - start for start, end in pairwise(marks))
    return Turn(tuple(cells), now() - begin)


def pairs(
    folder: Path, data: Path, repeats: int, cells: int, profile: Profile
) -> list[tuple[Turn, Turn]]:
    """Runs without and with tracking; a first pair, which makes what all share, is left out."""
    order, found = random.Random(0), list[tuple[Turn, Turn]]()
    for repeat in range(repeats + 1):
        seeds = range(repeat * cells, (repeat + 1) * cells) if repeat else range(1)
        turns: dict[bool, Turn] = {}
        for track in order.sample((False, True), 2):
            place = folder / ("tracked" if track else "bare")
            turns[track] = turn(session(place, data, seeds, profile), track)
        found.append((turns[False], turns[True]))
    return found[1:]


def extra(kind: str, bare: Sequence[float], tracked: Sequence[float]) -> str:
    """One line on paired costs."""
    more = [t - b for b, t in zip(bare, tracked, strict=True)]
    percent = [100 * m / b for b, m in zip(bare, more, strict=True)]
    low, middle, high = statistics.quantiles(percent, n=4)
    return (
        f"{kind}: {statistics.median(bare):.2f} s bare, median extra "
        f"{1000 * statistics.median(more):+.0f} ms, {middle:+.1f} % "
        f"(quartiles {low:+.1f} to {high:+.1f}, n = {len(more)}), "
        f"sum {100 * sum(more) / sum(bare):+.1f} %"
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cells", type=int, default=10)
    parser.add_argument("--profile", choices=get_args(Profile), default="quick")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        data = Path(os.environ.get("DDBENCH_DATA", place / "data"))
        print(f"Step event: {event_cost(place):.1f} us")
        found = pairs(place, data, options.repeats, options.cells, options.profile)
    print(f"wmdd on digits, ipc 2, profile {options.profile}, runs of {options.cells} cells")
    bare, tracked = zip(*found, strict=True)
    for kind, of in (("cell", lambda t: t.cells), ("run", lambda t: (t.whole,))):
        each = [[s for t in turns for s in of(t)] for turns in (bare, tracked)]
        print(extra(f"{kind}, wall", *([s.wall for s in side] for side in each)))
        print(extra(f"{kind}, cpu", *([s.cpu for s in side] for side in each)))
    apart = statistics.median(t.whole.others - b.whole.others for b, t in found)
    print(f"the process that delivers: {apart:.2f} s of cpu per run")


if __name__ == "__main__":
    main()
