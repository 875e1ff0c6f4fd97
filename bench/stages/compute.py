"""Where and how stages compute: device, precision, memory format, compilation.

Measured levers (2 cores, batch 100): bfloat16 autocast with channels_last and `torch.compile`
make the recover step 3.9 to 4.9 times faster than eager float32; compiling costs about 25 s.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TypeVar

import torch
from torch import nn

from bench.core.errors import BadValue
from bench.core.events import Emit, Note, silent
from bench.core.numerics import always_one_thread
from bench.models.flops import forward_flops

M = TypeVar("M", bound=nn.Module)
COMPILE_SECONDS = 25.0  # a cold compilation of a ResNet-18 recover step
CPU_FLOPS = 2e11  # what an eager step sustains here; only the order of magnitude matters
CUDA_FLOPS = 2e13


SMALL_FLOPS = 2e9  # a forward pass below this is faster on one thread than on many


@contextmanager
def fitting_threads(flops: float) -> Iterator[None]:
    """One thread while batches are small: handing them around costs more than they do.

    Measured on two cores with the digits network: 6 ms a step on one thread, 90 ms on two while
    another process was busy.
    """
    if flops >= SMALL_FLOPS:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with always_one_thread():
            yield
    finally:
        torch.set_num_threads(before)


def choose_device(name: str = "auto") -> torch.device:
    """The named device, or CUDA where there is one.

    Raises:
        BadValue: no device of that name, or not on this machine.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda" if count else "cpu")
    here = ["cpu", *(["cuda"] if count else []), *(f"cuda:{index}" for index in range(count))]
    if name not in here:
        raise BadValue(f"device: expected auto, {', '.join(here)}, given {name!r}")
    return torch.device(name)


def memory_format(device: torch.device, fast: bool) -> torch.memory_format:
    """channels_last where it pays: in bfloat16, and on CUDA."""
    pays = fast or device.type == "cuda"
    return torch.channels_last if pays else torch.contiguous_format


def placed(model: M, device: torch.device, fast: bool) -> M:
    """The network on a device, in the memory format that pays there."""
    layout = memory_format(device, fast)
    model.to(device, memory_format=layout)  # type: ignore[call-overload]  # documented, not typed
    return model


@contextmanager
def autocast(device: torch.device, fast: bool) -> Iterator[None]:
    """Convolutions and matrix products in bfloat16 if `fast`; statistics stay float32."""
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=fast):
        yield


def make_current(device: torch.device) -> None:
    """Lets all that names no device, such as memory counters and events, mean this one."""
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)


@contextmanager
def deterministic(wanted: bool) -> Iterator[None]:
    """Only algorithms that give the same bits in every run on one machine, for a block.

    On CUDA that costs time, and an operation that has no such algorithm raises a RuntimeError,
    which names it. On a CPU all stages are deterministic without it.
    """
    if not wanted:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS starts
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.benchmark = before[1]


def has_compiler(device: torch.device) -> bool:
    """Whether `torch.compile` can work: on a CPU by a C++ compiler, on CUDA by Triton and a C one.

    Triton compiles the launcher of each kernel when it first meets it.
    """
    if device.type == "cuda":
        triton = find_spec("triton") is not None
        return triton and any(map(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang")))
    return any(map(shutil.which, ("g++", "clang++")))


def worth_compiling(
    model: nn.Module, size: tuple[int, ...], steps: int, device: torch.device
) -> bool:
    """Whether `steps` passes over a (B, ch, H, W) batch would outlast the compilation."""
    if not has_compiler(device):
        return False
    rate = CUDA_FLOPS if device.type == "cuda" else CPU_FLOPS
    eager_seconds = 2 * forward_flops(model, size[1], size[-1]) * size[0] * steps / rate
    return eager_seconds > 4 * COMPILE_SECONDS


def compiled(module: M, emit: Emit = silent) -> M:
    """The module under `torch.compile`, shapes fixed; uncompiled from the call at which that fails.

    A compiler may be there and yet not work (no headers, an unknown GPU). The numbers stay those
    of the uncompiled module, up to rounding, so a cell goes on, slower, and a Note says so.
    """
    from torch._dynamo.exc import TorchDynamoException  # takes a second to import

    module.compile(dynamic=False)
    fast = module._compiled_call_impl
    assert fast is not None

    def call(*inputs: object) -> object:
        try:
            return fast(*inputs)
        except TorchDynamoException as error:
            module._compiled_call_impl = None
            reason = str(error).strip().splitlines()[0]
            emit(Note(f"torch.compile failed ({reason}): going on uncompiled"))
            return module(*inputs)

    module._compiled_call_impl = call
    return module
