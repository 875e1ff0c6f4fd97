"""The numerics class: what decides the last bits of a result beside configuration, code and seed.

A processor with other vector instructions adds up in another order, and training carries the last
bits into the numbers that are printed. Equal addresses mean equal bits within one class only.
A class enters manifests, tables and provenance, and never an address.
"""

import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

SEVERAL = " | "  # between the values of classes that differ
Numerics = Mapping[str, str]  # device, instructions, libraries, and threads where they matter
_ALWAYS_ONE = ContextVar("always one thread", default=False)
LIMITS = (  # variables that make libraries use fewer instructions than the processor has
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
    "NVIDIA_TF32_OVERRIDE",
)
UNITS = ("avx2", "avx512_f", "avx512_bf16", "amx_tile", "amx_bf16", "sve", "bf16")
LIBRARIES = {
    r"Math Kernel Library Version (\S+?)-": "MKL",
    r"MKL-DNN v(\S+)": "oneDNN",
    r"OpenBLAS ([\d.]+)": "OpenBLAS",
    r"CUDA_VERSION=([\d.]+)": "CUDA",
    r"CUDNN_VERSION=([\d.]+)": "cuDNN",
}
OF_CPU = ("MKL", "oneDNN", "OpenBLAS")


def numerics(gpu: int | None = None) -> dict[str, str]:
    """The class of what this process computes now, on the CPU or on a GPU by its index.

    Threads share sums out, so that their number is in it, unless it is always one: batches of
    small networks have one thread whatever the process has (`always_one_thread`).
    """
    import torch

    if gpu is not None:
        card = torch.cuda.get_device_properties(gpu)
        return {
            "device": f"{card.name} (sm_{card.major}{card.minor})",
            "libraries": _libraries(("CUDA", "cuDNN")),
        }
    found = {"device": processor(), "instructions": _instructions(), "libraries": _libraries()}
    return found if _ALWAYS_ONE.get() else found | {"threads": str(torch.get_num_threads())}


@contextmanager
def always_one_thread() -> Iterator[None]:
    """Says of the block that it computes on one thread on any machine."""
    token = _ALWAYS_ONE.set(True)
    try:
        yield
    finally:
        _ALWAYS_ONE.reset(token)


@cache
def processor() -> str:
    """The processor's model, with family and number where its name alone is no model."""
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        text = ""
    pairs = (line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
    facts = {name.strip(): value.strip() for name, value in pairs}
    name = facts.get("model name") or platform.processor() or platform.machine()
    if "model" not in facts:
        return name
    return f"{name} (family {facts.get('cpu family', '?')}, model {facts['model']})"


def _instructions() -> str:
    """What torch's own kernels use, what the processor offers to libraries, and limits to that."""
    import torch

    has: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    units = " ".join(name for name in UNITS if has.get(name) is True)
    limits = [f"{name}={os.environ[name]}" for name in LIMITS if os.environ.get(name)]
    texts = [torch.backends.cpu.get_cpu_capability(), f"on {units}" if units else "", *limits]
    return ", ".join(filter(None, texts))


@cache
def _libraries(wanted: tuple[str, ...] = OF_CPU) -> str:
    import torch

    built = torch.__config__.show()
    found = [
        f"{name} {match[1]}"
        for pattern, name in LIBRARIES.items()
        if name in wanted and (match := re.search(pattern, built))
    ]
    return ", ".join([f"torch {torch.__version__}", *found])


def spread(classes: Iterable[Numerics]) -> dict[str, list[str]]:
    """Name -> the sorted values that classes have for it.

    A name that a class lacks does not tell it from others, as with `threads`.
    """
    found: dict[str, set[str]] = {}
    for one in classes:
        for name, value in one.items():
            found.setdefault(name, set()).add(value)
    return {name: sorted(values) for name, values in found.items()}


def apart(classes: Iterable[Numerics]) -> str:
    """What tells some classes apart, as `instructions: A | B`; empty where they are one."""
    several = {name: values for name, values in spread(classes).items() if len(values) > 1}
    return "; ".join(f"{name}: {SEVERAL.join(values)}" for name, values in several.items())
