"""What making an artifact took: time, device, memory."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

A = TypeVar("A")


@dataclass(frozen=True)
class Measured:
    """Seconds on the wall, and bytes at the peak: of the device, or of this process on a CPU."""

    seconds: float
    device: str
    peak_memory: int


def measured(make: Callable[[], A]) -> tuple[A, Measured]:
    """What a function returns, and what it took; work queued on a GPU is waited for.

    The peak is that since the caller last reset it.
    """
    begin = time.perf_counter()
    made = make()
    cuda = _cuda_in_use()
    if cuda is None:
        return made, Measured(time.perf_counter() - begin, "cpu", _process_peak())
    cuda.synchronize()
    seconds = time.perf_counter() - begin
    return made, Measured(seconds, cuda.get_device_name(), int(cuda.max_memory_allocated()))


def _cuda_in_use() -> Any:
    """torch.cuda where this process has put anything on a GPU, else None."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized() or not torch.cuda.max_memory_allocated():
        return None
    return torch.cuda


def _process_peak() -> int:
    try:
        import resource
    except ImportError:  # not a Unix
        import psutil

        return int(psutil.Process().memory_info().rss)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
