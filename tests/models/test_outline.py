"""An outline has the modules and shapes of the network, and holds no numbers."""

import pytest

from bench.core.errors import UnknownName
from bench.data.builtin import get_dataset
from bench.models.build import build_model
from bench.models.outline import feature_dims, outline, outline_for


@pytest.mark.parametrize("arch", ["convnet3-w16-bn", "resnet18-w16", "vit_tiny_patch16_224"])
def test_an_outline_has_the_shapes_of_the_network(arch: str) -> None:
    shape = {"num_classes": 10, "channels": 3, "resolution": 32, "stem": "auto"}
    real = build_model(arch, **shape, seed=0)  # type: ignore[arg-type]
    drawn = outline(arch, 10, 3, 32, "auto")
    assert {n: v.shape for n, v in drawn.state_dict().items()} == {
        n: v.shape for n, v in real.state_dict().items()
    }
    assert all(value.is_meta for value in drawn.state_dict().values())


def test_it_is_drawn_once() -> None:
    spec = get_dataset("digits")
    assert outline_for("convnet3-bn", spec) is outline("convnet3-bn", 10, 1, 8, spec.stem)


@pytest.mark.parametrize(
    ("arch", "layer", "dims"),
    [
        ("resnet18", "penultimate", 512),
        ("resnet18", "layer-5", 64),
        ("convnet3-w64-bn", "penultimate", 64),
    ],
)
def test_pooled_features_have_the_layers_width(arch: str, layer: str, dims: int) -> None:
    assert feature_dims(arch, get_dataset("digits"), layer) == dims


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(UnknownName, match="resnet18"):
        outline("resnet81", 10, 3, 32, "auto")
