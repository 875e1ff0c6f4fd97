"""What the report is told of a sweep that is not finished."""

from collections.abc import Callable
from pathlib import Path

from bench.app.sweep_describing import Found, describe, rows_of
from bench.search.queue import Queue
from bench.search.settings import Search
from bench.storage.store import Store


def test_a_grid_says_how_much_of_it_was_visited(
    searched: Callable[..., Search], queued: Callable[..., Queue], tmp_path: Path
) -> None:
    search = searched(sampler="grid", grid_points=5)
    queue = queued(search, trials=3)
    for point in (search.grid[0], search.grid[1], search.grid[1]):
        queue.study.enqueue_trial(point)
    while (trial := queue.next()) is not None:
        trial.set_user_attr("top1", {"0": 0.5})
        queue.study.tell(trial, 0.5)
    found = [Found(search, queue.study)]
    info = describe(found, rows_of(found), None, Store(tmp_path), "")
    assert info.facts["grid"] == "2 of 5 points"
