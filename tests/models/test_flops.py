"""Operations equal the hand count, and counting leaves the network alone."""

import pytest
import torch
from torch import nn

from bench.models.build import build_model
from bench.models.flops import forward_flops


def test_a_convolution_and_a_linear_layer_equal_the_hand_count() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Flatten(), nn.Linear(4 * 8 * 8, 5))
    assert forward_flops(model, 3, 8) == 2 * (8 * 8 * 4 * 27) + 2 * (256 * 5)


def test_resnet18_needs_1_82_billion_multiply_adds_at_224() -> None:
    model = build_model("resnet18", num_classes=1000, channels=3, resolution=224, seed=0)
    assert forward_flops(model, 3, 224) / 2 == pytest.approx(1.82e9, rel=0.005)


def test_attention_counts() -> None:
    model = build_model(
        "vit_tiny_patch16_224", num_classes=1000, channels=3, resolution=224, seed=0
    )
    # published: 1.26 G multiply-adds, of which 197² x 192 x 2 x 12 in the two attention products
    assert forward_flops(model, 3, 224) / 2 == pytest.approx(1.26e9, rel=0.01)


@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was(training: bool) -> None:
    model = build_model("resnet18-w16", num_classes=2, channels=1, resolution=8, seed=0)
    model.train(training)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert forward_flops(model, 1, 8) > 0
    assert model.training is training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
