"""Predicted memory is that of a run, grows as it should, and decides what a machine refuses."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.app.arguments import StudyArguments
from bench.app.fitting import Machine, memory_table, refuse_what_does_not_fit
from bench.app.session import Session, open_session
from bench.artifacts.labels import Score, SoftLabels
from bench.artifacts.values import ClassFeatures, Teacher
from bench.core.errors import BadValue
from bench.core.events import silent
from bench.execution.memory import KNOWN, Sizes, needs_of, sizes_of
from bench.execution.results import FAILURES
from bench.execution.runner import Runner, run_plan
from bench.execution.workshop import Workshop
from bench.graph.plan import CellPlan
from bench.models.footprint import forward, trained
from bench.plugin.discovery import ROOT
from bench.storage.store import Store

EXACT = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_MMAP_MAX_": "1000000"}  # no gaps in the heap
GB, CPU = 1e9, torch.device("cpu")
RESNET = ("resnet18", 10, 3, 32, "auto")
SMALL = Sizes(
    teacher=RESNET,
    student=RESNET,
    fast=False,
    real=64,
    images=30,
    classes=10,
    pixels=3 * 32 * 32,
    dims=512,
    layer=512,
    atoms=4,
    squeeze=30,
    observe=30,
    recover=30,
    relabel=30,
    epochs=1,
    moments=2,
    needs=frozenset({SoftLabels}),
    optimised=True,
)
IMAGENET = replace(
    SMALL,
    teacher=("resnet18", 1000, 3, 224, "imagenet"),
    student=("resnet18", 1000, 3, 224, "imagenet"),
    real=1_281_167,
    images=100_000,
    classes=1000,
    pixels=3 * 224 * 224,
    atoms=100,
    squeeze=64,
    observe=64,
    recover=100,
    relabel=128,
    epochs=300,
)

NEEDS = {kind.kind: need for kind, (need, _) in KNOWN.items()}


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["squeeze", "recover", "relabel", "evaluate"])
def test_a_stage_grows_a_process_by_what_was_predicted(stage: str) -> None:
    run = [sys.executable, str(Path(__file__).with_name("memory_run.py")), stage, "resnet18", "30"]
    env = {**os.environ, **EXACT, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(run, capture_output=True, text=True, env=env, check=True)
    need = NEEDS[stage](replace(SMALL, epochs=2 if stage == "evaluate" else 1))
    assert int(done.stdout) == pytest.approx(need.device + need.host, rel=0.2)


def test_a_linear_layer_is_counted_by_hand() -> None:
    network = ("convnet1-w4-bn", 10, 1, 8, "auto")
    weights = trained(network, 2, False, 2) - trained(network, 2, False, 1)
    assert weights == 4 * (4 * 9 + 4 + 4 + 4 + 10 * 4 * 16 + 10)  # a moment of each weight
    twice = forward(network, 40, False) - forward(network, 20, False)
    assert twice == forward(network, 60, False) - forward(network, 40, False) > 20 * 4 * 64


def test_pixels_on_the_device_are_bytes_and_labels_two_epochs() -> None:
    without = NEEDS["evaluate"](replace(IMAGENET, images=0, needs=frozenset())).device
    need = NEEDS["evaluate"](IMAGENET)
    set_there = 100_000 * (3 * 224 * 224 + 300 * 41) + 2 * 2 * 100_000 * 1000
    assert need.device == pytest.approx(without + set_there, rel=0.25)
    assert need.host < 3e9 + 15.1e9  # not the 60 GB of all labels


@pytest.mark.parametrize("stage", ["recover", "relabel", "evaluate"])
def test_imagenet_at_100_images_per_class_fits_a_device_of_24_gb(stage: str) -> None:
    assert NEEDS[stage](IMAGENET).device < 24 * GB


def test_what_a_loss_compares_with_and_a_teacher_that_labels_count() -> None:
    plain = NEEDS["recover"](SMALL).device
    compared = NEEDS["recover"](replace(SMALL, needs=frozenset({ClassFeatures}))).device
    assert compared - plain == 4 * 64 * 512
    online = replace(SMALL, needs=frozenset({Teacher}))
    assert NEEDS["evaluate"](online).device > NEEDS["evaluate"](SMALL).device


@pytest.fixture(scope="module")
def session(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    store = str(tmp_path_factory.mktemp("fit") / "store")
    return open_session(StudyArguments("ablation", "smoke", store=store, data=str(data_root)))


def test_every_stage_of_a_plan_is_stated(session: Session) -> None:
    text = memory_table(session, CPU)
    cell = session.plan.cells[0]
    assert set(needs_of(cell)) == set(cell.tasks)
    assert all(f"{stage} " in text for stage in cell.tasks)
    assert "of artifacts stay in memory" in text
    assert sizes_of(cell).images == 20


def test_a_machine_with_room_refuses_nothing(session: Session) -> None:
    refuse_what_does_not_fit(session, CPU, 1, Machine(8 * GB, 8 * GB, True, 8 * GB))


@pytest.mark.parametrize("kind", [MemoryError, torch.OutOfMemoryError])
def test_a_cell_that_runs_out_of_memory_fails_alone_with_what_it_needed(
    kind: type[Exception], session: Session, tmp_path: Path
) -> None:
    first, *_ = session.plan.cells

    class Full(Workshop):
        def finish(self, plan: CellPlan) -> Score:
            raise kind("CUDA out of memory. Tried to allocate 20 MiB.\nMore than one line")

    shop = Full(Store(tmp_path), session.data_root, CPU, silent)
    outcome = Runner(session.plan, shop, silent)(first)
    assert outcome.failed
    assert outcome.traceback == ""
    assert re.fullmatch(
        r"out of memory in squeeze, which needs about \S+ GB: lower squeeze.batch, or take fewer "
        r"workers \(CUDA out of memory. Tried to allocate 20 MiB.\)",
        outcome.error,
    )


def test_a_process_whose_device_has_failed_ends_and_leaves_the_cell_to_others(
    session: Session, tmp_path: Path
) -> None:
    class Lost(Workshop):
        def finish(self, plan: CellPlan) -> Score:
            raise torch.AcceleratorError("CUDA error: device lost\nmore lines")

    shop = Lost(Store(tmp_path), session.data_root, CPU, silent)
    assert len(session.plan.cells) > 1
    (outcome,) = run_plan(session.plan, shop, silent)
    assert outcome.error == (
        "device cpu has failed and computes nothing more in this process: start again, or take "
        "another device (CUDA error: device lost)"
    )
    assert outcome.traceback == ""
    assert shop.store.record(FAILURES, outcome.plan.address) is None


@pytest.mark.parametrize(
    ("machine", "workers", "said"),
    [
        (Machine(4e8, 4e8, True, None), 1, r"^memory: expected at most 400.0 MB, .*; lower "),
        (Machine(1e9, 1e9, True, None), 4, r"in each of 4 processes; take fewer --workers, "),
        (Machine(1e6, 1e9, False, None), 1, r"^memory of cpu: expected at most 1.0 MB"),
        (Machine(1e9, 1e6, False, None), 1, r"^memory: expected at most 1.0 MB"),
        (Machine(1e9, 1e9, True, 1e3), 1, r"^disk: expected at most 1.0 kB.*'online-kd'"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line_with_the_way_out(
    session: Session, machine: Machine, workers: int, said: str
) -> None:
    with pytest.raises(BadValue, match=said) as refused:
        refuse_what_does_not_fit(session, CPU, workers, machine)
    assert "\n" not in str(refused.value)
