"""What tracking costs a run: microseconds per event, and percent of a real cell with all it keeps.

Cells of WMDD on digits run in pairs, with and without MLflow (on SQLite) in random order, each with
seeds that its store lacks; teacher and observation are there. A turn is all that `bench run` does
between its first and last event, so that curves, pictures, data sets and the last delivery count.
CPU seconds hold the delivering thread and are steadier on a busy machine.
Run: OMP_NUM_THREADS=1 python -m benchmarks.tracking [--repeats 5] [--profile quick]
"""

import argparse
import io
import os
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
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
    """Seconds on the clock, and of CPU in all threads."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Pair:
    """One cell without and with tracking."""

    bare: Spent
    tracked: Spent


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


def session(store: Path, data: Path, seed: int, profile: Profile) -> Session:
    """A study of one cell."""
    study = Study("cost", "Cost of tracking", (Row("wmdd", "wmdd"),), ipcs=(2,), seeds=(seed,))
    plan = make_plan(study, profile, Overrides(), lambda name: find_source(name, data))
    return Session(plan, Store(store), data)


def turn(given: Session, track: bool) -> Spent:
    """Runs a study as `bench run` does, up to its report."""
    wall, cpu = time.perf_counter(), time.process_time()
    watch = observed(given, RunOptions(track=track, quiet=True))
    shop = Workshop(given.store, given.data_root, torch.device("cpu"), watch.emit)
    failed = [done.error for done in run_plan(given.plan, shop, watch.emit) if done.failed]
    watch.finish("FINISHED")
    if failed:
        raise SystemExit(failed[0])
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def pairs(folder: Path, data: Path, repeats: int, profile: Profile) -> list[Pair]:
    """Cells in pairs; the first of each kind only warms up."""
    order = random.Random(0)
    found = []
    for seed in range(repeats + 1):
        spent: dict[bool, Spent] = {}
        for track in order.sample((False, True), 2):
            place = folder / ("tracked" if track else "bare")
            spent[track] = turn(session(place, data, seed, profile), track)
        found.append(Pair(spent[False], spent[True]))
    return found[1:]


def extra(kind: str, bare: Sequence[float], tracked: Sequence[float]) -> str:
    """One line on paired costs."""
    more = [t - b for b, t in zip(bare, tracked, strict=True)]
    percent = [100 * m / b for b, m in zip(bare, more, strict=True)]
    return (
        f"{kind}: {statistics.median(bare):.2f} s bare, median extra "
        f"{statistics.median(more):+.2f} s ({min(more):+.2f} to {max(more):+.2f}), "
        f"{statistics.median(percent):+.1f} % ({min(percent):+.1f} to {max(percent):+.1f})"
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--profile", choices=get_args(Profile), default="quick")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        data = Path(os.environ.get("DDBENCH_DATA", place / "data"))
        print(f"Step event: {event_cost(place):.1f} us")
        found = pairs(place, data, options.repeats, options.profile)
    print(f"cell of wmdd on digits, ipc 2, profile {options.profile}, {len(found)} pairs")
    print(extra("wall", [p.bare.wall for p in found], [p.tracked.wall for p in found]))
    print(extra("cpu", [p.bare.cpu for p in found], [p.tracked.cpu for p in found]))


if __name__ == "__main__":
    main()
