"""Runs that several processes made of one thing: all of them keep the same one.

A tracking server has no locks. So whoever adds a run looks at all runs of its key afterwards and
removes all but the first of an order that does not change any more; whoever comes last sees all.
"""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

from bench.tracking.calls import log_tags
from bench.tracking.layout import Point

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

ENDED_BADLY = ("KILLED", "FAILED")
SYSTEM = "system/"
LOAD = "load"  # tag of a study's run: the attempt whose machine's load it shows
AFTER = "load_after"  # tag: step and milliseconds of the last load that an earlier attempt told


def keep_one_start(client: "MlflowClient", mine: "Run", found: Sequence["Run"]) -> "Run":
    """Of runs that were just begun, the earliest; mine is removed where it is not that one."""
    first = min((mine, *found), key=lambda r: (r.info.start_time or 0, r.info.run_id))
    if first.info.run_id != mine.info.run_id:
        client.delete_run(mine.info.run_id)
    return first


def keep_one_end(client: "MlflowClient", mine: "Run", found: Sequence["Run"]) -> bool:
    """Of finished runs, one that computed, then the earliest; whether that is mine, just ended.

    The other finished ones are removed. Failed attempts stay, and name the run that took over.
    """
    finished = [run for run in found if run.info.status == "FINISHED"]
    first = min(finished, key=_end_order, default=mine)
    for run in found:
        if run.info.run_id == first.info.run_id:
            continue
        if run.info.status == "FINISHED":
            client.delete_run(run.info.run_id)
        elif run.info.status in ENDED_BADLY:
            log_tags(client, run.info.run_id, {"superseded_by": first.info.run_id})
    return bool(first.info.run_id == mine.info.run_id)


def done_since(found: Sequence["Run"]) -> float:
    """Milliseconds since when nothing is to be added to what these runs tell; inf if there is.

    A run that took all from the store was done when it ended: one that began before may compute.
    """
    ends = [_end_order(run)[:2] for run in found if run.info.status == "FINISHED"]
    return min((end if from_store else 0 for from_store, end in ends), default=inf)


def load_of(client: "MlflowClient", run: "Run", attempt: str) -> dict[str, str]:
    """Tags that hand a study's load over to an attempt, which goes on after what is there."""
    told = [
        (point.step, point.timestamp)
        for name in run.data.metrics
        if name.startswith(SYSTEM)
        for point in client.get_metric_history(run.info.run_id, name)
    ]
    step, millis = max(told, default=(-1, -1))
    return {LOAD: attempt, AFTER: f"{step} {millis}"}


def news(run: "Run", attempt: str, points: Sequence[Point]) -> list[Point]:
    """What a study's run lacks: no summary that is there already, no load of a second machine.

    A load is told by one attempt at a time, whose steps follow those of the one before it.
    """
    known = run.data.metrics
    summary = [p for p in points if not p[0].startswith(SYSTEM) and known.get(p[0]) != p[1]]
    if run.data.tags.get(LOAD) != attempt:
        return summary
    last, since = map(int, run.data.tags.get(AFTER, "-1 -1").split())
    loads = [p for p in points if p[0].startswith(SYSTEM) and p[3] > since]
    return summary + [(name, value, last + 1 + k, at) for name, value, k, at in loads]


def _end_order(run: "Run") -> tuple[bool, int, str]:
    from_store = run.data.tags.get("origin") == "store"
    return from_store, run.info.end_time or 0, run.info.run_id
