"""Predicted memory is that of a run, grows as it should, and decides what a machine refuses."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.app.arguments import StudyArguments
from bench.app.fitting import Machine, memory_table, refuse_what_does_not_fit
from bench.app.session import Session, open_session
from bench.artifacts.labels import Score
from bench.core.errors import BadValue
from bench.core.events import silent
from bench.data.builtin import get_dataset
from bench.data.spec import Stem
from bench.execution.meter import Meter, Need
from bench.execution.results import FAILURES
from bench.execution.runner import Runner, run_plan
from bench.execution.workshop import Workshop
from bench.graph.plan import CellPlan
from bench.graph.request import Context, Source
from bench.models.footprint import forward, trained
from bench.plugin.discovery import ROOT
from bench.plugin.recipes import Recipe, Recover, Relabel, Squeeze, Student
from bench.stages.distil import DistilledRequest
from bench.stages.evaluate import ScoreRequest
from bench.stages.relabel import SoftLabelsRequest
from bench.stages.squeeze import TeacherRequest
from bench.storage.store import Store
from evaluators.fkd import fkd
from evaluators.online_kd import online_kd
from methods.mmd import mmd_rbf
from methods.sre2l import sre2l

EXACT = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_MMAP_MAX_": "1000000"}  # no gaps in the heap
GB, CPU = 1e9, torch.device("cpu")
THREE = (0.5, 0.5, 0.5)


def shape(classes: int, side: int, stem: Stem, real: int) -> Source:
    """A data set of colour images whose test split has a single one."""
    spec = replace(
        get_dataset("digits"),
        num_classes=classes,
        channels=3,
        resolution=side,
        store_resolution=side,
        mean=THREE,
        std=THREE,
        stem=stem,
    )
    return Source(spec, "a" * 64, "b" * 64, real, 1)


def cell(source: Source, ipc: int, batch: tuple[int, int, int], epochs: int) -> Context:
    """A cell of ResNet-18: images of a batch of squeezing, of recovering, of relabelling."""
    squeeze, recover, relabel = batch
    recipe = Recipe(
        "test",
        "smoke",
        squeeze=Squeeze(batch=squeeze),
        recover=Recover(batch=recover),
        relabel=Relabel(batch=relabel, epochs=epochs),
        student=Student(arch="resnet18"),
    )
    return Context(source, recipe, ipc)


SMALL = cell(shape(10, 32, "auto", 64), 3, (30, 30, 30), 1)
IMAGENET = cell(shape(1000, 224, "imagenet", 1_281_167), 100, (64, 100, 128), 300)


def need_of(stage: str, at: Context, tmp_path: Path, judge: Any = None, method: Any = None) -> Need:
    method = method or replace(sre2l(recover=at.recipe.recover), grouping="class-major")
    made = DistilledRequest("sre2l", ipc=at.ipc, method=method)
    at = replace(at, synthetic=made)
    requests = {
        "squeeze": TeacherRequest(),
        "recover": made,
        "relabel": SoftLabelsRequest(),
        "evaluate": ScoreRequest(made, "fkd", judge=judge or fkd()),
    }
    return Meter(Store(tmp_path), CPU).need(requests[stage].work(at), at)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["squeeze", "recover", "relabel", "evaluate"])
def test_a_stage_grows_a_process_by_what_was_predicted(stage: str, tmp_path: Path) -> None:
    run = [sys.executable, str(Path(__file__).with_name("memory_run.py")), stage, "resnet18", "30"]
    env = {**os.environ, **EXACT, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(run, capture_output=True, text=True, env=env, check=True)
    epochs = 2 if stage == "evaluate" else 1
    need = need_of(stage, cell(SMALL.source, 3, (30, 30, 30), epochs), tmp_path)
    assert int(done.stdout) == pytest.approx(need.device + need.host, rel=0.2)


def test_a_linear_layer_is_counted_by_hand() -> None:
    network = ("convnet1-w4-bn", 10, 1, 8, "auto")
    weights = trained(network, 2, False, 2) - trained(network, 2, False, 1)
    assert weights == 4 * (4 * 9 + 4 + 4 + 4 + 10 * 4 * 16 + 10)  # a moment of each weight
    twice = forward(network, 40, False) - forward(network, 20, False)
    assert twice == forward(network, 60, False) - forward(network, 40, False) > 20 * 4 * 64


def test_pixels_on_the_device_are_bytes_and_labels_two_epochs(tmp_path: Path) -> None:
    without = need_of("evaluate", replace(IMAGENET, ipc=1), tmp_path, online_kd()).device
    need = need_of("evaluate", IMAGENET, tmp_path)
    set_there = 100_000 * (3 * 224 * 224 + 300 * 41) + 2 * 2 * 100_000 * 1000
    assert need.device == pytest.approx(without + set_there, rel=0.25)
    assert need.host < 3e9 + 15.1e9  # not the 60 GB of all labels


@pytest.mark.parametrize("stage", ["recover", "relabel", "evaluate"])
def test_imagenet_at_100_images_per_class_fits_a_device_of_24_gb(
    stage: str, tmp_path: Path
) -> None:
    assert need_of(stage, IMAGENET, tmp_path).device < 24 * GB


def test_what_a_loss_compares_with_and_a_teacher_that_labels_count(tmp_path: Path) -> None:
    plain = need_of("recover", SMALL, tmp_path).device
    compared = need_of("recover", SMALL, tmp_path, method=mmd_rbf()).device
    assert compared - plain == 4 * 64 * 512
    online = need_of("evaluate", SMALL, tmp_path, online_kd()).device
    assert online > need_of("evaluate", SMALL, tmp_path).device


@pytest.fixture(scope="module")
def session(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    store = str(tmp_path_factory.mktemp("fit") / "store")
    return open_session(StudyArguments("ablation", "smoke", store=store, data=str(data_root)))


def test_every_stage_of_a_plan_is_stated(session: Session) -> None:
    text = memory_table(session, CPU)
    cell = session.plan.cells[0]
    assert all(f"{stage} " in text for stage in cell.tasks)
    assert "of artifacts stay in memory" in text


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
