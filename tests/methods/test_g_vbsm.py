"""G-VBSM and EDC: layer statistics by hand, running averages, densification, turns and refusals."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from bench import BadValue, Budget, CellFailed, RealSet, Recover, Reference, SyntheticSet, Teacher
from bench.core.events import Event, Step, silent
from bench.data.builtin import get_dataset
from bench.data.mixing import normalize
from bench.execution.planner import make_plan
from bench.graph.plan import Plan
from bench.graph.request import Source
from bench.models.build import build_model
from bench.models.moments import batch_moments, image_moments
from bench.plugin.recipes import Profile
from bench.stages.progress import kept_in
from bench.stages.squeeze import BackboneRequest, TeacherRequest
from bench.stages.teacher import network, state_of
from bench.study.grid import Row, Study
from bench.study.overrides import Overrides
from methods.edc import CategoryAware, edc
from methods.g_vbsm import GeneralizedMatching, Matched, densification, g_vbsm
from methods.layer_statistics import LayerStats, Watching, observed, patches, statistics, watched

ARCHS = ("convnet2-w8-bn", "convnet1-w8")
SHORT = Recover(iterations=4, batch=4, crop_min=0.5, roll=1, codec="png", lr=0.05)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def real() -> RealSet:
    """Two classes of sixteen images each, dark and bright."""
    noise = torch.randint(0, 100, (32, 1, 8, 8), generator=generator(), dtype=torch.uint8)
    noise[16:, :, 4:] += 120
    labels = torch.arange(2).repeat_interleave(16)
    return RealSet("two", noise, labels, ("dark", "bright"), 8, (0.5,), (0.25,), "x")


def teacher_of(arch: str) -> Teacher:
    model = build_model(arch, num_classes=2, channels=1, resolution=8, seed=1)
    return Teacher(arch, 2, 1, 8, state_of(model), 0.5)


def given(method: GeneralizedMatching, real: RealSet) -> Reference:
    found: dict[object, object] = {RealSet: real}
    for member, arch in zip(method.members, ARCHS, strict=True):
        found[member] = teacher_of(arch)
        model = network(teacher_of(arch))
        found[method.stats_of(member)] = observed(model, real, method.per_class, silent)
    return Reference(found)


def budget(ipc: int = 2) -> Budget:
    return Budget(ipc, 2, (1, 8, 8), (0.5,), (0.25,))


def made(method: GeneralizedMatching, real: RealSet, ipc: int = 2) -> SyntheticSet:
    return method.distill(given(method, real), budget(ipc), generator(), silent)


def short(**changes: object) -> GeneralizedMatching:
    return g_vbsm(recover=SHORT, members=ARCHS, **changes)  # type: ignore[arg-type]


def test_channels_and_patches_have_their_mean_and_variance() -> None:
    x = torch.arange(16.0).view(1, 1, 4, 4)
    mean, variance, patch_mean, patch_variance = statistics(x, 2)
    assert (mean.tolist(), variance.tolist()) == ([7.5], [21.25])
    assert patch_mean.tolist() == [2.5, 4.5, 10.5, 12.5]  # of 0 1 4 5, then 2 3 6 7
    assert patch_variance.tolist() == [4.25] * 4
    assert len(statistics(x)) == 2


def test_statistics_of_single_images_are_those_of_a_batch_of_one() -> None:
    x = torch.randn(3, 2, 8, 8, generator=generator())
    each = statistics(x, 4, each=True)
    for index in range(3):
        alone = statistics(x[index : index + 1], 4)
        assert all(torch.allclose(a[index], b) for a, b in zip(each, alone, strict=True))


def test_patches_of_other_sides_are_enlarged_first() -> None:
    assert patches(torch.randn(2, 3, 1, 1), 4).shape == (2, 1, 3 * 16)
    assert patches(torch.randn(2, 3, 6, 6), 4).shape == (2, 4, 3 * 16)


def test_every_batchnorm_and_convolution_is_watched_in_order() -> None:
    model = network(teacher_of("convnet2-w8-bn"))
    kinds = [type(layer).__name__ for layer in watched(model)]
    assert kinds == ["Conv2d", "BatchNorm2d", "Conv2d", "BatchNorm2d"]
    seen: dict[int, tuple[int, ...]] = {}
    with Watching(model, lambda index, x: seen.update({index: tuple(x.shape)})):
        model(torch.randn(3, 1, 8, 8))
    assert seen == {0: (3, 1, 8, 8), 1: (3, 8, 8, 8), 2: (3, 8, 4, 4), 3: (3, 8, 4, 4)}
    model(torch.randn(1, 1, 8, 8))  # unwatched after the block
    assert seen[0][0] == 3


def test_targets_are_running_statistics_and_means_over_real_images(real: RealSet) -> None:
    model = network(teacher_of("convnet2-w8-bn"))
    found = observed(model, real, True, silent)
    first = model.get_submodule("features.1")
    assert isinstance(first, nn.BatchNorm2d)
    assert first.running_mean is not None
    assert torch.equal(found.targets[4], first.running_mean)  # after 4 of the first convolution
    images = normalize(real.images, real.mean, real.std)  # one batch of 32: exact moments
    mean, variance = batch_moments(image_moments(images))
    torch.testing.assert_close(found.targets[0], mean)
    torch.testing.assert_close(found.targets[1], variance)
    dark = statistics(images[:16], 4, each=True)
    for place in range(4):
        torch.testing.assert_close(found.of_classes[place][0], dark[place].mean(0))
    assert not observed(model, real, False, silent).of_classes


def test_targets_do_not_depend_on_the_order_of_the_classes_images(real: RealSet) -> None:
    model = network(teacher_of("convnet1-w8"))
    order = torch.randperm(32, generator=generator())
    mixed = replace(real, images=real.images[order], labels=real.labels[order])
    one, other = (observed(model, each, True, silent) for each in (real, mixed))
    for a, b in zip(one.of_classes, other.of_classes, strict=True):
        torch.testing.assert_close(a, b)


def test_densification_is_zero_for_one_image_and_for_equal_eigenvalues() -> None:
    image = torch.randn(1, 1, 32, 32, generator=generator())
    assert densification(image, 1).item() == 0
    apart = torch.zeros(2, 1, 32, 32)
    apart[0, 0, 0, 0] = apart[1, 0, 1, 1] = 1.0  # the Gram matrix is the identity
    assert densification(apart, 2).item() == pytest.approx(0, abs=1e-6)


def test_densification_of_two_equal_images_is_the_divergence_by_hand() -> None:
    images = torch.zeros(2, 1, 32, 32)
    images[:, 0, 0, 0] = 1.0  # Gram [[1, 1], [1, 1]], eigenvalues 0 and 2
    wanted, ours = torch.tensor([0.0, 0.5]).softmax(0), torch.tensor([0.0, 2.0]).softmax(0)
    by_hand = (wanted * (wanted / ours).log()).sum().item()
    assert densification(images, 2).item() == pytest.approx(by_hand, rel=1e-4)
    twice = torch.cat((images, images))
    assert densification(twice, 2).item() == pytest.approx(2 * by_hand, rel=1e-4)


@pytest.fixture
def matched(real: RealSet) -> Matched:
    method = short(momentum=0.5, statistics_weight=1.0, first=1.0)
    stats = observed(network(teacher_of(ARCHS[1])), real, False, silent)
    return Matched(teacher_of(ARCHS[1]), stats, method, budget())


def test_averages_start_at_zero_and_move_by_the_momentum(matched: Matched) -> None:
    images, labels = torch.randn(4, 1, 8, 8, generator=generator()), torch.tensor([0, 0, 1, 1])
    now = statistics(images, 4)
    matched(images, labels, [True])
    for average, value in zip(matched.averages, now, strict=True):
        torch.testing.assert_close(average, 0.5 * value)
    matched(images, labels, [True])
    torch.testing.assert_close(matched.averages[0], 0.75 * now[0])


def test_the_value_is_of_the_average_and_the_gradient_of_the_batch(matched: Matched) -> None:
    images = torch.randn(4, 1, 8, 8, generator=generator()).requires_grad_()
    labels = torch.tensor([0, 0, 1, 1])
    gap = matched(images, labels, [True])[1]
    by_hand = sum(
        (target - 0.5 * value).norm()
        for target, value in zip(matched.stats.targets, statistics(images, 4), strict=True)
    )
    assert isinstance(by_hand, Tensor)
    torch.testing.assert_close(gap, by_hand)  # half of the batch, by the momentum
    (ours,) = torch.autograd.grad(gap, images, retain_graph=True)
    (theirs,) = torch.autograd.grad(by_hand, images)
    torch.testing.assert_close(ours, 2 * theirs)  # but the whole of its gradient


def test_a_dropped_convolution_adds_nothing_and_keeps_its_average(matched: Matched) -> None:
    gap = matched(torch.randn(4, 1, 8, 8), torch.tensor([0, 0, 1, 1]), [False])[1]
    assert gap.item() == 0
    assert all(not average.any() for average in matched.averages)


def test_edc_takes_half_from_the_mixture_of_the_batchs_classes(real: RealSet) -> None:
    method = edc(momentum=0.0, statistics_weight=1.0, first=1.0, members=ARCHS, recover=SHORT)
    stats = observed(network(teacher_of(ARCHS[1])), real, True, silent)
    member = Matched(teacher_of(ARCHS[1]), stats, method, budget())
    images, labels = torch.randn(4, 1, 8, 8, generator=generator()), torch.tensor([0, 1, 1, 1])
    by_hand = torch.zeros(())
    for target, rows, value in zip(
        stats.targets, stats.of_classes, statistics(images, 4), strict=True
    ):
        mixture = 0.25 * rows[0] + 0.75 * rows[1]
        by_hand += 0.5 * ((target - value).norm() + (mixture - value).norm())
    torch.testing.assert_close(member(images, labels, [True])[1], by_hand)


def test_teachers_take_turns_and_terms_are_told(real: RealSet) -> None:
    heard: list[Event] = []
    method = short(drop=0.0)
    found = method.distill(given(method, real), budget(), generator(), heard.append)
    steps = [event for event in heard if isinstance(event, Step)]
    assert [step.step for step in steps] == [1, 2, 3, 4]
    assert found.images.shape == (4, 1, 8, 8)
    assert found.labels.tolist() == [0, 0, 1, 1]
    alone = replace(method, members=method.members[:1])
    reference = given(method, real)
    one = alone.distill(reference, budget(), generator(), silent)
    assert not torch.equal(one.images, found.images)
    assert set(found.curve) == {"classification", "statistics", "densification", "total"}


def test_the_statistics_term_falls(real: RealSet) -> None:
    longer = replace(SHORT, iterations=60, crop_min=1.0, roll=0)
    method = g_vbsm(recover=longer, members=ARCHS, drop=0.0, momentum=0.0)
    curve = made(method, real).curve["statistics"]
    assert curve[-2:].mean() < 0.6 * curve[:2].mean()


def test_edc_starts_from_real_images_of_each_class(real: RealSet) -> None:
    method = edc(members=ARCHS, recover=replace(SHORT, iterations=1, lr=1e-9, crop_min=1.0))
    found = made(method, real)
    distances = (found.images.flatten(1)[:, None].float() - real.images.flatten(1).float()).abs()
    nearest = distances.amax(2).min(1)
    assert nearest.values.max() <= 1  # of 255
    assert torch.equal(real.labels[nearest.indices], found.labels)


class Kept:
    """Keeps the state after two steps, and gives it to whoever asks."""

    def __init__(self) -> None:
        self.state: dict[str, Tensor] | None = None

    def saved(self) -> dict[str, Tensor] | None:
        return self.state

    def due(self) -> bool:
        return self.state is None

    def save(self, state: object) -> None:
        self.state = {k: v.detach().clone() for k, v in dict(state).items()}  # type: ignore[call-overload]


@pytest.mark.parametrize("factory", [g_vbsm, edc], ids=["g-vbsm", "edc"])
def test_a_broken_run_goes_on_with_its_averages(factory: object, real: RealSet) -> None:
    method = factory(recover=replace(SHORT, batch=2), members=ARCHS)  # type: ignore[operator]
    kept = Kept()
    with kept_in(kept):
        whole = made(method, real)
    assert kept.state is not None
    assert any(name.startswith("average.1.") for name in kept.state)
    with kept_in(kept):
        again = made(method, real)
    assert torch.equal(whole.images, again.images)


def planned(distiller: str, recipe: str = "wmdd-code", **row: object) -> Plan:
    source = Source(get_dataset("digits"), "train", "test", 1000, 200, 100, "0")
    rows = (Row("r", distiller, **row),)  # type: ignore[arg-type]
    study = Study("s", "s", rows, seeds=(0,), recipe=recipe, ipcs=(2,))
    profile: Profile = "quick"
    return make_plan(study, profile, Overrides(), lambda name: source)


def test_teachers_are_planned_shared_and_priced_beside_their_statistics() -> None:
    cell = planned("g-vbsm").cells[0]
    archs = [task.request.arch for task in cell.of_kind("squeeze")]  # type: ignore[attr-defined]
    assert archs == ["convnet3-w64-bn", "convnet2-w64-bn", "convnet3-w32-bn", "convnet2-w32"]
    stats = cell.of_kind("layer-stats")
    assert len(stats) == 4
    assert all(task.request.work(cell.at).passes[0].steps > 0 for task in stats)
    other = planned("edc").cells[0]
    assert {t.address for t in other.of_kind("squeeze")} == {
        t.address for t in cell.of_kind("squeeze")
    }


def test_the_recipe_labels_by_all_teachers_and_matches_their_logits() -> None:
    for name in ("g-vbsm", "edc"):
        cell = planned(name, recipe=name).cells[0]
        assert cell.recipe.evaluator == "fkd-mse-ensemble"
        assert len(cell.tasks["relabel"].upstream) == 5  # the set and four teachers
    assert cell.recipe.student.ema == 0.99
    assert planned("g-vbsm", recipe="g-vbsm").cells[0].recipe.student.ce_weight == 0.15


def test_backbones_fit_the_data_set() -> None:
    at = planned("g-vbsm").cells[0].at
    assert BackboneRequest().filled(at) == TeacherRequest().filled(at)
    large = replace(at, source=replace(at.source, spec=get_dataset("imagenette")))
    archs = [BackboneRequest(place).filled(large).arch for place in (1, 2, 3)]
    assert archs == ["mobilenet_v2", "efficientnet_b0", "mobilenetv3_small_050"]


def test_a_network_without_layers_to_watch_is_refused_while_planning() -> None:
    with pytest.raises(BadValue, match=r"'dc-mlp' has none; choose a convolutional network"):
        planned("g-vbsm", params={"members": ("dc-mlp",)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"momentum": 1.0}, r"momentum: expected in \[0, 1\), given 1.0"),
        ({"drop": -0.1}, r"drop: expected in \[0, 1\)"),
        ({"statistics_weight": -1.0}, "statistics_weight: expected a weight"),
    ],
)
def test_bad_values_are_refused_in_one_line(changes: dict[str, object], message: str) -> None:
    with pytest.raises(BadValue, match=message) as caught:
        short(**changes)
    assert "\n" not in str(caught.value)


def test_a_loss_that_is_not_finite_fails_the_cell_with_step_and_terms(real: RealSet) -> None:
    method = short()
    reference = given(method, real)
    broken = {
        method.stats_of(member): LayerStats(
            tuple(value * torch.nan for value in reference[method.stats_of(member)].targets), ()
        )
        for member in method.members
    }
    found = Reference({**{m: reference[m] for m in method.members}, **broken})
    with pytest.raises(CellFailed, match=r"classification .*, statistics nan, .* at step 0"):
        method.distill(found, budget(), generator(), silent)


def test_edc_refuses_more_images_than_a_class_has() -> None:
    source = Source(get_dataset("digits"), "train", "test", 20, 20, 1, "7")
    study = Study("s", "s", (Row("r", "edc"),), seeds=(0,), ipcs=(2,))
    with pytest.raises(BadValue, match=r"ipc: expected at most 1, the size of class '7'"):
        make_plan(study, "quick", Overrides(), lambda name: source)


def test_one_image_a_class_can_be_made(real: RealSet, tmp_path: Path) -> None:
    assert made(short(), real, ipc=1).images.shape == (2, 1, 8, 8)
    assert isinstance(edc(), CategoryAware)
