"""Networks of timm without pretrained weights: vision transformers, EfficientNets and the rest.

Networks of a fixed input size are built for the resolution at hand. Where the name holds a patch
size, the patch is the largest divisor of the resolution that is not above it and leaves at least
8 x 8 tokens: `vit_tiny_patch16_224` has 16-pixel patches at 224 and 128 pixels, 8 at 64, 4 at 32.
EfficientNets and MobileNets stride by 1 instead of 2 in their first convolution under the stem
"small", as ResNets do there.
"""

import re
from collections.abc import Callable
from functools import partial

import timm
import torch
from torch import nn

from bench.core.errors import BadValue

GRID = 8  # tokens per side that a smaller patch must leave


def timm_names() -> list[str]:
    """Names of all architectures of timm."""
    names: list[str] = timm.list_models()
    return names


def timm_model(
    arch: str, *, num_classes: int, channels: int, resolution: int, stem: str
) -> nn.Module:
    """A network of timm that is known to map (B, channels, resolution, resolution) to (B, C).

    Raises:
        BadValue: timm cannot build or run it at this resolution or with these channels.
    """
    try:
        make: Callable[..., nn.Module] = partial(timm.create_model, arch)
        model = make(num_classes=num_classes, in_chans=channels, **_sizes(arch, resolution))
        if stem == "small":
            _stride_by_one(model)
        shape = _logits_shape(model, channels, resolution)
    except (AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise BadValue(
            f"{arch} does not take {channels} x {resolution} x {resolution} images ({reason}); "
            "choose another architecture or resolution"
        ) from error
    if shape != (1, num_classes):
        raise BadValue(f"{arch}: expected logits (1, {num_classes}), given {shape}; no classifier")
    return model


def patch_size(largest: int, resolution: int) -> int:
    """The largest divisor of the resolution up to `largest` that leaves a grid of 8 or more.

    Raises:
        BadValue: the resolution has no such divisor but 1, and a patch of one pixel is too small.
    """
    bound = max(1, min(largest, resolution // GRID))
    patch = max(p for p in range(1, bound + 1) if resolution % p == 0)
    if resolution // patch > 4 * GRID and patch < bound:
        raise BadValue(
            f"expected a resolution with a divisor near {bound} to be the patch size, given "
            f"{resolution}; choose a multiple of 8 or 16 pixels"
        )
    return patch


def _sizes(arch: str, resolution: int) -> dict[str, int]:
    """The constructor's arguments that set the input size, where the network has a fixed one."""
    config = timm.get_pretrained_cfg(arch)
    if config is None or not config.fixed_input_size:
        return {}
    named = re.search(r"patch(\d+)", arch)
    if named is None:
        return {"img_size": resolution}
    return {"img_size": resolution, "patch_size": patch_size(int(named[1]), resolution)}


def _stride_by_one(model: nn.Module) -> None:
    first = dict(model.named_children()).get("conv_stem")
    if isinstance(first, nn.Conv2d):
        first.stride = (1, 1)


@torch.no_grad()
def _logits_shape(model: nn.Module, channels: int, resolution: int) -> tuple[int, ...]:
    """The shape that one image gives, found by running it: timm checks sizes only in forward."""
    device = next(model.parameters()).device
    model.eval()
    logits = model(torch.zeros(1, channels, resolution, resolution, device=device))
    model.train()
    return tuple(logits.shape) if isinstance(logits, torch.Tensor) else ()
