"""DM, DC, DSA, DataDAM and M3D: their losses by hand, and what they refuse."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

from bench import BadValue, Budget, CellFailed, Distiller, RealSet, Reference, SyntheticSet
from bench.core.events import Event, Milestone, Step, silent
from bench.models.build import build_model
from bench.stages.learned_images import ImageSteps, LearnedImages, tiled
from methods.datadam import activated, attention, datadam, datadam_paper
from methods.dc import dc, dsa, gradient_distance, gradients, loops, rows_apart
from methods.dm import dm, embedded, mean_distance
from methods.m3d import m3d, rbf_discrepancy

METHODS: list[Callable[..., Distiller]] = [dm, dc, dsa, datadam, datadam_paper, m3d]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def real() -> RealSet:
    """Two classes of eight images each, dark and bright."""
    noise = torch.randint(0, 100, (16, 1, 8, 8), generator=generator(), dtype=torch.uint8)
    noise[8:] += 120
    labels = torch.arange(2).repeat_interleave(8)
    return RealSet("two", noise, labels, ("dark", "bright"), 8, (0.5,), (0.25,), "x")


def budget(ipc: int = 2) -> Budget:
    return Budget(ipc, 2, (1, 8, 8), (0.5,), (0.25,))


def distilled(method: Distiller, real: RealSet, ipc: int = 2, seed: int = 0) -> SyntheticSet:
    return method.distill(Reference({RealSet: real}), budget(ipc), generator(seed), silent)


def test_dm_loss_of_two_images_by_hand() -> None:
    real = torch.tensor([[1.0, 2.0], [3.0, 6.0]])  # mean (2, 4)
    assert mean_distance(real, torch.tensor([[1.0, 1.0]])).item() == pytest.approx(1 + 9)
    assert mean_distance(real, real.flip(0)).item() == 0


def test_an_embedding_is_what_the_classifier_receives() -> None:
    model = build_model("convnet3", num_classes=10, channels=3, resolution=32, seed=0)
    seen = embedded(model, torch.randn(2, 3, 32, 32, generator=generator()))
    assert seen.shape == (2, 2048)  # 128 channels of 4 x 4, as DM says


def test_dc_cosine_of_rows_by_hand() -> None:
    ours = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    theirs = torch.tensor([[4.0, 3.0], [0.0, 2.0]])
    assert rows_apart(ours, theirs).item() == pytest.approx((1 - 24 / 25) + (1 - 0), abs=1e-5)
    kernel = ours.reshape(2, 2, 1, 1)  # a convolution: a row is an output channel, flattened
    assert rows_apart(kernel, theirs.reshape(2, 2, 1, 1)).item() == pytest.approx(1.04, abs=1e-5)


def test_dc_ignores_vectors_and_scale() -> None:
    ours, bias = torch.tensor([[1.0, 2.0]]), torch.tensor([1.0])
    assert gradient_distance([ours, bias], [5 * ours, -bias]).item() == pytest.approx(0, abs=1e-5)


def test_dc_double_backward_agrees_with_finite_differences() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.Softplus(), nn.Linear(5, 3)).double()
    rng = generator(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=rng))
    real = torch.randn(6, 1, 2, 2, generator=rng).double()
    wanted = gradients(model, real, 1)

    def loss(images: torch.Tensor) -> torch.Tensor:
        return gradient_distance(gradients(model, images, 1, keep=True), wanted)

    images = torch.randn(2, 1, 2, 2, generator=rng).double().requires_grad_()
    assert torch.autograd.gradcheck(loss, (images,))


def test_dc_loops_are_the_published_ones() -> None:
    assert [loops(ipc) for ipc in (1, 10, 50)] == [(1, 1), (10, 50), (50, 10)]
    assert loops(12) == loops(10)


def test_datadam_attention_by_hand() -> None:
    activations = torch.tensor([[[[1.0, 0.0]], [[2.0, 4.0]]]])  # two channels of 1 x 2 pixels
    assert attention(activations, 1).tolist()[0] == pytest.approx([3 / 5, 4 / 5])
    squares = torch.tensor([1.0 + 4.0, 16.0])
    torch.testing.assert_close(attention(activations, 2)[0], squares / squares.norm())


def test_datadam_looks_at_every_relu_and_the_embedding() -> None:
    model = build_model("convnet3-w16", num_classes=2, channels=1, resolution=8, seed=0)
    images = torch.randn(2, 1, 8, 8, generator=generator())
    maps, embedding = activated(model, images)
    assert [m.shape[-1] for m in maps] == [8, 4, 2]
    torch.testing.assert_close(embedding, embedded(model, images))


def test_datadam_presets_differ_as_published() -> None:
    assert (datadam().power, datadam().steps.iterations) == (1.0, 20_000)
    assert (datadam_paper().power, datadam_paper().steps.iterations) == (4.0, 8000)


def test_m3d_discrepancy_by_hand_and_of_equal_sets() -> None:
    real, made = torch.tensor([[0.0]]), torch.tensor([[1.0]])  # mean squared distance 1
    kernels = sum(torch.exp(torch.tensor(-1 / 2.0**power)).item() for power in range(-2, 3))
    assert rbf_discrepancy(real, made).item() == pytest.approx(2 * 5 - 2 * kernels)
    same = torch.randn(40, 3, generator=generator())
    assert rbf_discrepancy(same, same).item() == pytest.approx(0, abs=1e-5)


def test_m3d_agrees_with_distances_taken_pair_by_pair() -> None:
    real = torch.randn(20, 3, generator=generator())
    made = torch.randn(5, 3, generator=generator(1))
    both = torch.cat((made, real)).double()
    squares = (both[:, None] - both[None]).square().sum(2)
    width = squares.sum() / (25 * 24)
    kernel = torch.stack([torch.exp(-squares / (width * 2.0**p)) for p in range(-2, 3)]).sum(0)
    wanted = kernel[:5, :5].mean() - 2 * kernel[:5, 5:].mean() + kernel[5:, 5:].mean()
    assert rbf_discrepancy(real, made).item() == pytest.approx(wanted.item(), rel=1e-4)


def test_both_sides_get_the_same_augmentation(real: RealSet) -> None:
    method, steps = dm(batch=8), ImageSteps(1, 1.0)
    learned = LearnedImages(real, budget(8), steps, generator(), silent)
    for _ in range(20):
        theirs, ours = method.pair(learned, 1)  # all eight images of the class, in some order
        assert sorted(theirs.sum((1, 2, 3)).tolist()) == pytest.approx(
            sorted(ours.sum((1, 2, 3)).tolist()), abs=1e-2
        )


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__)
def test_images_stay_class_major_and_change(
    method: Callable[..., Distiller], real: RealSet
) -> None:
    made = distilled(method(iterations=2, arch="convnet2-w16"), real)
    assert made.images.dtype == torch.float32
    assert made.labels.tolist() == [0, 0, 1, 1]
    assert made.image_bytes == 4 * made.images.numel()
    assert (made.factor == 2) == (method is m3d)
    assert not torch.equal(made.images, distilled(method(iterations=1), real).images)


@pytest.mark.parametrize("method", [dm, datadam, m3d], ids=lambda m: m.__name__)
def test_the_loss_falls(method: Callable[..., Distiller], real: RealSet) -> None:
    made = distilled(
        method(iterations=30, arch="convnet2-w16", dsa=False, start="noise", batch=8), real
    )
    total = made.curve["total"]
    assert total[-5:].mean() < 0.8 * total[:5].mean()


def test_gradient_matching_comes_closer(real: RealSet) -> None:
    made = distilled(dc(iterations=30, arch="convnet2-w16", lr=1.0), real)
    total = made.curve["total"]
    assert total[-5:].mean() < 0.9 * total[:5].mean()


def test_outer_steps_train_the_network_between_them(real: RealSet) -> None:
    once, twice, longer = (
        distilled(dc(iterations=1, arch="convnet2-w16", outer=outer, inner=inner), real)
        for outer, inner in ((1, 1), (2, 1), (2, 9))
    )
    assert not torch.equal(once.images, twice.images)
    assert not torch.equal(twice.images, longer.images)


@pytest.mark.parametrize("method", [dm, dc, datadam], ids=lambda m: m.__name__)
def test_batchnorm_networks_see_all_classes(
    method: Callable[..., Distiller], real: RealSet
) -> None:
    made = distilled(method(iterations=1, arch="convnet2-w16-bn"), real)
    assert bool(torch.isfinite(made.images).all())


def test_a_factorised_start_is_made_of_whole_real_images(real: RealSet) -> None:
    made = LearnedImages(real, budget(1), ImageSteps(1, 1.0, factor=2), generator(), silent)
    assert made.images.shape == (2, 1, 8, 8)
    assert made.of_class(0).shape == (4, 1, 8, 8)
    assert made.all().shape == (8, 1, 8, 8)
    assert dm(factor=2).images_each(8) == 4  # type: ignore[attr-defined]


def test_parts_are_put_together_row_by_row() -> None:
    parts = torch.arange(4.0).reshape(4, 1, 1, 1)
    assert tiled(parts, 2)[0, 0].tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__)
def test_progress_is_told_and_shown(method: Callable[..., Distiller], real: RealSet) -> None:
    heard: list[Event] = []
    reference = Reference({RealSet: real})
    method(iterations=3, arch="convnet2-w16").distill(
        reference, budget(), generator(), heard.append
    )
    steps = [event for event in heard if isinstance(event, Step)]
    assert [(s.stage, s.step, s.total) for s in steps] == [("recover", n, 3) for n in (1, 2, 3)]
    assert all("total" in s.values for s in steps)
    shown = [event for event in heard if isinstance(event, Milestone)]
    assert shown[-1].images.dtype == torch.uint8
    assert shown[-1].images.shape == (2, 1, 8, 8)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__)
def test_more_images_than_a_class_has_are_refused(
    method: Callable[..., Distiller], real: RealSet
) -> None:
    with pytest.raises(BadValue, match=r"class 'dark' of two: expected at least \d+ images"):
        distilled(method(iterations=1), real, ipc=9)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__)
def test_a_class_of_one_image_is_refused(method: Callable[..., Distiller], real: RealSet) -> None:
    single = replace(real, images=real.images[7:], labels=real.labels[7:])
    with pytest.raises(BadValue, match="class 'dark' of two: expected at least"):
        distilled(method(iterations=1), single, ipc=1)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__)
def test_a_loss_that_is_not_finite_fails_the_cell(
    method: Callable[..., Distiller], real: RealSet
) -> None:
    with pytest.raises(CellFailed, match=r"finite loss, given .*total nan at step \d"):
        distilled(method(iterations=4, lr=1e38, arch="convnet2-w16"), real)


def test_numbers_outside_their_range_are_refused() -> None:
    for wrong in ({"iterations": 0}, {"lr": 0.0}, {"factor": 0}, {"start": "smart"}):
        with pytest.raises(BadValue):
            dm(**wrong)
    with pytest.raises(BadValue, match="positive net_lr"):
        dc(net_lr=0.0)
    with pytest.raises(BadValue, match="positive power"):
        datadam(power=0.0)
