"""Stems shrink images as published: 4 times at 224 pixels, not at all at 64, to 114 in WMDD."""

import pytest
import torch

from bench.core.errors import UnknownName
from bench.data.spec import Stem
from bench.models.build import build_model
from bench.models.stems import STEMS, resolve_stem, stem_layers


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [(8, "small"), (32, "small"), (64, "small"), (128, "imagenet"), (224, "imagenet")],
)
def test_auto_is_small_up_to_64_pixels(resolution: int, expected: str) -> None:
    assert resolve_stem("auto", resolution) == expected


@pytest.mark.parametrize("stem", ["imagenet", "small", "wmdd-tiny"])
def test_a_named_stem_stays_itself(stem: str) -> None:
    assert resolve_stem(stem, 64) == stem


@pytest.mark.parametrize(
    ("stem", "resolution", "expected"),
    [("imagenet", 224, 56), ("small", 64, 64), ("wmdd-tiny", 224, 114)],
)
def test_the_first_map_has_the_published_side(stem: str, resolution: int, expected: int) -> None:
    conv, pool = stem_layers(stem, 3, 4)
    assert pool(conv(torch.zeros(1, 3, resolution, resolution))).shape == (1, 4, expected, expected)


def test_a_network_gets_the_stem_of_its_data_set() -> None:
    model = build_model(
        "resnet18-w16", num_classes=2, channels=3, resolution=224, seed=0, stem="wmdd-tiny"
    )
    conv = model.get_submodule("conv1")
    assert (conv.kernel_size, conv.stride, conv.padding) == ((3, 3), (2, 2), (3, 3))
    assert isinstance(model.get_submodule("maxpool"), torch.nn.Identity)


def test_data_sets_and_networks_know_the_same_stems() -> None:
    assert set(STEMS) == set(Stem.__args__)


def test_an_unknown_stem_is_named() -> None:
    with pytest.raises(UnknownName, match="did you mean 'wmdd-tiny'"):
        build_model("convnet3", num_classes=2, channels=3, resolution=32, seed=0, stem="wmdd_tiny")
