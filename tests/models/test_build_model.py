"""Networks have the published sizes, fit small images, and depend on nothing but their seed."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torchvision.models import resnet18, resnet50

from bench.core.errors import BadValue, UnknownName
from bench.models.build import ARCHS, build_model


def build(
    arch: str, resolution: int, classes: int = 10, channels: int = 3, seed: int = 0
) -> nn.Module:
    return build_model(
        arch, num_classes=classes, channels=channels, resolution=resolution, seed=seed
    )


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("arch", "resolution", "classes", "expected"),
    [
        ("resnet18", 224, 1000, 11_689_512),
        ("resnet34", 224, 1000, 21_797_672),
        ("resnet50", 224, 1000, 25_557_032),
        ("resnet101", 224, 1000, 44_549_160),
        ("convnet3", 32, 10, 320_010),  # DC's released ConvNet on CIFAR-10
        ("mobilenet_v2", 224, 1000, 3_504_872),
        ("efficientnet_b0", 224, 1000, 5_288_548),
        ("vit_tiny_patch16_224", 224, 1000, 5_717_416),
    ],
)
def test_sizes_are_the_published_ones(
    arch: str, resolution: int, classes: int, expected: int
) -> None:
    with torch.device("meta"):  # shapes only: nothing is initialised
        assert parameters(build(arch, resolution, classes)) == expected


@pytest.mark.parametrize(("arch", "original"), [("resnet18", resnet18), ("resnet50", resnet50)])
def test_resnets_compute_what_torchvisions_do(
    arch: str, original: Callable[..., nn.Module]
) -> None:
    ours, theirs = build(arch, 224, classes=4).eval(), original(num_classes=4).eval()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("arch", ["resnet18-w16", "convnet3-w64-bn", "convnet3-w16"])
@pytest.mark.parametrize(("resolution", "channels"), [(8, 1), (28, 1), (32, 3), (64, 3)])
def test_small_images_give_logits(arch: str, resolution: int, channels: int) -> None:
    model = build(arch, resolution, channels=channels)
    assert model.training
    assert model(torch.zeros(2, channels, resolution, resolution)).shape == (2, 10)


def test_the_width_of_a_narrow_resnet_is_its_stems() -> None:
    narrow = build("resnet18-w16", 32)
    assert narrow.get_submodule("conv1").weight.shape == (16, 3, 3, 3)
    assert narrow.get_submodule("fc").in_features == 128


def test_convolutions_of_resnets_start_with_variance_two_over_fan_out() -> None:
    weight = build("resnet18", 32).get_submodule("layer4.1.conv2").weight  # 2.4 million draws
    assert weight.var().item() == pytest.approx(2 / (512 * 9), rel=0.01)


def test_the_released_convnet_pads_28_pixels_to_32() -> None:
    assert parameters(build("convnet3", 28)) == parameters(build("convnet3", 32))


@pytest.mark.parametrize("arch", ["resnet18-w16", "convnet3-bn", "mobilenet_v2"])
def test_equal_seeds_give_equal_networks_and_others_do_not(arch: str) -> None:
    torch.manual_seed(1)
    first = build(arch, 32, seed=3).state_dict()
    torch.manual_seed(2)
    again, other = build(arch, 32, seed=3).state_dict(), build(arch, 32, seed=4).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("arch", ["resnet18-w16", "convnet3", "mobilenet_v2"])
def test_the_global_generator_stays_where_it_was(arch: str) -> None:
    before = torch.get_rng_state()
    build(arch, 32)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_state_dict_loads_strictly_into_the_same_network_only() -> None:
    state = build("resnet18-w16", 32).state_dict()
    other = build("resnet18-w16", 32, seed=1)
    other.load_state_dict(state, strict=True)
    assert all(torch.equal(value, state[name]) for name, value in other.state_dict().items())
    with pytest.raises(RuntimeError, match="size mismatch"):
        build("resnet18-w16", 32, classes=11).load_state_dict(state, strict=True)


def test_under_the_meta_device_no_memory_is_taken() -> None:
    with torch.device("meta"):
        assert all(p.is_meta for p in build("convnet3-bn", 32).parameters())


@pytest.mark.parametrize("arch", ARCHS)
def test_every_documented_name_can_be_built(arch: str) -> None:
    with torch.device("meta"):
        assert parameters(build(arch, 64)) > 0


@pytest.mark.parametrize(
    ("arch", "nearest"),
    [("resnet19", "resnet1"), ("convnet3_bn", "convnet3-bn"), ("efficientnet_b00", "efficientnet")],
)
def test_an_unknown_name_is_answered_with_the_nearest_on_one_short_line(
    arch: str, nearest: str
) -> None:
    with pytest.raises(UnknownName, match=f"did you mean '{nearest}") as caught:
        build(arch, 32)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


def test_more_poolings_than_pixels_are_refused() -> None:
    with pytest.raises(
        BadValue, match="at least 16 pixels for 4 poolings, given 8; choose depth 3"
    ):
        build("convnet4", 8)


@pytest.mark.parametrize(
    ("classes", "channels", "resolution"), [(0, 3, 32), (10, 0, 32), (10, 3, 0)]
)
def test_empty_shapes_are_refused(classes: int, channels: int, resolution: int) -> None:
    with pytest.raises(BadValue, match="at least"):
        build("convnet3", resolution, classes, channels)
