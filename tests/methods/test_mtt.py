"""MTT: the loss at its two ends, the gradient against plain autograd, TESLA's sum, and refusals."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor

from bench import BadValue, Budget, CellFailed, RealSet, Reference, SyntheticSet
from bench.core.events import Event, Note, Step, silent
from bench.core.seeds import seed_for
from bench.data.builtin import get_dataset
from bench.data.mixing import normalize
from bench.data.zca import whitening
from bench.execution.planner import make_plan
from bench.graph.plan import Plan
from bench.graph.request import Source
from bench.models.build import build_model
from bench.stages.placement import to_device
from bench.stages.progress import kept_in
from bench.study.grid import Row, Study
from bench.study.overrides import Overrides
from methods.mtt import (
    Batch,
    inner_gradient,
    matched,
    matching_loss,
    mtt,
    path_of_student,
    with_rate,
)
from methods.mtt_experts import Experts, Flat, Trajectories, TrajectoriesRequest, train_experts

LABELS = torch.tensor([0, 0, 1, 1])
TINY: dict[str, object] = {
    "iterations": 2,
    "experts": 2,
    "epochs": 3,
    "inner": 3,
    "latest": 2,
    "arch": "convnet2-w16",
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def real() -> RealSet:
    """Two classes of sixteen images each, dark and bright."""
    noise = torch.randint(0, 100, (32, 1, 8, 8), generator=generator(), dtype=torch.uint8)
    noise[16:, :, 4:] += 120
    labels = torch.arange(2).repeat_interleave(16)
    return RealSet("two", noise, labels, ("dark", "bright"), 8, (0.5,), (0.25,), "x")


@pytest.fixture
def network() -> Flat:
    model = build_model("convnet2-w8", num_classes=2, channels=1, resolution=8, seed=0)
    return Flat(model.double().requires_grad_(False))


@pytest.fixture
def images() -> Tensor:
    return torch.randn(4, 1, 8, 8, generator=generator(1)).double().requires_grad_()


def half(index: int, given: Tensor) -> Tensor:
    """Every other image, a little brighter with each step."""
    return given[index % 2 :: 2] + 0.1 * index


def batches(count: int) -> list[tuple[Batch, Tensor]]:
    return [(partial(half, index), LABELS[index % 2 :: 2]) for index in range(count)]


def distilled(real: RealSet, seed: int = 0, **changes: object) -> SyntheticSet:
    budget = Budget(2, 2, (1, 8, 8), (0.5,), (0.25,))
    method = mtt(**{**TINY, **changes})  # type: ignore[arg-type]
    config = replace(method.experts, arch=method.experts.arch or "convnet2")
    whiten = whitening(real) if method.zca else None
    paths = train_experts(real, config, 0, torch.device("cpu"), silent, whiten)
    reference = Reference({RealSet: real, method.paths: paths})
    return method.distill(reference, budget, generator(seed), silent)


def test_the_loss_is_one_where_the_student_stays() -> None:
    start, target = torch.zeros(3), torch.tensor([1.0, 2.0, 2.0])
    assert matching_loss(start, start, target).item() == 1
    assert matching_loss(torch.tensor([1.0, 2.0, 0.0]), start, target).item() == pytest.approx(
        4 / 9
    )


def test_the_loss_is_zero_where_the_student_reproduces_the_expert(
    network: Flat, images: Tensor
) -> None:
    start, lr = network.parameters(), torch.tensor(0.1).double().requires_grad_()
    expert = path_of_student(network, start, images, lr, batches(3))[-1]  # trained on the same
    assert matched(network, start, expert, images, lr, batches(3)).loss.item() == 0
    still = torch.tensor(0.0).double().requires_grad_()
    assert matched(network, start, expert, images, still, batches(3)).loss.item() == 1


def unrolled(network: Flat, images: Tensor, lr: Tensor, count: int, through: bool) -> Tensor:
    """The loss with its whole graph; `through` the parameters of the inner gradients or not."""
    start = network.parameters().requires_grad_()
    here = start
    for batch, labels in batches(count):
        at = here if through else here.detach().requires_grad_()
        here = here - lr * inner_gradient(network, at, batch(images), labels, keep=True)
    return matching_loss(here, start.detach(), far(network))


def far(network: Flat) -> Tensor:
    start = network.parameters()
    return start + torch.randn(start.shape, generator=generator(2), dtype=torch.float64)


@pytest.mark.parametrize(("form", "through"), [("checkpointed", True), ("tesla", False)])
def test_gradients_are_those_of_the_whole_graph(
    network: Flat, images: Tensor, form: str, through: bool
) -> None:
    lr = torch.tensor(0.3).double().requires_grad_()
    loss = unrolled(network, images, lr, 4, through)
    by_images, by_lr = torch.autograd.grad(loss, [images, lr])
    found = matched(network, network.parameters(), far(network), images, lr, batches(4), form)  # type: ignore[arg-type]
    torch.testing.assert_close(found.loss, loss.detach())
    torch.testing.assert_close(found.images, by_images)
    torch.testing.assert_close(found.lr, by_lr)


def test_tesla_equals_mtt_for_one_inner_step_and_not_for_more(
    network: Flat, images: Tensor
) -> None:
    lr = torch.tensor(0.3).double().requires_grad_()

    def both(count: int) -> tuple[Tensor, Tensor]:
        given = (network, network.parameters(), far(network), images, lr, batches(count))
        return matched(*given, "checkpointed").images, matched(*given, "tesla").images

    torch.testing.assert_close(*both(1))
    exact, sum_of_steps = both(3)
    assert not torch.allclose(exact, sum_of_steps)
    assert torch.cosine_similarity(exact.flatten(), sum_of_steps.flatten(), dim=0) > 0.5


def test_the_gradient_agrees_with_finite_differences(network: Flat, images: Tensor) -> None:
    lr, delta = torch.tensor(0.3).double().requires_grad_(), 1e-7  # no ReLU changes sides
    given = (network, network.parameters(), far(network))
    found = matched(*given, images, lr, batches(3))
    direction = torch.randn(images.shape, generator=generator(3), dtype=torch.float64)
    shifted = [(images + sign * delta * direction).detach().requires_grad_() for sign in (1, -1)]
    ends = [matched(*given, each, lr, batches(3)) for each in shifted]
    slope = (ends[0].loss - ends[1].loss).item() / (2 * delta)
    assert slope == pytest.approx((found.images * direction).sum().item(), rel=1e-4)


def test_experts_learn_and_every_epoch_is_kept(real: RealSet) -> None:
    heard: list[Event] = []
    config = Experts(count=2, epochs=8, lr=0.1, batch=8, arch="convnet2-w16")
    paths = train_experts(real, config, 5, torch.device("cpu"), heard.append).parameters
    again = train_experts(real, config, 5, torch.device("cpu"), silent).parameters
    seed = seed_for(5, "expert", 0)
    network = Flat(build_model(config.arch, num_classes=2, channels=1, resolution=8, seed=seed))
    assert paths.shape == (2, 9, len(network.parameters()))
    assert torch.equal(paths, again)
    assert torch.equal(paths[0, 0], network.parameters())
    given = normalize(real.images, real.mean, real.std)
    accuracy = [
        (network(paths[0, epoch], given).argmax(1) == real.labels).float().mean().item()
        for epoch in (0, 8)
    ]
    assert accuracy[1] > max(0.9, accuracy[0])
    assert [(e.stage, e.step, e.total) for e in heard if isinstance(e, Step)] == [
        ("trajectories", 1, 2),
        ("trajectories", 2, 2),
    ]


def test_images_and_rate_are_learned(real: RealSet) -> None:
    made = distilled(real, lr=1.0, lr_lr=1e-7)
    assert made.images.dtype == torch.float32
    assert made.lr > 0
    assert made.lr != pytest.approx(0.001, rel=1e-6)
    assert made.rate_bytes == 4
    rates = made.curve["learned_lr"]
    assert rates[0].item() == pytest.approx(0.001)
    assert rates[1] != rates[0]


def test_the_loss_falls(real: RealSet) -> None:
    expert = {"experts": 1, "latest": 1, "expert_lr": 0.05}
    student = {"inner": 4, "lr_start": 0.02, "lr": 1.0, "lr_lr": 1e-6, "dsa": False}
    total = distilled(real, iterations=40, **expert, **student).curve["total"]
    assert total[-1] < 0.6 * total[0]


def test_whitened_learning_returns_normalised_images(real: RealSet) -> None:
    plain, white = (distilled(real, zca=zca, lr=1e-6) for zca in (False, True))
    torch.testing.assert_close(white.images, plain.images, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("change", [{"form": "tesla"}, {"inner_batch": 3}, {"factor": 2}], ids=str)
def test_every_option_makes_another_set(real: RealSet, change: dict[str, object]) -> None:
    options = {"lr": 10.0}
    made, usual = distilled(real, **options, **change), distilled(real, **options)  # type: ignore[arg-type]
    assert not torch.equal(made.images, usual.images)
    assert bool(torch.isfinite(made.images).all())


Refused = Callable[[RealSet], object]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda real: mtt(inner=0), BadValue, "inner, ahead and latest of at least 1"),
        (lambda real: mtt(epochs=1), BadValue, r"mtt.epochs: expected at least ahead \(2\)"),
        (lambda real: mtt(experts=0), BadValue, "above 0, given 0"),
        (lambda real: distilled(real, arch="convnet2-w16-bn"), BadValue, "without buffers"),
        (lambda real: distilled(real, lr=1e38), CellFailed, "finite loss, given .* at step 1"),
        (lambda real: distilled(real, lr_lr=1e6), CellFailed, "finite|positive learned rate"),
    ],
)
def test_bad_values_are_refused_in_one_line(
    real: RealSet, call: Refused, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        call(real)
    assert "\n" not in str(caught.value)


def test_a_rate_that_fell_below_zero_fails_the_cell(real: RealSet) -> None:
    made = distilled(real)
    with pytest.raises(CellFailed, match=r"positive learned rate, given -0\.1"):
        with_rate(made, {"lr": torch.tensor(-0.1)})


class Kept:
    """Keeps the state after the first expert, and gives it to whoever asks."""

    def __init__(self) -> None:
        self.state: dict[str, Tensor] | None = None

    def saved(self) -> dict[str, Tensor] | None:
        return self.state

    def due(self) -> bool:
        return self.state is None

    def save(self, state: object) -> None:
        self.state = dict(state)  # type: ignore[call-overload]


def test_a_break_costs_no_expert_that_was_kept(real: RealSet) -> None:
    config, kept, heard = Experts(3, 2, 0.1, 16, "convnet1-w8"), Kept(), list[Event]()
    whole = train_experts(real, config, 0, torch.device("cpu"), silent)
    with kept_in(kept):
        train_experts(real, config, 0, torch.device("cpu"), silent)
    with kept_in(kept):
        again = train_experts(real, config, 0, torch.device("cpu"), heard.append)
    assert torch.equal(whole.parameters, again.parameters)
    assert [e.step for e in heard if isinstance(e, Step)] == [2, 3]
    assert [e.text for e in heard if isinstance(e, Note)] == [
        "trajectories: goes on after expert 1 of 3"
    ]


def test_trajectories_stay_with_the_host() -> None:
    there = to_device(Trajectories(torch.zeros(1, 2, 3)), torch.device("meta"))
    assert there.parameters.device.type == "cpu"


def planned(*rows: Row, ipcs: tuple[int, ...] = (1,)) -> Plan:
    source = Source(get_dataset("digits"), "train", "test", 1000, 200, 100, "0")
    study = Study("s", "s", rows, seeds=(0, 1), ipcs=ipcs)
    return make_plan(study, "quick", Overrides(), lambda name: source)


def experts_of(plan: Plan) -> set[str]:
    return {task.address for cell in plan.cells for task in cell.of_kind("trajectories")}


def test_cells_of_all_seeds_budgets_and_lengths_share_their_experts() -> None:
    one, other = Row("a", "mtt"), Row("b", "mtt", {"inner": 5, "form": "tesla"})
    assert len(experts_of(planned(one, other, ipcs=(1, 2)))) == 1
    assert len(experts_of(planned(one, Row("c", "mtt", {"zca": True})))) == 2
    assert len(experts_of(planned(one, Row("c", "mtt", {"epochs": 3})))) == 2


def test_another_teacher_seed_means_other_experts() -> None:
    other = Row("b", "mtt", overrides={"squeeze.seed": 7})
    assert len(experts_of(planned(Row("a", "mtt"), other))) == 2


def test_experts_are_priced_by_their_steps_and_bytes() -> None:
    cell = planned(Row("a", "mtt")).cells[0]
    request = cell.tasks["trajectories"].request
    assert isinstance(request, TrajectoriesRequest)
    work = request.work(cell.at)
    assert request.how.arch == "convnet2"
    (passes,) = work.passes
    assert passes.steps == 3 * 15 * 4  # quick: experts, epochs, batches of 256 of 1000 images
    model = build_model("convnet2", num_classes=10, channels=1, resolution=8, seed=0)
    count = sum(p.numel() for p in model.parameters())
    assert work.bytes == 4 * 3 * 16 * count


def test_experts_with_buffers_are_refused_while_planning() -> None:
    with pytest.raises(BadValue, match="without buffers"):
        planned(Row("a", "mtt", {"arch": "convnet2-w16-bn"}))
