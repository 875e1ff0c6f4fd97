"""How many processes share a run, decided from given facts of the plan and the machine."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.app.arguments import StudyArguments
from bench.app.running import RunOptions
from bench.app.session import Session, open_session
from bench.app.workers import Crew, Facts, chosen, crew_for, facts_of
from bench.diagnosis import hardware
from bench.execution.meter import Meter
from bench.graph.request import Context
from bench.graph.work import Passes
from bench.storage.store import Store

CPU = torch.device("cpu")
DIGITS = Facts("cpu", 2, cells=77, narrow=True, seconds=260, longest=20, memory=8e9, each=1e9)


def test_two_cores_and_small_networks_take_two_workers_and_say_what_that_gains() -> None:
    assert str(chosen(DIGITS)) == (  # 260 / 2 + 20 / 2 + 9 of starting
        "2 workers: small networks, one core each; about 2 min 29 s, where one takes 4 min 20 s"
    )


@pytest.mark.parametrize(
    ("change", "count", "why"),
    [
        ({"cores": 64}, 8, "small networks"),  # as many as share the memory of kept artifacts
        ({"cores": 64, "cells": 3}, 3, "small networks"),
        ({"cores": 64, "memory": 5.9e9}, 5, "small networks"),
        ({"cores": 1}, 1, "one core"),
        ({"device": "cuda", "cores": 64}, 1, "a GPU computes for one process"),
        ({"narrow": False}, 1, "its networks are large, and each step uses all 2 cores"),
        ({"memory": 1.9e9}, 1, "a second would not fit the free memory"),
        ({"memory": 0.5e9}, 1, "a second would not fit the free memory"),
        ({"cells": 1}, 1, "there is no second cell"),
        ({"cells": 0, "seconds": 0, "longest": 0}, 1, "there is no second cell"),
        ({"seconds": 30, "longest": 20}, 1, "a second would start for longer than it helps"),
        ({"seconds": 40, "longest": 20}, 2, "small networks"),
    ],
)
def test_each_fact_decides_alone(change: dict[str, float], count: int, why: str) -> None:
    found = chosen(replace(DIGITS, **change))  # type: ignore[arg-type]
    assert found.count == count
    assert found.why.startswith(why)


@pytest.fixture(autouse=True)
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step takes 0.5 s, every other timed call 2 s."""

    def seconds(self: Meter, one: Passes, at: Context) -> float:
        return 0.5

    def probed(self: Meter, *asked: object) -> float:
        return 2.0

    monkeypatch.setattr(Meter, "seconds", seconds)
    monkeypatch.setattr(Meter, "_timed", probed)


def opened(data_root: Path, store: Path, *settings: str) -> Session:
    short = ("squeeze.epochs=1", "relabel.epochs=1", "seeds=1", "evaluator=fkd")
    return open_session(
        StudyArguments("figure4", "smoke", (*short, *settings), (), str(store), str(data_root))
    )


@pytest.fixture
def session(data_root: Path, tmp_path: Path) -> Session:
    return opened(data_root, tmp_path / "store", "squeeze.arch=convnet2-w4-bn")


def test_what_was_asked_for_is_taken_whatever_it_costs(session: Session) -> None:
    assert crew_for(session, CPU, 5) == Crew(5, "as --workers says")
    assert RunOptions().workers is None


def test_facts_are_of_what_is_still_to_be_made(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = session.plan.cells
    before = facts_of(session, CPU)
    assert (before.cells, before.narrow) == (1 + len(others), True)
    assert before.seconds > before.longest > 0
    assert before.each > 5e8
    there = {task.address for task in first.tasks.values()}  # the teacher among them
    monkeypatch.setattr(Store, "has", lambda self, address: address in there)
    after = facts_of(session, CPU)
    assert after.cells == len(others)
    assert after.longest == after.seconds < before.seconds


def test_cores_are_those_that_openmp_and_affinity_leave(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.app.workers.cores_available", lambda: 16)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)  # OMP_NUM_THREADS=4
    assert facts_of(session, CPU).cores == 4
    monkeypatch.setattr("bench.app.workers.cores_available", lambda: 3)  # taskset
    assert facts_of(session, CPU).cores == 3


@pytest.mark.parametrize(
    ("text", "cores"), [("max 100000", 3), ("200000 100000", 2), ("50000 100000", 1)]
)
def test_a_container_has_the_cores_of_its_quota(
    text: str, cores: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(f"{text}\n")
    monkeypatch.setattr(hardware, "QUOTA", quota)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2}, raising=False)
    assert hardware.cores_available() == cores


def test_a_large_network_is_not_narrow(data_root: Path, tmp_path: Path) -> None:
    large = opened(data_root, tmp_path / "store", "squeeze.arch=resnet18", "recover.batch=1000")
    assert not facts_of(large, CPU).narrow
