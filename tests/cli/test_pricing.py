"""What dominates a price is named by its share of the time, however short each task is."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from bench.app.pricing import largest
from bench.execution.meter import Cost
from bench.graph.plan import Plan
from bench.storage.store import Store


def plan_of(*stages: str) -> Plan:
    """One cell per stage, each with a task of its own."""
    cells = [
        SimpleNamespace(
            cell=SimpleNamespace(dataset="digits"),
            tasks={stage: SimpleNamespace(stage=stage, address=f"{number:064x}")},
        )
        for number, stage in enumerate(stages)
    ]
    return cast(Plan, SimpleNamespace(cells=cells))


def test_many_short_tasks_outweigh_a_long_one(tmp_path: Path) -> None:
    plan = plan_of("squeeze", *["evaluate"] * 12)
    cost = {f"{number:064x}": Cost(0.25, 0) for number in range(1, 13)} | {f"{0:064x}": Cost(1, 0)}
    said = largest(plan, cost, Store(tmp_path))
    assert said == "Most of the time: 75% evaluate on digits, 25% squeeze on digits."


def test_nothing_is_said_where_nothing_is_to_do(tmp_path: Path) -> None:
    assert largest(plan_of(), {}, Store(tmp_path)) == ""
