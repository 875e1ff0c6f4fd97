"""Operations of a forward pass, counted and not timed."""

from functools import cache

import torch
from torch import nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from bench.models.outline import outline

COUNTED = 2  # images; BatchNorm in training mode refuses a single value per channel


@torch.no_grad()
def forward_flops(model: nn.Module, channels: int, resolution: int) -> float:
    """Floating-point operations of one image's forward pass, a multiply-add counting as two.

    Runs on the "meta" device: nothing is computed, the model is left as it is.
    """
    state = {
        name: torch.empty_like(value, device="meta")
        for name, value in (*model.named_parameters(), *model.named_buffers())
    }
    images = torch.empty(COUNTED, channels, resolution, resolution, device="meta")
    with FlopCounterMode(display=False) as counter:
        functional_call(model, state, (images,))
    return float(counter.get_total_flops()) / COUNTED


@cache
def flops_of(arch: str, num_classes: int, channels: int, resolution: int, stem: str) -> float:
    """Operations of one image's forward pass through a network by name; nothing is allocated."""
    return forward_flops(
        outline(arch, num_classes, channels, resolution, stem), channels, resolution
    )
