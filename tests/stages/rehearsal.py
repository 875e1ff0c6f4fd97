"""A GPU that is not there: code runs as on CUDA, its numbers are computed on the CPU.

Every tensor on the made-up device is one of torch's fake tensors, which know device, shape and type
and refuse to be mixed with tensors of another device, as CUDA does. Beside each a real tensor on
the CPU goes through the same operations, so that values can be read and compared. Whatever makes
the host wait for the device, or the device for the host, is noted with the function that did it.

Not covered: the backward pass (torch refuses it without a driver; gradients are zeros instead), and
kernels, memory and streams of a real GPU.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
    unset_fake_temporarily,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from bench.core.events import Event, Step
from bench.data.mixing import _constants
from bench.plugin.discovery import ROOT

CUDA, CPU = torch.device("cuda"), torch.device("cpu")
aten = torch.ops.aten


@dataclass(frozen=True)
class Wait:
    """One moment at which host and device wait for each other, and the project's function."""

    operation: str
    function: str


@dataclass
class Rehearsal(TorchDispatchMode):
    """Sends operations on the made-up device through fake tensors and their values on the CPU.

    Attributes:
        waits: all so far.
        loops: by stage, the waits between its first Step and its last.
    """

    waits: list[Wait] = field(default_factory=list)
    loops: dict[str, list[Wait]] = field(default_factory=dict)
    _since: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def hear(self, event: Event) -> None:
        """The observer of a rehearsed stage."""
        if not isinstance(event, Step):
            return
        begun = self._since.get(event.stage)
        between = self.waits[begun:] if begun is not None else []
        self.loops.setdefault(event.stage, []).extend(between)
        self._since[event.stage] = len(self.waits)

    def __torch_dispatch__(
        self,
        func: Any,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs or {})
        here = torch.device(named["device"]) if named.get("device") is not None else None
        inputs = [x for x in tree_leaves((args, named)) if isinstance(x, Tensor)]
        if not any(on_gpu(x) for x in inputs) and (here is None or here.type != "cuda"):
            with unset_fake_temporarily():
                return func(*args, **named)
        real = tree_map_only(FakeTensor, value_of, (args, named))
        if func is aten._local_scalar_dense.default:
            self._note(func)
            with unset_fake_temporarily():
                return func(*real[0])
        if (here is not None and here.type == "cpu") or moves_to_host(func, args):
            if not non_blocking(func, args, named):
                self._note(func)
            with unset_fake_temporarily():
                return func(*real[0], **real[1])
        if moves_to_device(func, args, here) and not non_blocking(func, args, named):
            self._note(func)
        host = {"device": CPU} if here is not None and here.type == "cuda" else {}
        with unset_fake_temporarily():
            made = func(*real[0], **{**real[1], **host})
        try:
            shown = func(*args, **named)  # the fake mode is below this one
        except (DynamicOutputShapeException, DataDependentOutputException):
            self._note(func)
            shown = tree_map_only(Tensor, self._like, made)
        for mine, value in zip(tree_leaves(shown), tree_leaves(made), strict=True):
            if isinstance(mine, FakeTensor) and not hasattr(mine, "value"):
                mine.value = value
        return shown

    def _like(self, value: Tensor) -> Tensor:
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=CUDA)

    def _note(self, func: Any) -> None:
        frame = sys._getframe(2)
        while frame.f_back is not None and not str(frame.f_code.co_filename).startswith(INSIDE):
            frame = frame.f_back
        self.waits.append(Wait(str(func), frame.f_code.co_qualname))


INSIDE = tuple(f"{ROOT / folder}/" for folder in ("bench", "methods", "evaluators"))


def on_gpu(value: Tensor) -> bool:
    return isinstance(value, FakeTensor)


def value_of(value: FakeTensor) -> Tensor:
    """The real tensor beside a fake one."""
    found: Tensor = value.value
    return found


def moves_to_host(func: Any, args: tuple[Any, ...]) -> bool:
    return func is aten.copy_.default and not on_gpu(args[0]) and on_gpu(args[1])


def moves_to_device(func: Any, args: tuple[Any, ...], here: torch.device | None) -> bool:
    if func is aten.copy_.default:
        return on_gpu(args[0]) and not on_gpu(args[1]) and args[1].dim() > 0
    return func is aten._to_copy.default and here is not None and not on_gpu(args[0])


def non_blocking(func: Any, args: tuple[Any, ...], named: Mapping[str, Any]) -> bool:
    if func is aten.copy_.default:
        return (len(args) > 2 and bool(args[2])) or bool(named.get("non_blocking"))
    return bool(named.get("non_blocking"))


def without_gradient(loss: Tensor, *_: object, **__: object) -> None:
    """Stands in for `backward`: zeros for every leaf below a loss."""
    nodes, seen = [loss.grad_fn], set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            leaf.grad = torch.zeros_like(leaf)
        nodes += [following for following, _ in node.next_functions]


@contextmanager
def rehearsal() -> Iterator[Rehearsal]:
    """For the block there is a device "cuda"; cuDNN is off, so that operations have CPU twins."""
    _constants.cache_clear()
    try:
        with (
            pytest.MonkeyPatch.context() as patch,
            torch.backends.cudnn.flags(enabled=False),
            FakeTensorMode(allow_non_fake_inputs=True),
            Rehearsal() as mode,
        ):
            patch.setattr(Tensor, "backward", without_gradient)
            yield mode
    finally:
        _constants.cache_clear()
