"""SCDD: InfoNCE and views by hand, the keys' average, the probe, and whose statistics count."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from bench import BadValue, CellFailed, GlobalStats, RealSet, Teacher
from bench.core.events import Event, Step, silent
from bench.data.builtin import get_dataset
from bench.execution.planner import make_plan
from bench.graph.plan import Plan
from bench.graph.request import Source
from bench.models.build import build_model
from bench.plugin.recipes import Squeeze
from bench.stages.teacher import network
from bench.study.grid import Row, Study
from bench.study.overrides import Overrides
from methods.scdd import (
    Contrast,
    ContrastiveTeacherRequest,
    Views,
    contrasted,
    fit,
    head_of,
    scdd,
    with_head,
)

CPU = torch.device("cpu")
CONFIG = Squeeze(arch="convnet2-w16-bn", epochs=2, batch=16, lr=0.05, crop_min=0.5, flip=0.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def real() -> RealSet:
    """Two classes of sixteen images each, bright below and bright above."""
    noise = torch.randint(0, 100, (32, 1, 8, 8), generator=generator(), dtype=torch.uint8)
    noise[:16, :, :4] += 120
    noise[16:, :, 4:] += 120
    labels = torch.arange(2).repeat_interleave(16)
    return RealSet("two", noise, labels, ("above", "below"), 8, (0.5,), (0.25,), "x")


def body() -> nn.Module:
    model = build_model(CONFIG.arch, num_classes=2, channels=1, resolution=8, seed=0)
    return with_head(model, head_of(model), nn.Identity())


@pytest.fixture
def model() -> Contrast:
    return Contrast(body(), 16 * 2 * 2, generator())


def test_logits_are_cosines_of_queries_and_the_keys_of_the_other_view(model: Contrast) -> None:
    views = torch.randn(6, 1, 8, 8, generator=generator(1))
    model.eval()
    logits = model(views)
    queries, keys = model.predictor(model.query(views)), model.keys(views)
    assert logits.shape == (6, 3)
    for row, column, key in ((0, 0, 3), (0, 2, 5), (3, 1, 1), (5, 0, 0)):
        cosine = torch.cosine_similarity(queries[row], keys[key], dim=0)
        assert logits[row, column].item() == pytest.approx(cosine.item() / 0.2, rel=1e-4)


def test_keys_start_as_queries_follow_them_and_have_no_gradient(model: Contrast) -> None:
    mine, theirs = next(model.keys.parameters()), next(model.query.parameters())
    assert torch.equal(mine, theirs)
    with torch.no_grad():
        theirs += 1
    before = mine.clone()
    model.follow()
    torch.testing.assert_close(mine, before + 0.01)
    model(torch.randn(4, 1, 8, 8)).sum().backward()
    assert all(p.grad is None for p in model.keys.parameters())
    assert theirs.grad is not None


def test_both_halves_of_a_batch_show_the_same_images(real: RealSet) -> None:
    still = replace(CONFIG, crop_min=1.0)
    for views, matching in Views(real, still, CPU)(0):
        assert len(views) == 2 * 16
        first, second = views.flatten(1).chunk(2)
        alike = torch.corrcoef(torch.cat((first, second)))[:16, 16:]
        assert torch.equal(alike.argmax(1), matching[:16])
        assert torch.equal(matching, torch.arange(16).repeat(2))
        assert not torch.equal(first, second)  # brightness and contrast are drawn for each view


def test_the_probe_separates_what_a_line_can() -> None:
    given = 10 * torch.randn(64, 4, generator=generator())
    labels = (given[:, 0] > given[:, 1]).long()
    head = nn.Linear(4, 2)
    fit(head, given, labels, generator())
    assert (head(given).argmax(1) == labels).float().mean().item() > 0.95
    assert not any(p.requires_grad for p in head.parameters())


def test_a_teacher_learns_without_labels_but_for_its_last_layer(real: RealSet) -> None:
    heard: list[Event] = []
    made = contrasted(real, real, CONFIG, CPU, False, heard.append)
    swapped = replace(real, labels=1 - real.labels)
    other = contrasted(swapped, swapped, CONFIG, CPU, False, silent)
    head = head_of(network(made))
    for name, value in made.state.items():
        assert torch.equal(value, other.state[name]) == (not name.startswith(head)), name
    assert made.top1 > 0.9
    assert made.top1 == other.top1
    assert {event.stage for event in heard if isinstance(event, Step)} == {"contrastive-teacher"}
    again = contrasted(real, real, CONFIG, CPU, False, silent)
    assert all(torch.equal(again.state[name], value) for name, value in made.state.items())


def test_a_loss_that_is_not_finite_fails_with_the_epoch(real: RealSet) -> None:
    with pytest.raises(CellFailed, match=r"finite loss, given nan in epoch 0"):
        contrasted(replace(real, std=(0.0,)), real, CONFIG, CPU, False, silent)


def planned(recipe: str = "wmdd-code", arch: str = "convnet3-w64-bn") -> Plan:
    source = Source(get_dataset("digits"), "train", "test", 1000, 200, 100, "0")
    row = Row("r", "scdd", overrides={"squeeze.arch": arch})
    study = Study("s", "s", (row, Row("b", "sre2l")), seeds=(0, 1), recipe=recipe)
    return make_plan(study, "quick", Overrides(), lambda name: source)


def test_images_have_the_unsupervised_teacher_and_labels_the_supervised_one() -> None:
    cells = planned().cells
    own = {task.address for cell in cells for task in cell.of_kind("contrastive-teacher")}
    assert len(own) == 1
    cell = cells[0]
    assert cell.synthetic.upstream == {"contrastive-teacher": own.pop()}
    assert set(cell.tasks["relabel"].upstream) == {"recover", "squeeze"}
    theirs = next(c for c in cells if c.cell.row.distiller == "sre2l")
    assert cell.tasks["squeeze"].address == theirs.tasks["squeeze"].address


def test_both_of_its_needs_are_of_the_same_teacher() -> None:
    variants = scdd().variants
    assert variants[Teacher] == ContrastiveTeacherRequest()
    assert variants[GlobalStats].of == variants[Teacher]  # type: ignore[attr-defined]


def test_the_work_of_both_branches_is_priced() -> None:
    cell = planned().cells[0]
    work = cell.tasks["contrastive-teacher"].request.work(cell.at)
    assert [(p.kind, p.batch, p.steps) for p in work.passes] == [
        ("train", 64, 30 * 32),  # two views of batches of 32 of 1000 images; the rest is dropped
        ("forward", 64, 30 * 32),
    ]


def test_its_recipe_has_the_published_values() -> None:
    recipe = planned("scdd").cells[0].recipe
    assert recipe.evaluator == "online-kd"
    assert (recipe.relabel.batch, recipe.student.temperature) == (64, 30.0)
    assert recipe.objective.sre2l_bn_weight == 0.005


@pytest.mark.parametrize(
    ("arch", "message"),
    [("dc-mlp", "has no BatchNorm layers"), ("convnet2", "has no BatchNorm layers")],
)
def test_a_network_without_batchnorm_is_refused_while_planning(arch: str, message: str) -> None:
    with pytest.raises(BadValue, match=message) as caught:
        planned(arch=arch)
    assert "\n" not in str(caught.value)


def test_a_classifier_that_is_not_linear_is_refused() -> None:
    with pytest.raises(BadValue, match="linear classifier"):
        head_of(nn.Sequential(nn.Conv2d(1, 2, 1)))


def test_class_indices_train_nothing_but_the_probe(real: RealSet) -> None:
    seen: list[Tensor] = [views for views, _ in Views(real, CONFIG, CPU)(0)]
    other = replace(real, labels=1 - real.labels)
    assert all(
        torch.equal(a, b) for a, (b, _) in zip(seen, Views(other, CONFIG, CPU)(0), strict=True)
    )
