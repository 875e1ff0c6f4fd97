"""The training loop that squeeze and the evaluators share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bench.core.errors import CellFailed
from bench.core.events import Emit, Note, Step
from bench.stages.compute import autocast
from bench.stages.progress import (
    Progress,
    Unkept,
    load_optimizer,
    optimizer_state,
    part,
    prefixed,
    take_progress,
)
from bench.stages.schedule import Schedule

T = TypeVar("T")
MODEL = "model."
EpochBatches = Callable[[int], Iterable[tuple[Tensor, T]]]


def train(
    model: nn.Module,
    optimizer: Optimizer,
    epochs: int,
    batches: EpochBatches[T],
    loss: Callable[[Tensor, T], Tensor],
    *,
    stage: str,
    fast: bool,
    emit: Emit,
    schedule: Schedule = Schedule(),  # noqa: B008
    after: Callable[[int], None] | None = None,
) -> int:
    """Trains in place with a schedule stepped per epoch; returns the number of updates.

    `batches(epoch)` yields normalised images (B, ch, H, W) with whatever target `loss` takes;
    `after(epoch)` may look at the model between epochs. Without it, progress is kept where the
    stage's is (bench.stages.progress), the generator `batches.rng` included where there is one.

    Raises:
        CellFailed: the loss of an epoch's last batch is not finite.
    """
    initial = [group["lr"] for group in optimizer.param_groups]
    model.train()
    resumable = _Resumable(
        model, optimizer, batches, take_progress() if after is None else Unkept()
    )
    start, updates = resumable.restore()
    if start:
        emit(Note(f"{stage}: goes on after epoch {start} of {epochs}, where a process ended"))
    for epoch in range(start, epochs):
        for group, lr in zip(optimizer.param_groups, initial, strict=True):
            group["lr"] = lr * schedule(epoch, epochs)
        value = None
        for images, target in batches(epoch):
            optimizer.zero_grad(set_to_none=True)
            with autocast(images.device, fast):
                logits = model(images)
            value = loss(logits.float(), target)
            value.backward()
            optimizer.step()
            updates += 1
        if value is None:
            raise CellFailed(f"{stage}: expected at least one batch per epoch, got none")
        emit(Step(stage, epoch + 1, epochs, {"loss": value.detach()}))
        _refuse_non_finite(value, stage, epoch, epochs)
        if after is not None:
            after(epoch)
            model.train()
        resumable.keep(epoch + 1, updates)
    return updates


@dataclass(frozen=True)
class _Resumable:
    """A training as named tensors: parameters, moments, the generator of its data, how far."""

    model: nn.Module
    optimizer: Optimizer
    batches: object
    progress: Progress

    def restore(self) -> tuple[int, int]:
        """Epochs and updates that an earlier process has done."""
        saved = self.progress.saved()
        if saved is None:
            return 0, 0
        self.model.load_state_dict(part(MODEL, saved), strict=True)
        load_optimizer(self.optimizer, saved)
        if isinstance(rng := getattr(self.batches, "rng", None), torch.Generator):
            rng.set_state(saved["rng"])
        epochs, updates = saved["done"].tolist()
        return epochs, updates

    def keep(self, epochs: int, updates: int) -> None:
        if not self.progress.due():
            return
        state = prefixed(MODEL, self.model.state_dict()) | optimizer_state(self.optimizer)
        if isinstance(rng := getattr(self.batches, "rng", None), torch.Generator):
            state["rng"] = rng.get_state()
        self.progress.save({**state, "done": torch.tensor([epochs, updates])})


def _refuse_non_finite(value: Tensor, stage: str, epoch: int, epochs: int) -> None:
    """Looks at the loss every tenth of the training, so that a device is rarely waited for."""
    due = (epoch + 1) % max(1, epochs // 10) == 0 or epoch == epochs - 1
    if due and not bool(torch.isfinite(value)):
        raise CellFailed(
            f"{stage}: expected a finite loss, given {value.item()} in epoch {epoch}; "
            "lower the learning rate"
        )


def decayed(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Parameter groups: decay only on tensors named "weight" with more than one dimension.

    BatchNorm, biases, class tokens and positional embeddings are not decayed (methods.md 2.8).
    """
    heavy: list[nn.Parameter] = []
    light: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        chosen = heavy if "weight" in name and parameter.dim() > 1 else light
        chosen.append(parameter)
    return [
        {"params": heavy, "weight_decay": weight_decay},
        {"params": light, "weight_decay": 0.0},
    ]
