"""Networks by name, initialised from a seed.

- `resnet18`, `resnet34`, `resnet50`, `resnet101`, and narrow ones: `resnet18-w16` has 16 channels
  in its stem instead of 64.
- `convnetD` of depth D; width and BatchNorm by suffixes in this order: `convnet3-w64-bn`.
- `dc-mlp`, `dc-lenet`, `dc-alexnet`, `dc-vgg11`, `dc-resnet18`, the last two also with `-bn`.
- `mobilenet_v2`, and any name of `timm.list_models()`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from bench.core.errors import BadValue
from bench.models.archs import ARCHS as ARCHS
from bench.models.archs import NETWORKS, NORMED
from bench.models.convnet import ConvNet
from bench.models.dc_line import dc_network
from bench.models.naming import unknown
from bench.models.stems import resolve_stem

RESNET = re.compile(r"resnet(18|34|50|101)(?:-w([1-9]\d*))?")
CONVNET = re.compile(r"convnet([1-9]\d?)(?:-w([1-9]\d*))?(-bn)?")
DC_LINE = re.compile(rf"dc-(?:({'|'.join(NETWORKS)})|({'|'.join(NORMED)})(-bn))")
ALIASES = {"mobilenet_v2": "mobilenetv2_100"}  # torchvision's name -> timm's


def build_model(
    arch: str,
    *,
    num_classes: int,
    channels: int,
    resolution: int,
    seed: int,
    stem: str = "auto",
) -> nn.Module:
    """A fresh float32 network in training mode, on the CPU (or on "meta" under that default).

    Its parameters depend on the arguments alone: PyTorch's CPU generator is seeded while it is
    initialised and then put back, since initialisers of layers take no generator.

    Raises:
        UnknownName: no architecture or stem has that name.
        BadValue: the architecture does not work on images of this shape.
    """
    if min(num_classes, channels) < 1:
        raise BadValue(
            f"{arch}: expected at least one class and one channel, "
            f"given {num_classes} classes and {channels} channels"
        )
    resolved = resolve_stem(stem, resolution)
    with _seeded(seed):
        if match := RESNET.fullmatch(arch):
            from bench.models.resnet import ResNet  # imports torchvision, 2.7 s

            return ResNet(
                int(match[1]),
                width=int(match[2] or 64),
                num_classes=num_classes,
                channels=channels,
                stem=resolved,
            )
        if match := CONVNET.fullmatch(arch):
            return ConvNet(
                int(match[1]),
                width=int(match[2] or 128),
                norm="batch" if match[3] else "instance",
                num_classes=num_classes,
                channels=channels,
                resolution=resolution,
            )
        if match := DC_LINE.fullmatch(arch):
            return dc_network(
                match[1] or match[2],
                norm="batch" if match[3] else "instance",
                num_classes=num_classes,
                channels=channels,
                resolution=resolution,
            )
        return _by_timm(arch, num_classes, channels, resolution, resolved)


def _by_timm(arch: str, num_classes: int, channels: int, resolution: int, stem: str) -> nn.Module:
    from bench.models.vit import timm_model, timm_names  # imports timm, 3 s

    name, names = ALIASES.get(arch, arch), timm_names()
    if name not in names:
        raise unknown("architecture", arch, ARCHS, names)
    return timm_model(
        name, num_classes=num_classes, channels=channels, resolution=resolution, stem=stem
    )


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seeds PyTorch's CPU generator inside the block, for new tensors on the CPU or on "meta"."""
    device = "meta" if torch.get_default_device().type == "meta" else "cpu"
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.default_generator.manual_seed(seed)
        yield
