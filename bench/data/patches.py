"""RDED's ShufflePatches: an image's rows and columns of patches in an order drawn for it.

Source: arXiv:2312.03526 and its released code, which shuffles the columns of patches and then their
rows, image by image, before the random resized crop.
"""

import torch
from torch import Generator, Tensor


def draw_patches(epochs: int, count: int, factor: int, rng: Generator) -> Tensor:
    """Orders (epochs, count, 2, factor) int8 of the rows and of the columns of each image."""
    keys = torch.rand(epochs, count, 2, factor, generator=rng)
    return keys.argsort(-1).to(torch.int8)


def shuffled(images: Tensor, patches: Tensor) -> Tensor:
    """Images (B, ch, H, W) with rows and columns of patches in the orders (B, 2, factor)."""
    rows, columns = patches.to(images.device).long().unbind(1)  # (B, factor) each
    height, width = images.shape[-2:]
    down, across = _pixels(rows, height), _pixels(columns, width)
    image = torch.arange(len(images), device=images.device)[:, None, None]
    moved = images.permute(0, 2, 3, 1)[image, down[:, :, None], across[:, None, :]]
    return moved.permute(0, 3, 1, 2).contiguous()


def _pixels(order: Tensor, side: int) -> Tensor:
    """The pixel (B, side) that each pixel of a side comes from."""
    length = side // order.shape[1]
    inside = torch.arange(length, device=order.device)
    return (order[:, :, None] * length + inside).flatten(1)
