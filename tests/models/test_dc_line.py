"""The further networks of the ConvNet line keep their sizes and fit what they say."""

import pytest
import torch

from bench.core.errors import BadValue
from bench.models.build import build_model
from bench.models.taps import Tapped


@pytest.mark.parametrize(
    ("arch", "channels", "resolution", "expected"),
    [  # parameters with ten classes as built here; not compared with the released networks
        ("dc-mlp", 3, 32, 411_146),
        ("dc-mlp", 1, 28, 118_282),
        ("dc-lenet", 3, 32, 62_006),
        ("dc-lenet", 1, 28, 61_706),
        ("dc-alexnet", 3, 32, 1_872_202),
        ("dc-vgg11", 3, 32, 9_231_114),
        ("dc-vgg11-bn", 3, 32, 9_231_114),
        ("dc-resnet18", 3, 32, 11_173_962),
    ],
)
def test_sizes(arch: str, channels: int, resolution: int, expected: int) -> None:
    with torch.device("meta"):
        model = build_model(arch, num_classes=10, channels=channels, resolution=resolution, seed=0)
    assert sum(p.numel() for p in model.parameters()) == expected


@pytest.mark.parametrize("arch", ["dc-mlp", "dc-lenet", "dc-alexnet", "dc-vgg11", "dc-resnet18-bn"])
@pytest.mark.parametrize("resolution", [28, 32, 64])
def test_square_images_give_logits_and_features(arch: str, resolution: int) -> None:
    model = build_model(arch, num_classes=7, channels=1, resolution=resolution, seed=0)
    with Tapped(model, moments=False) as tapped:
        out = tapped(torch.randn(2, 1, resolution, resolution))
    assert out.logits.shape == (2, 7)
    assert out.features["penultimate"].dim() == 2


@pytest.mark.parametrize(("arch", "side"), [("dc-vgg11", 16), ("dc-lenet", 8), ("dc-alexnet", 4)])
def test_small_images_are_refused(arch: str, side: int) -> None:
    with pytest.raises(BadValue, match=f"{arch}: expected images of at least .*, given {side}"):
        build_model(arch, num_classes=10, channels=1, resolution=side, seed=0)
