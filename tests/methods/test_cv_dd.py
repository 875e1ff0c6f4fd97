"""CV-DD: weights by prior performance, pairs by slot, and the sum of two objectives."""

from collections.abc import Mapping
from dataclasses import replace
from math import exp

import pytest
import torch
from toy import RECOVER, distil, reference_for, still

from bench.artifacts.values import GlobalStats, RealSet, Teacher
from bench.artifacts.views import Reference
from bench.core.errors import BadValue
from bench.data.builtin import get_dataset
from bench.execution.planner import make_plan
from bench.graph.request import Source
from bench.stages.observe import GlobalStatsRequest
from bench.stages.recover import MatchingDistiller
from bench.stages.squeeze import TeacherRequest
from bench.study.grid import Row, Study
from bench.study.overrides import Overrides
from methods.cv_dd import SIZE, Member, Pairs, cv_dd
from methods.sre2l_plus import sre2l_plus
from methods.wmdd import BarycenterNorm


def test_weights_are_a_softmax_over_a_fifth_of_the_priors() -> None:
    """ImageNette, ResNet-18 and DenseNet-121: 62.4 and 60.8 percent."""
    votes = dict(Pairs(2, (62.4, 60.8))(0, 0))
    assert votes[0] == pytest.approx(exp(62.4 / 5) / (exp(62.4 / 5) + exp(60.8 / 5)))
    assert sum(votes.values()) == pytest.approx(1.0)


def test_members_without_priors_count_alike() -> None:
    assert Pairs(2)(0, 0) == ((0, 0.5), (1, 0.5))


def test_every_slot_has_another_pair_until_all_are_used() -> None:
    rule = Pairs(4)
    used = [tuple(index for index, _ in rule(slot, 0)) for slot in range(7)]
    assert len(set(used[:6])) == 6
    assert used[6] == used[0]
    assert rule(3, 0) == rule(3, 99)


def test_the_first_slot_has_the_two_best_members() -> None:
    (first, _), (second, _) = Pairs(4, (43.1, 41.37, 39.15, 45.0))(0, 0)
    assert {first, second} == {0, 3}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"priors": (50.0,)}, "priors: expected one for each of 4 members, given 1"),
        ({"members": ("resnet18",)}, "members: expected at least 2, given 1"),
        ({"temperature": 0.0}, "temperature: expected a positive number, given 0.0"),
    ],
)
def test_impossible_committees_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(BadValue, match=said):
        cv_dd(**given)  # type: ignore[arg-type]


def curve(method: MatchingDistiller, have: Reference) -> Mapping[str, torch.Tensor]:
    return distil(still(method), 1, reference=have).curve


def test_the_objective_is_the_weighted_sum_of_two_of_single_teachers() -> None:
    both = cv_dd(members=("a", "b"), priors=(60.0, 50.0), recover=RECOVER, bn_weight=1.0)
    have = reference_for(both)
    voted, alone = curve(both, have), []
    for member in both.members:
        single = sre2l_plus(recover=RECOVER, bn_weight=1.0)
        stats = have[GlobalStatsRequest(of=member)]
        parts = {Teacher: have[member], GlobalStats: stats, RealSet: have[RealSet]}
        ranked = replace(single, start=Fixed(have))  # patches that the recipe's teacher ranks
        alone.append(curve(ranked, Reference(parts)))
    first = exp(60 / 5) / (exp(60 / 5) + exp(50 / 5))
    for name in ("classification", "batch_norm", "total"):
        wanted = first * alone[0][name] + (1 - first) * alone[1][name]
        torch.testing.assert_close(voted[name], wanted)
    assert not torch.allclose(alone[0]["total"], alone[1]["total"])


class Fixed:
    """The patches of another reference's teacher."""

    def __init__(self, have: Reference) -> None:
        self.have, self.plain = have, sre2l_plus().start
        self.needs = (RealSet,)

    def images_each(self, side: int) -> int:
        return 1

    def __call__(self, reference: Reference, budget: object, rng: torch.Generator) -> torch.Tensor:
        assert self.plain is not None
        return self.plain(self.have, budget, rng)  # type: ignore[arg-type]


def test_a_committee_takes_no_losses_that_only_one_teacher_can_answer() -> None:
    with pytest.raises(BadValue, match="members: expected losses that need no more than Global"):
        replace(cv_dd(), feature_loss=BarycenterNorm())


def source(name: str) -> Source:
    return Source(get_dataset(name), "train", "test", 1000, 200)


@pytest.mark.parametrize(
    ("dataset", "archs"),
    [
        ("digits", ["convnet3-w64-bn", "convnet2-w64-bn", "resnet18-w16", "convnet3-w32-bn"]),
        ("imagenette", ["resnet18", "resnet50", "mobilenet_v2", "densenet121"]),
    ],
)
def test_the_committee_is_the_recipes_teacher_and_others_that_fit(
    dataset: str, archs: list[str]
) -> None:
    study = Study("one", "", (Row("one", "cv-dd"),), datasets=(dataset,), recipe="cv-dd")
    (cell, *_) = make_plan(study, "paper", Overrides(), source).cells
    asked = [task.request for task in cell.of_kind("squeeze")]
    assert {r.arch for r in asked if isinstance(r, TeacherRequest)} == set(archs)
    filled = [Member(index).filled(cell.at).arch for index in range(SIZE)]
    assert filled == archs


def test_the_recipe_has_the_published_priors() -> None:
    study = Study("one", "", (Row("one", "cv-dd"),), datasets=("imagenette",), recipe="cv-dd")
    (cell, *_) = make_plan(study, "paper", Overrides(), source).cells
    assert isinstance(cell.distiller, MatchingDistiller)
    assert cell.distiller.votes == Pairs(4, (62.4, 52.0, 54.0, 60.8))
    assert cell.cell.evaluator == "fkd-bssl"


def test_a_member_without_batchnorm_is_refused_while_planning() -> None:
    row = Row("one", "cv-dd", {"members": ("convnet3-w16", "convnet3-w16-bn")})
    with pytest.raises(BadValue, match="'convnet3-w16' has no BatchNorm layers"):
        make_plan(Study("one", "", (row,)), "smoke", Overrides(), source)
