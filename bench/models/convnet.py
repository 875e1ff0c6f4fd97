"""The ConvNet of DC, DSA, DM, MTT and DataDAM: arXiv:2006.05929 and its successors.

`depth` blocks of 3x3 convolution, normalisation, ReLU and 2x2 average pooling, then one linear
layer. As in the released code, 28-pixel images are padded to 32 by the first convolution; unlike
there, other one-channel images are not.
"""

from typing import Literal

from torch import Tensor, nn

from bench.core.errors import BadValue

Norm = Literal["instance", "batch"]


class ConvNet(nn.Module):
    """A ConvNet for square images; names of the state dict are those of the released code.

    Raises:
        BadValue: `depth` poolings leave no pixel.
    """

    def __init__(
        self,
        depth: int,
        *,
        width: int,
        norm: Norm,
        num_classes: int,
        channels: int,
        resolution: int,
    ) -> None:
        super().__init__()
        padded = 32 if resolution == 28 else resolution
        side = padded >> depth
        if side < 1:
            raise BadValue(
                f"convnet{depth}: expected images of at least {1 << depth} pixels for {depth} "
                f"poolings, given {resolution}; choose depth {padded.bit_length() - 1} or less"
            )
        layers: list[nn.Module] = []
        for index in range(depth):
            padding = 3 if index == 0 and resolution == 28 else 1
            layers += (
                nn.Conv2d(width if index else channels, width, 3, padding=padding),
                normalisation(norm, width),
                nn.ReLU(inplace=True),
                nn.AvgPool2d(2),
            )
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width * side * side, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).flatten(1))
        return logits


def normalisation(norm: Norm, width: int) -> nn.Module:
    """Instance normalisation is GroupNorm with one channel per group, as in the released code."""
    return nn.BatchNorm2d(width) if norm == "batch" else nn.GroupNorm(width, width)
