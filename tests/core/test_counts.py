"""What is common is computed once, and what the store holds is not computed at all."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import torch
from planning import RELEASED, study_of

import bench.execution.workshop
from bench.app.session import find_source
from bench.core.events import Event, StageFinished, StageStarted
from bench.execution.planner import make_plan
from bench.execution.results import row_of
from bench.execution.runner import run_plan
from bench.execution.workshop import Workshop
from bench.graph.plan import Plan
from bench.storage.store import Store
from bench.study.overrides import parse
from reports.numbers.cells import cells_of, computing_time

TINY = (
    "squeeze.arch=convnet3-w16-bn",
    "squeeze.epochs=1",
    "squeeze.batch=256",
    "recover.iterations=1",
    "relabel.epochs=1",
    "solver_iterations=1",
)


class Ran:
    """A plan that was run in a store of its own."""

    def __init__(self, plan: Plan, data_root: Path, folder: Path) -> None:
        self.plan, self.data_root, self.folder = plan, data_root, folder
        self.events = self.run()

    def run(self) -> list[Event]:
        heard: list[Event] = []
        shop = Workshop(Store(self.folder), self.data_root, torch.device("cpu"), heard.append)
        failed = [o for o in run_plan(self.plan, shop, heard.append) if o.failed]
        assert failed == []
        return heard


@pytest.fixture(scope="module")
def plan(data_root: Path) -> Plan:
    """The four released rows, five seeds each."""
    study = study_of(*RELEASED, seeds=range(5))
    return make_plan(study, "smoke", parse(TINY, study), lambda name: find_source(name, data_root))


@pytest.fixture(scope="module")
def ran(plan: Plan, data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(plan, data_root, tmp_path_factory.mktemp("counts"))


def made(events: list[Event]) -> Counter[str]:
    """Stage -> how often it was computed."""
    return Counter(e.stage for e in events if isinstance(e, StageFinished) and not e.hit)


def test_four_rows_of_five_seeds_make_what_is_common_once(ran: Ran) -> None:
    common = {"squeeze": 1, "observe": 1, "barycenter": 1}
    assert made(ran.events) == {**common, "recover": 20, "relabel": 20, "evaluate": 20}


def test_the_time_of_a_report_is_that_of_every_artifact_once(ran: Ran) -> None:
    store, plan = Store(ran.folder), ran.plan
    frame = pd.DataFrame([row_of(cell, plan, store) for cell in plan.cells])
    took = sum(store.manifest(address).seconds for address in plan.tasks())
    assert computing_time(cells_of(frame)) == pytest.approx(took)


def test_seeds_go_round_the_rows_so_that_partial_results_are_comparable(ran: Ran) -> None:
    labels = [e.cell for e in ran.events if isinstance(e, StageFinished) and e.stage == "evaluate"]
    assert [label.split(" · ")[0] for label in labels] == 5 * [row.label for row in RELEASED]
    assert [label[-2:] for label in labels] == [f"s{seed}" for seed in range(5) for _ in RELEASED]


def test_a_second_run_makes_nothing_and_loads_neither_data_nor_models(
    ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*args: object, **kwargs: object) -> None:
        raise AssertionError("a hit must not load data or build a network")

    monkeypatch.setattr(bench.execution.workshop, "load", forbidden)
    monkeypatch.setattr(torch.nn.Module, "__init__", forbidden)
    again = ran.run()
    assert made(again) == {}
    assert not [event for event in again if isinstance(event, StageStarted)]
    hits = [event for event in again if isinstance(event, StageFinished)]
    assert Counter(event.stage for event in hits) == {"evaluate": 20}


def test_another_weight_computes_its_own_stages_only(ran: Ran, data_root: Path) -> None:
    study = study_of(*RELEASED[:1])
    overrides = parse((*TINY, "bn_weight=0.5"), study)
    plan = make_plan(study, "smoke", overrides, lambda name: find_source(name, data_root))
    found = Ran(plan, data_root, ran.folder)
    assert made(found.events) == {"recover": 1, "relabel": 1, "evaluate": 1}
