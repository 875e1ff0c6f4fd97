"""Bytes that passes of a network take at their peak, counted and not measured.

The step runs on the "meta" device, where tensors have shapes and lifetimes and no content: what is
alive at once there is alive at once anywhere. Scratch space of kernels is not counted.
"""

import weakref
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bench.models.outline import outline
from bench.models.taps import Tapped, has_batchnorm

META = torch.device("meta")
Network = tuple[str, int, int, int, str]  # architecture, classes, channels, resolution, stem


class Live(TorchDispatchMode):
    """Counts the bytes of all storages that are alive, and their peak."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._known: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet()

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        for value in tree_leaves(made):
            if isinstance(value, Tensor):
                self.count(value)
        return made

    def count(self, value: Tensor) -> None:
        """Counts the storage of a tensor until it is freed."""
        storage = value.untyped_storage()
        if storage in self._known:
            return
        size = storage.nbytes()
        self._known.add(storage)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._freed, size)

    def _freed(self, size: int) -> None:
        self.now -= size


@cache
def trained(network: Network, batch: int, fast: bool, moments: int) -> int:
    """Peak bytes of a training step: weights, gradients, `moments` per weight, activations.

    In bfloat16 (`fast`) activations take half, and each weight has a copy of half its size.
    """
    model = _copy(network, fast).train()
    weights = _bytes(model) * (2 if fast else 1)  # as float32
    live = Live()
    with live:
        images = _images(network, batch, fast)
        loss = model(images).float().logsumexp(1).sum()
        loss.backward()
        del loss, images
    extra = weights // 2 if fast else 0
    gradients = sum(p.numel() * 4 for p in model.parameters())
    activations = max(live.peak, gradients)  # the step itself needs the gradients, nothing else
    return int(weights + extra + moments * gradients + activations)


@cache
def forward(network: Network, batch: int, fast: bool, tapped: bool = False) -> int:
    """Peak bytes of a pass without gradients, its batch (B, ch, S, S) and the weights included."""
    model = _copy(network, fast).eval()
    weights = _bytes(model) * (2 if fast else 1)
    live = Live()
    with live, torch.no_grad():
        images = _images(network, batch, fast)
        if tapped:
            with Tapped(model, moments=has_batchnorm(model)) as taps:
                taps(images)
        else:
            model(images)
    return int(weights + (weights // 2 if fast else 0) + live.peak)


@cache
def inverted(network: Network, batch: int, fast: bool) -> int:
    """Peak bytes of a recover step: a frozen network, images with gradients and two moments."""
    model = _copy(network, fast).eval().requires_grad_(False)
    weights = _bytes(model) * (2 if fast else 1)
    live = Live()
    with live:
        images = _images(network, batch, fast).requires_grad_()
        with Tapped(model, moments=has_batchnorm(model)) as taps:
            out = taps(images)
            loss = out.logits.float().logsumexp(1).sum()
            for moment in out.moments:
                loss = loss + moment.mean.float().norm() + moment.square.float().norm()
            loss.backward()
        del out, loss
    _, _, channels, side, _ = network
    pixels = 4 * batch * channels * side**2
    return int(weights + (weights // 2 if fast else 0) + live.peak + 3 * pixels)


def _copy(network: Network, fast: bool) -> nn.Module:
    """The outline of a network, to be changed; in bfloat16 all of it, as its activations are."""
    model = deepcopy(outline(*network))
    return model.to(torch.bfloat16) if fast else model


def _images(network: Network, batch: int, fast: bool) -> Tensor:
    _, _, channels, side, _ = network
    dtype = torch.bfloat16 if fast else torch.float32
    return torch.empty(batch, channels, side, side, device=META, dtype=dtype)


def _bytes(model: nn.Module) -> int:
    return sum(t.nbytes for t in (*model.parameters(), *model.buffers()))
