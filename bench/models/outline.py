"""A network's outline: its modules and shapes on the "meta" device, where nothing is allocated."""

from functools import cache

import torch
from torch import nn

from bench.data.spec import DatasetSpec
from bench.models.build import build_model
from bench.models.taps import Tapped


def outline_for(arch: str, spec: DatasetSpec) -> nn.Module:
    """The outline of a network by name, as it is built for a data set; not to be changed."""
    return outline(arch, spec.num_classes, spec.channels, spec.resolution, spec.stem)


@cache
def feature_dims(arch: str, spec: DatasetSpec, layer: str) -> int:
    """Length d of a layer's pooled features.

    Raises:
        UnknownName: the network has no such layer.
    """
    images = torch.empty(2, spec.channels, spec.resolution, spec.resolution, device="meta")
    with torch.no_grad(), Tapped(outline_for(arch, spec), (layer,), moments=False) as tapped:
        return tapped(images).features[layer].shape[1]


@cache
def outline(arch: str, num_classes: int, channels: int, resolution: int, stem: str) -> nn.Module:
    """The outline of a network by name; equal arguments give the same module.

    Raises:
        UnknownName, BadValue: as `build_model` does.
    """
    with torch.device("meta"):
        return build_model(
            arch,
            num_classes=num_classes,
            channels=channels,
            resolution=resolution,
            seed=0,
            stem=stem,
        )
