"""Taps see what hand-made hooks see, carry gradients, and leave nothing behind."""

import pytest
import torch
from torch import Tensor, nn

from bench.core.errors import BadValue, UnknownName
from bench.models.build import build_model
from bench.models.taps import Tapped, has_batchnorm, layer_names


def network(arch: str = "resnet18-w16", channels: int = 3) -> nn.Module:
    return build_model(arch, num_classes=4, channels=channels, resolution=16, seed=0).eval()


def images(channels: int = 3) -> Tensor:
    return torch.randn(3, channels, 16, 16, generator=torch.Generator().manual_seed(0))


def hooks(model: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def inputs_of(model: nn.Module, kind: type[nn.Module], x: Tensor) -> list[Tensor]:
    """What the modules of a kind receive, in the order of modules(), by hooks made by hand."""
    seen: dict[nn.Module, Tensor] = {}
    modules = [module for module in model.modules() if isinstance(module, kind)]
    handles = [
        module.register_forward_pre_hook(lambda m, args: seen.__setitem__(m, args[0].clone()))
        for module in modules
    ]
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    return [seen[module] for module in modules]


def test_moments_are_those_of_the_batchnorm_inputs_in_module_order() -> None:
    model, x = network(), images()
    with Tapped(model) as tapped:
        out = tapped(x)
    expected = inputs_of(model, nn.BatchNorm2d, x)
    assert len(out.moments) == 20
    for moments, value in zip(out.moments, expected, strict=True):
        torch.testing.assert_close(moments.mean, value.mean((2, 3)))
        torch.testing.assert_close(moments.square, value.square().mean((2, 3)))


def test_logits_and_penultimate_features_belong_together() -> None:
    model, x = network(), images()
    with Tapped(model) as tapped:
        out = tapped(x)
    torch.testing.assert_close(out.logits, model(x))
    features = out.features["penultimate"]
    assert features.shape == (3, 128)
    torch.testing.assert_close(model.get_submodule("fc")(features), out.logits)


def test_depth_names_of_a_resnet_are_the_pooled_values_after_relu() -> None:
    model, x = network(), images()
    blocks: dict[str, Tensor] = {}
    for name in ("layer1.1", "layer4.1"):
        model.get_submodule(name).register_forward_hook(
            lambda m, args, out, name=name: blocks.__setitem__(name, out.detach())
        )
    with Tapped(model, ("layer-5", "layer-16", "layer-17", "layer-18", "layer4.1")) as tapped:
        out = tapped(x).features
    torch.testing.assert_close(out["layer-5"], blocks["layer1.1"].mean((2, 3)))
    torch.testing.assert_close(out["layer-17"], blocks["layer4.1"].mean((2, 3)))
    torch.testing.assert_close(out["layer-18"], out["layer-17"])
    torch.testing.assert_close(out["layer4.1"], out["layer-17"])
    normed = model.get_submodule("layer4.1.bn1")(inputs_of(model, nn.BatchNorm2d, x)[-2])
    torch.testing.assert_close(out["layer-16"], normed.relu().mean((2, 3)))


@pytest.mark.parametrize(
    ("arch", "layer", "size"),
    [
        ("convnet3-w16", "layer-1", 16),
        ("convnet3-w16", "penultimate", 64),
        ("vit_tiny_patch16_224", "layer-3", 192),
        ("vit_tiny_patch16_224", "penultimate", 192),
        ("mobilenet_v2", "penultimate", 1280),
    ],
)
def test_every_family_gives_one_vector_per_image(arch: str, layer: str, size: int) -> None:
    with Tapped(network(arch, channels=1), layers=(layer,)) as tapped:
        out = tapped(images(channels=1))
    assert out.features[layer].shape == (3, size)
    assert out.logits.shape == (3, 4)


def test_networks_without_batchnorm_have_no_moments() -> None:
    model = network("convnet3-w16")
    assert not has_batchnorm(model)
    assert has_batchnorm(network())
    with Tapped(model) as tapped:
        assert tapped(images()).moments == ()


def test_moments_can_be_left_out() -> None:
    with Tapped(network(), moments=False) as tapped:
        assert tapped(images()).moments == ()


def test_gradients_of_every_output_reach_the_images() -> None:
    model = network().requires_grad_(False)
    with Tapped(model, ("layer-3",)) as tapped:
        for choose in (
            lambda out: out.logits,
            lambda out: out.features["layer-3"],
            lambda out: out.moments[-1].mean,
            lambda out: out.moments[0].square,
        ):
            x = images().requires_grad_()
            choose(tapped(x)).sum().backward()
            assert x.grad is not None
            assert bool(x.grad.abs().sum() > 0)


def test_statistics_stay_float32_under_bfloat16() -> None:
    model = network().to(memory_format=torch.channels_last)
    with Tapped(model) as tapped:
        exact = tapped(images())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = tapped(images().contiguous(memory_format=torch.channels_last))
    assert out.features["penultimate"].dtype is torch.float32
    for moments, reference in zip(out.moments, exact.moments, strict=True):
        assert moments.mean.dtype is moments.square.dtype is torch.float32
        scale = reference.square.mean().sqrt()
        # bfloat16 keeps 8 bits: activations differ by about 0.4 % per layer
        assert bool(((moments.mean - reference.mean).abs() < 0.05 * scale).all())


def test_closing_removes_every_hook() -> None:
    model = network()
    model.get_submodule("fc").register_forward_pre_hook(lambda module, args: None)
    with Tapped(model, ("penultimate", "layer-3", "layer1")) as tapped:
        assert hooks(model) == 1 + 3 + 20
        tapped(images())
    assert hooks(model) == 1
    tapped.close()
    assert hooks(model) == 1


def test_an_exception_leaves_no_hook_and_no_activation() -> None:
    model = network()
    with pytest.raises(RuntimeError), Tapped(model) as tapped:
        tapped(torch.zeros(1, 5, 16, 16))
    assert hooks(model) == 0
    with Tapped(model) as tapped:
        model.get_submodule("fc").register_forward_hook(lambda *call: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tapped(images())
        assert tapped._features == {}
        assert tapped._moments == {}


def test_a_wrong_layer_leaves_no_hook() -> None:
    model = network()
    with pytest.raises(UnknownName, match="did you mean 'layer-18'"):
        Tapped(model, ("penultimate", "layer_18"))
    assert hooks(model) == 0


def test_calling_the_network_itself_keeps_nothing() -> None:
    model = network()
    with Tapped(model) as tapped:
        model(images())
        assert tapped._features == {}
        assert tapped._moments == {}


def test_two_taps_on_one_network_do_not_disturb_each_other() -> None:
    model = network()
    with Tapped(model, ("layer-3",)) as outer, Tapped(model, moments=False) as inner:
        assert set(inner(images()).features) == {"penultimate"}
        assert set(outer(images()).features) == {"layer-3"}
    assert hooks(model) == 0


def test_after_closing_a_call_is_refused() -> None:
    with Tapped(network()) as tapped:
        pass
    with pytest.raises(BadValue, match=r"before close\(\)"):
        tapped(images())


def test_a_layer_that_takes_no_part_is_refused() -> None:
    model = network()
    model.add_module("spare", nn.ReLU())
    with Tapped(model, ("spare",)) as tapped, pytest.raises(BadValue, match="spare"):
        tapped(images())


def test_values_that_cannot_be_pooled_are_refused() -> None:
    class Pair(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, x

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pair, self.fc = Pair(), nn.Linear(1, 1)

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = self.fc(self.pair(x)[0])
            return logits

    with Tapped(Net(), ("pair",)) as tapped, pytest.raises(BadValue, match="given tuple"):
        tapped(torch.zeros(2, 1))


def test_names_by_depth_can_all_be_tapped_at_once() -> None:
    model = network()
    names = tuple(layer_names(model))
    with Tapped(model, names, moments=False) as tapped:
        assert set(tapped(images()).features) == set(names)
