"""A cell that fails in one of several processes is not tried again by the others."""

import sys
import time
from pathlib import Path

import pytest
import torch
from planning import study_of

from bench.app.session import find_source
from bench.core.errors import CellFailed
from bench.core.events import silent
from bench.execution.planner import make_plan
from bench.execution.results import FAILURES
from bench.execution.runner import Runner, run_plan
from bench.execution.workshop import Workshop
from bench.graph.plan import CellPlan, Plan
from bench.storage.store import Store
from bench.study.grid import Row
from bench.study.overrides import parse


@pytest.fixture
def plan(data_root: Path) -> Plan:
    study = study_of(Row("random", "random"), seeds=(0,))
    settings = ("squeeze.epochs=1", "relabel.epochs=1")
    return make_plan(study, "smoke", parse(settings, study), lambda n: find_source(n, data_root))


class Tries:
    """A workshop whose cells fail, and how often they were tried."""

    def __init__(self, store: Store) -> None:
        self.store, self.count = store, 0

    def finish(self, cell: CellPlan) -> object:
        self.count += 1
        raise CellFailed("no luck")


def test_a_failure_during_the_run_is_told_and_not_repeated(plan: Plan, tmp_path: Path) -> None:
    shop = Tries(Store(tmp_path))
    mine = Runner(plan, shop, silent)  # type: ignore[arg-type]
    others = Runner(plan, shop, silent)  # type: ignore[arg-type]
    for runner in (others, mine):
        assert runner(plan.cells[0]).error == "no luck"
    assert shop.count == 1


def test_a_failure_of_an_earlier_run_is_tried_again(
    plan: Plan, data_root: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path)
    failure = {"error": "no luck", "traceback": "", "cell": "", "at": time.time() - 1}
    store.put_record(FAILURES, plan.cells[0].address, failure)
    shop = Workshop(store, data_root, torch.device("cpu"), silent)
    (outcome,) = run_plan(plan, shop, silent)
    assert not outcome.failed
    assert store.record(FAILURES, plan.cells[0].address) is None


class Ends(Tries):
    """A workshop with a plugin that would end the process."""

    def finish(self, cell: CellPlan) -> object:
        sys.exit(0)


def test_a_plugin_that_would_end_the_process_fails_its_cell_alone(
    plan: Plan, tmp_path: Path
) -> None:
    outcome = Runner(plan, Ends(Store(tmp_path)), silent)(plan.cells[0])  # type: ignore[arg-type]
    assert outcome.error == "SystemExit: 0"
    assert "sys.exit(0)" in outcome.traceback
