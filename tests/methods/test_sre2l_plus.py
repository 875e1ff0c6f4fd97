"""SRe2L++ starts from real patches and is SRe2L from there on."""

from dataclasses import replace

import pytest
import torch
from torch import Generator
from toy import RECOVER, budget, distil, reference_for, still, teacher

from bench import BadValue, CellFailed, RealSet, Teacher
from bench.artifacts.values import GlobalStats
from bench.artifacts.views import Reference
from bench.data.builtin import get_dataset
from bench.execution.planner import make_plan
from bench.graph.request import Source
from bench.study.grid import Row, Study
from bench.study.overrides import Overrides
from methods.sre2l import sre2l
from methods.sre2l_plus import sre2l_plus

PLUS = sre2l_plus(recover=RECOVER)


def test_images_that_do_not_move_are_the_patches() -> None:
    method = still(sre2l_plus(recover=RECOVER))
    assert method.start is not None
    start = method.start(reference_for(method), budget(), Generator().manual_seed(0))
    made = distil(method).images.int()
    assert (made - start.int()).abs().max() <= 1  # through the normalised scale, truncated


def test_it_moves_them() -> None:
    still_there, moved = (distil(m) for m in (still(sre2l_plus(recover=RECOVER)), PLUS))
    assert (still_there.images.int() - moved.images.int()).abs().float().mean() > 5


def test_it_differs_from_sre2l_in_its_start_alone() -> None:
    assert replace(PLUS, start=None) == sre2l(recover=RECOVER)


def test_it_needs_real_images_beside_the_teacher() -> None:
    assert set(PLUS.needs) == {Teacher, GlobalStats, RealSet}
    assert PLUS.images_each(64) == 1
    assert sre2l().images_each(64) == 1


def source(name: str) -> Source:
    return Source(get_dataset(name), "train", "test", 1000, 200, smallest=3, smallest_class="one")


@pytest.mark.parametrize("name", ["sre2l++", "fadrm", "delt"])
def test_a_teacher_without_batchnorm_is_refused_while_planning(name: str) -> None:
    study = Study("one", "", (Row("one", name, overrides={"squeeze.arch": "convnet3-w16"}),))
    with pytest.raises(BadValue, match="'convnet3-w16' has no BatchNorm layers"):
        make_plan(study, "smoke", Overrides(), source)


@pytest.mark.parametrize("name", ["sre2l++", "cv-dd", "fadrm", "delt", "bps"])
def test_more_images_than_a_class_has_are_refused_while_planning(name: str) -> None:
    study = Study("one", "", (Row("one", name),), ipcs=(4,))
    with pytest.raises(BadValue, match="ipc: expected at most 3, the size of class 'one'"):
        make_plan(study, "smoke", Overrides(), source)


def test_a_photograph_takes_four_images_of_its_class() -> None:
    study = Study("one", "", (Row("one", "sre2l++"),), datasets=("imagenette",))
    with pytest.raises(BadValue, match="expected at most 0, since each takes 4 of the 3 images"):
        make_plan(study, "smoke", Overrides(), source)


def test_a_loss_that_is_not_a_number_names_step_and_terms() -> None:
    bad = teacher()
    state = {k: v * float("nan") if v.is_floating_point() else v for k, v in bad.state.items()}
    have = reference_for(PLUS)
    broken = Reference(
        {RealSet: have[RealSet], Teacher: replace(bad, state=state), GlobalStats: have[GlobalStats]}
    )
    with pytest.raises(CellFailed, match=r"classification nan.* at step 0 of batch 0"):
        distil(PLUS, reference=broken)


def test_equal_seeds_give_equal_images() -> None:
    first, second, other = (distil(PLUS, seed=seed).images for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
