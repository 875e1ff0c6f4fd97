"""First layers of ResNets by resolution.

Sources: SRe2L (arXiv:2306.13092) for small images; the released code of WMDD (arXiv:2311.18531)
for Tiny ImageNet enlarged to 224 pixels, whose padding of 3 makes 224 -> 114.
"""

from torch import nn

from bench.core.errors import BadValue, UnknownName

STEMS = ("auto", "imagenet", "small", "wmdd-tiny")
SMALL = 64  # "auto" takes images up to this side as small


def resolve_stem(stem: str, resolution: int) -> str:
    """The stem that a name stands for at a resolution: only "auto" depends on it.

    Raises:
        UnknownName: no stem has that name.
        BadValue: the resolution is not positive.
    """
    if stem not in STEMS:
        raise UnknownName.of("stem", stem, STEMS)
    if resolution < 1:
        raise BadValue(f"expected a resolution of at least 1 pixel, given {resolution}")
    if stem != "auto":
        return stem
    return "small" if resolution <= SMALL else "imagenet"


def stem_layers(stem: str, channels: int, width: int) -> tuple[nn.Conv2d, nn.Module]:
    """The first convolution of a ResNet and the pooling after its BatchNorm and ReLU."""
    if stem == "small":
        return nn.Conv2d(channels, width, 3, stride=1, padding=1, bias=False), nn.Identity()
    if stem == "wmdd-tiny":
        return nn.Conv2d(channels, width, 3, stride=2, padding=3, bias=False), nn.Identity()
    conv = nn.Conv2d(channels, width, 7, stride=2, padding=3, bias=False)
    return conv, nn.MaxPool2d(3, stride=2, padding=1)
