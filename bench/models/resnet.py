"""ResNet-18, 34, 50 and 101 with a choice of stem and width, out of torchvision's blocks.

Source: arXiv:1512.03385 as in torchvision (v1.5: the 3x3 convolution of a bottleneck strides);
names and shapes of the state dict are torchvision's. Convolutions get Kaiming's normal
initialisation by fan-out, residual branches no zero initialisation.
"""

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from bench.models.stems import stem_layers

DEPTHS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
}


class ResNet(nn.Module):
    """A residual network of `depth` weighted layers whose stem has `width` channels.

    Attributes:
        stem: a resolved stem, see bench.models.stems.
    """

    def __init__(
        self, depth: int, *, width: int, num_classes: int, channels: int, stem: str
    ) -> None:
        super().__init__()
        block, counts = DEPTHS[depth]
        self.conv1, self.maxpool = stem_layers(stem, channels, width)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        grown = width * block.expansion
        self.layer1 = _stage(block, counts[0], width, width, stride=1)
        self.layer2 = _stage(block, counts[1], grown, 2 * width, stride=2)
        self.layer3 = _stage(block, counts[2], 2 * grown, 4 * width, stride=2)
        self.layer4 = _stage(block, counts[3], 4 * grown, 8 * width, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * grown, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        logits: Tensor = self.fc(self.avgpool(x).flatten(1))
        return logits


def _stage(
    block: type[BasicBlock] | type[Bottleneck], count: int, inputs: int, planes: int, stride: int
) -> nn.Sequential:
    """`count` blocks, the first of which strides and, where shapes differ, projects its input."""
    outputs = planes * block.expansion
    project = None
    if stride != 1 or inputs != outputs:
        project = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
        )
    first = block(inputs, planes, stride, project)
    return nn.Sequential(first, *(block(outputs, planes) for _ in range(count - 1)))
