"""Names of a network's layers, by depth or by path."""

from torch import nn

from bench.core.errors import BadValue
from bench.models.naming import unknown

PENULTIMATE = "penultimate"
INPUT = ":in"  # the suffix of a path whose module's input is meant


def layer_names(model: nn.Module) -> dict[str, str]:
    """Names by depth -> where to tap, see bench.models.taps for the notation of places.

    "penultimate" is what the classifier receives. In a ResNet or ConvNet, the first convolution is
    layer 1 and those of the blocks follow in order, not counting the ones in shortcuts; "layer-n"
    is what the next of them receives: the values after normalisation, addition and ReLU (and
    pooling, where it follows). The classifier is the last layer: "layer-18" of a ResNet-18 is its
    penultimate feature, as in Table 6 of arXiv:2311.18531, and so is "layer-17", the output of the
    last convolution, once pooled. In a network with `blocks` (vision transformers), "layer-n" is
    what the nth block returns, and the last one is the penultimate feature again.
    """
    last = _classifier(model) + INPUT
    children = dict(model.named_children())
    if "blocks" in children:
        places = [f"blocks.{name}" for name, _ in children["blocks"].named_children()]
    elif {"layer4", "fc"} <= set(children) or {"features", "classifier"} == set(children):
        places = [name + INPUT for name in _convolutions(model)[1:]] + [last]
    else:
        return {PENULTIMATE: last}
    places.append(last)
    return {PENULTIMATE: last, **{f"layer-{n}": place for n, place in enumerate(places, 1)}}


def resolve_layer(model: nn.Module, name: str) -> tuple[nn.Module, bool]:
    """The module that a layer's name or place means, and whether its input is meant.

    Raises:
        UnknownName: the network has no such layer; names the nearest.
    """
    names = layer_names(model)
    place = names.get(name, name)
    path = place.removesuffix(INPUT)
    modules = {path: module for path, module in model.named_modules() if path}
    if path not in modules:
        raise unknown("layer", name, names, modules)
    return modules[path], place.endswith(INPUT)


def _convolutions(model: nn.Module) -> list[str]:
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and "downsample" not in name
    ]


def _classifier(model: nn.Module) -> str:
    """The path of the last linear layer; of the last convolution where there is no linear one."""
    kinds: tuple[type[nn.Module], ...] = (nn.Linear, nn.Conv2d)
    for kind in kinds:
        found: list[str] = [
            name for name, module in model.named_modules() if isinstance(module, kind)
        ]
        if found:
            return found[-1]
    raise BadValue("expected a network with a linear classifier, given one without")
