"""Layers are counted as in Table 6: 18 in a ResNet-18, blocks in a transformer."""

import pytest
import torch

from bench.core.errors import BadValue, UnknownName
from bench.models.build import build_model
from bench.models.layers import layer_names, resolve_layer


def names_of(arch: str) -> dict[str, str]:
    with torch.device("meta"):
        return layer_names(build_model(arch, num_classes=2, channels=3, resolution=32, seed=0))


def test_resnet18_has_the_layers_of_table_6() -> None:
    names = names_of("resnet18")
    assert names["penultimate"] == names["layer-18"] == names["layer-17"] == "fc:in"
    assert names["layer-1"] == "layer1.0.conv1:in"
    assert names["layer-5"] == "layer2.0.conv1:in"
    assert names["layer-10"] == "layer3.0.conv2:in"
    assert names["layer-15"] == "layer4.1.conv1:in"
    assert names["layer-16"] == "layer4.1.conv2:in"


@pytest.mark.parametrize(
    ("arch", "count"), [("resnet34", 34), ("resnet50", 50), ("resnet101", 101), ("convnet3", 4)]
)
def test_the_last_layer_is_the_penultimate_feature(arch: str, count: int) -> None:
    names = names_of(arch)
    assert len(names) == count + 1
    assert names[f"layer-{count}"] == names["penultimate"]


def test_blocks_of_a_transformer_are_layers() -> None:
    names = names_of("vit_tiny_patch16_224")
    assert (names["layer-1"], names["layer-12"]) == ("blocks.0", "blocks.11")
    assert names["layer-13"] == names["penultimate"] == "head:in"


def test_other_networks_have_a_penultimate_layer() -> None:
    assert names_of("convnext_atto") == {"penultimate": "head.fc:in"}
    assert names_of("dla34") == {"penultimate": "fc:in"}  # its classifier is a 1x1 convolution


def test_an_unknown_layer_is_answered_with_the_nearest() -> None:
    model = build_model("convnet3", num_classes=2, channels=3, resolution=32, seed=0)
    with pytest.raises(UnknownName, match="did you mean 'layer-4'"):
        resolve_layer(model, "layer4")
    with pytest.raises(UnknownName, match=r"did you mean 'features\.3'"):
        resolve_layer(model, "feature.3")


def test_a_network_without_classifier_has_no_layers() -> None:
    with pytest.raises(BadValue, match="linear classifier"):
        layer_names(torch.nn.Sequential(torch.nn.ReLU()))
