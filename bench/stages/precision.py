"""Which precisions this machine computes in hardware.

Float32 is the default of every recipe; on CUDA PyTorch's convolutions then use TF32, as they do in
the released code. bfloat16 is a named choice (`--set precision=bf16`), refused where it would only
be emulated: on a CPU with AVX2 it is several times slower than float32.
"""

import os
from collections.abc import Iterable

import torch

from bench.core.errors import BadValue
from bench.plugin.recipes import Precision

ALLOWED = "DDBENCH_SLOW_BF16"  # "1" allows bfloat16 without hardware, to measure its accuracy


def bf16_units(device: torch.device) -> tuple[str, ...]:
    """Names of the units that compute in bfloat16 on a device; empty where it is emulated."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            return ("CUDA",) if torch.cuda.is_bf16_supported(including_emulation=False) else ()
    units = {
        "AMX": torch.cpu._is_amx_tile_supported(),
        "AVX512-BF16": torch.cpu._is_avx512_bf16_supported(),
    }
    return tuple(name for name, there in units.items() if there)


def refuse_emulated(precisions: Iterable[Precision], device: torch.device) -> None:
    """Refuses bfloat16 on a device that has no unit for it.

    Raises:
        BadValue: names the device and what to set instead.
    """
    if "bf16" not in set(precisions) or bf16_units(device) or os.environ.get(ALLOWED) == "1":
        return
    raise BadValue(
        f"precision: expected fp32 on this {device.type}, which has no bfloat16 in hardware, given "
        f"bf16; leave it out, or set {ALLOWED}=1 to emulate it slowly"
    )
