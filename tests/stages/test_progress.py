"""A stage that was killed goes on where it was, and ends bit by bit as if it had not been."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor

from bench.artifacts.values import GlobalStats, RealSet, SyntheticSet, Teacher
from bench.artifacts.views import Reference
from bench.core.errors import BadValue
from bench.core.events import Emit, Event, Note, Step, silent
from bench.core.seeds import generator_for
from bench.models.build import build_model
from bench.plugin.contracts import Budget
from bench.plugin.recipes import Recover, Relabel, Squeeze, Student
from bench.stages.grouping import Stretch
from bench.stages.progress import LASTING, Unkept, kept_in, take_progress
from bench.stages.recover import MatchingDistiller
from bench.stages.squeeze import squeeze
from bench.stages.teacher import running_stats, state_of
from bench.storage import progress as files
from evaluators.hard_label import HardLabels
from methods.sre2l import sre2l

CPU = torch.device("cpu")
SHORT = Squeeze(arch="convnet3-w16-bn", epochs=4, crop_min=0.5, batch=64)


class Memory:
    """Keeps the state after every step."""

    def __init__(self) -> None:
        self.state: dict[str, Tensor] | None = None

    def saved(self) -> Mapping[str, Tensor] | None:
        return self.state

    def due(self) -> bool:
        return True

    def save(self, state: Mapping[str, Tensor]) -> None:
        self.state = {name: value.detach().clone() for name, value in state.items()}


class Killed(Exception):
    pass


def killing(step: int) -> Emit:
    """Ends the process, as it were, when a step is told; that step is not kept."""

    def hear(event: Event) -> None:
        if isinstance(event, Step) and event.step == step:
            raise Killed

    return hear


def test_a_teacher_is_the_same_after_a_break(digits: RealSet, digits_test: RealSet) -> None:
    whole = squeeze(digits, digits_test, SHORT, CPU, False, silent)
    memory, heard = Memory(), list[Event]()
    with kept_in(memory), pytest.raises(Killed):
        squeeze(digits, digits_test, SHORT, CPU, False, killing(3))
    with kept_in(memory):
        again = squeeze(digits, digits_test, SHORT, CPU, False, heard.append)
    assert [e.step for e in heard if isinstance(e, Step)] == [3, 4]
    assert [e.text for e in heard if isinstance(e, Note)] == [
        "squeeze: goes on after epoch 2 of 4, where a process ended"
    ]
    assert again.state.keys() == whole.state.keys()
    assert all(torch.equal(again.state[name], value) for name, value in whole.state.items())
    assert again.top1 == whole.top1


@pytest.fixture(scope="module")
def reference(teacher: Teacher) -> Reference:
    return Reference({Teacher: teacher, GlobalStats: running_stats(teacher)})


BUDGET = Budget(ipc=2, num_classes=10, shape=(1, 8, 8), mean=(0.3,), std=(0.3,))


def distilled(reference: Reference, emit: Emit, images_per_batch: int = 8) -> SyntheticSet:
    """Twenty images in three batches of five steps."""
    method = sre2l(recover=Recover(iterations=5, batch=images_per_batch))
    assert isinstance(method, MatchingDistiller)
    method = replace(method, grouping="class-major")
    return method.distill(reference, BUDGET, generator_for(0, "recover"), emit)


@pytest.mark.parametrize("step", [1, 3, 5, 6, 8, 10, 15])
def test_images_are_the_same_after_a_break_at_any_step(reference: Reference, step: int) -> None:
    whole, memory = distilled(reference, silent), Memory()
    with kept_in(memory), pytest.raises(Killed):
        distilled(reference, killing(step))
    heard: list[Event] = []
    with kept_in(memory):
        again = distilled(reference, heard.append)
    assert [e.step for e in heard if isinstance(e, Step)] == list(range(step, 16))
    assert torch.equal(again.images, whole.images)
    assert {k: v.tolist() for k, v in again.curve.items()} == {
        k: v.tolist() for k, v in whole.curve.items()
    }


@pytest.fixture(scope="module")
def residual() -> Reference:
    """A random teacher that takes images of several sizes, and what it needs."""
    model = build_model("resnet18-w8", num_classes=10, channels=1, resolution=8, seed=0)
    found = Teacher("resnet18-w8", 10, 1, 8, state_of(model), 0.1)
    return Reference({Teacher: found, GlobalStats: running_stats(found)})


class Drawn:
    """Start images that are drawn, which a run that goes on draws again."""

    needs: tuple[type, ...] = ()

    def images_each(self, side: int) -> int:
        return 1

    def __call__(self, reference: Reference, budget: Budget, rng: Generator) -> Tensor:
        return torch.randint(256, (20, *budget.shape), generator=rng, dtype=torch.uint8)


def in_stretches(iterations: int, ipc: int, side: int) -> tuple[Stretch, ...]:
    """A size of its own, a residual at the full size, and a round in which all images are in."""
    return Stretch(2, 6, 1), Stretch(4, side, 1, 0.5), Stretch(iterations, side, ipc)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 6, 7, 9, 12])
def test_divided_steps_go_on_after_a_break_at_any_of_them(residual: Reference, step: int) -> None:
    def made(emit: Emit) -> SyntheticSet:
        plain = sre2l(recover=Recover(iterations=6, batch=10))
        method = replace(plain, grouping="class-major", stretches=in_stretches, start=Drawn())
        return method.distill(residual, BUDGET, generator_for(0, "recover"), emit)

    whole, memory = made(silent), Memory()
    with kept_in(memory), pytest.raises(Killed):
        made(killing(step))
    with kept_in(memory):
        again = made(silent)
    assert torch.equal(again.images, whole.images)
    assert torch.equal(again.curve["total"], whole.curve["total"])


def test_residuals_of_noise_are_refused(residual: Reference) -> None:
    method = replace(sre2l(recover=Recover(iterations=6)), stretches=in_stretches)
    with pytest.raises(BadValue, match="expected a start that residuals can come from"):
        method.distill(residual, BUDGET, generator_for(0, "recover"), silent)


def test_images_are_the_same_after_a_break_of_a_stage_that_is_kept_in_files(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDBENCH_KEEP_SECONDS", "0")
    assert files.LASTING == LASTING
    whole = distilled(reference, silent)
    with kept_in(files.FileProgress(tmp_path, "ab" * 16)), pytest.raises(Killed):
        distilled(reference, killing(13))
    kinds = ("curve", "images")
    names = sorted(path.name.split(".", 2)[2] for path in tmp_path.iterdir())
    assert names == [
        *(f"lasting.{name}.{batch}.safetensors" for name in kinds for batch in (0, 1)),
        "safetensors",
    ]
    with kept_in(files.FileProgress(tmp_path, "ab" * 16)):
        again = distilled(reference, silent)
    assert torch.equal(again.images, whole.images)
    assert torch.equal(again.curve["total"], whole.curve["total"])


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_student_is_the_same_after_a_break(
    digits: RealSet, digits_test: RealSet, ema: float
) -> None:
    from bench.data.builtin import get_dataset
    from bench.study.presets import recipe_for

    recipe = recipe_for("wmdd-code", get_dataset("digits"), 2, "smoke")
    recipe = replace(
        recipe,
        relabel=replace(recipe.relabel, epochs=4),
        student=replace(recipe.student, arch="convnet3-w16-bn", ema=ema),
    )
    assert isinstance(recipe.relabel, Relabel)
    assert isinstance(recipe.student, Student)
    synthetic = SyntheticSet(
        images=digits.images[:20],
        labels=digits.labels[:20],
        slots=torch.arange(20),
        weights=torch.ones(20),
        image_bytes=1,
    )

    def scored(emit: Emit) -> tuple[float, list[bool], int]:
        score = HardLabels().evaluate(synthetic, Reference({}), digits_test, recipe, 0, emit)
        return score.top1, score.correct.tolist(), score.updates

    whole, memory = scored(silent), Memory()
    with kept_in(memory), pytest.raises(Killed):
        scored(killing(3))
    with kept_in(memory):
        assert scored(silent) == whole


def test_only_the_first_loop_of_a_stage_is_kept() -> None:
    memory = Memory()
    with kept_in(memory):
        assert take_progress() is memory
        assert isinstance(take_progress(), Unkept)
    assert isinstance(take_progress(), Unkept)
