"""What making an artifact took: time, device, memory; and the class of its last bits."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bench.core.numerics import numerics

A = TypeVar("A")


@dataclass(frozen=True)
class Measured:
    """Seconds on the wall, and bytes at the peak: of the device, or of this process on a CPU.

    Attributes:
        numerics: the class that decides the last bits; empty where nothing computed with torch.
    """

    seconds: float
    device: str
    peak_memory: int
    numerics: Mapping[str, str] = field(default_factory=dict)


def measured(make: Callable[[], A]) -> tuple[A, Measured]:
    """What a function returns, and what it took; work queued on GPUs is waited for.

    The peak is that since the caller last reset it, of the GPU on which it is highest, whichever
    of the machine's GPUs is the current one.
    """
    begin = time.perf_counter()
    made = make()
    torch: Any = sys.modules.get("torch")
    used = peaks(torch.cuda) if torch is not None else {}
    for index in used:
        torch.cuda.synchronize(index)
    seconds = time.perf_counter() - begin
    if not used:
        known = numerics() if torch is not None else {}
        return made, Measured(seconds, "cpu", _process_peak(), known)
    most = max(used, key=lambda index: used[index])
    name = torch.cuda.get_device_name(most)
    return made, Measured(seconds, name, used[most], numerics(most))


def peaks(cuda: Any) -> dict[int, int]:
    """Peak bytes by index of every GPU on which this process has put anything; `cuda` is torch's.

    Empty before CUDA is first used, so that asking does not start it.
    """
    if not cuda.is_initialized():
        return {}
    found = {index: int(cuda.max_memory_allocated(index)) for index in range(cuda.device_count())}
    return {index: peak for index, peak in found.items() if peak}


def _process_peak() -> int:
    try:
        import resource
    except ImportError:  # not a Unix
        import psutil

        return int(psutil.Process().memory_info().rss)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
