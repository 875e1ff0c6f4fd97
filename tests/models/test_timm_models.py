"""Networks of timm fit the resolution at hand, or are refused before anything is trained."""

import pytest
import torch

from bench.core.errors import BadValue
from bench.models.build import build_model
from bench.models.vit import patch_size


def build(arch: str, resolution: int, channels: int = 3, stem: str = "auto") -> torch.nn.Module:
    return build_model(
        arch, num_classes=10, channels=channels, resolution=resolution, seed=0, stem=stem
    )


@pytest.mark.parametrize(
    ("largest", "resolution", "expected"),
    [(16, 224, 16), (16, 128, 16), (16, 64, 8), (16, 32, 4), (16, 8, 1), (14, 224, 14), (4, 64, 4)],
)
def test_patches_leave_at_least_eight_by_eight_tokens(
    largest: int, resolution: int, expected: int
) -> None:
    assert patch_size(largest, resolution) == expected


def test_a_resolution_without_divisors_has_no_patch_size() -> None:
    with pytest.raises(BadValue, match="given 97"):
        patch_size(16, 97)


@pytest.mark.parametrize(
    ("resolution", "tokens"), [(8, 65), (32, 65), (64, 65), (224, 197)]
)  # with the class token
def test_vision_transformers_get_tokens_for_their_resolution(resolution: int, tokens: int) -> None:
    with torch.device("meta"):
        model = build("vit_tiny_patch16_224", resolution, channels=1)
        assert model.get_parameter("pos_embed").shape == (1, tokens, 192)
        assert model(torch.zeros(2, 1, resolution, resolution)).shape == (2, 10)


@pytest.mark.parametrize("arch", ["efficientnet_b0", "mobilenet_v2"])
@pytest.mark.parametrize(("stem", "side"), [("small", 64), ("imagenet", 32)])
def test_the_first_convolution_strides_by_the_stem(arch: str, stem: str, side: int) -> None:
    model = build(arch, 64, stem=stem)
    assert model.get_submodule("conv_stem")(torch.zeros(1, 3, 64, 64)).shape[-1] == side


@pytest.mark.parametrize("arch", ["resnet26", "swin_tiny_patch4_window7_224", "convnext_atto"])
def test_any_other_name_of_timm_works(arch: str) -> None:
    with torch.device("meta"):
        model = build(arch, 64)
        assert model(torch.zeros(2, 3, 64, 64)).shape == (2, 10)
    assert model.training


@pytest.mark.parametrize(
    ("arch", "resolution"), [("inception_v3", 32), ("coatnet_0_rw_224", 20), ("crossvit_9_240", 8)]
)
def test_a_network_too_deep_for_the_images_is_refused(arch: str, resolution: int) -> None:
    with torch.device("meta"), pytest.raises(BadValue, match=f"{arch} does not take 3 x"):
        build(arch, resolution)
