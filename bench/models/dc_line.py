"""The further networks of the ConvNet line: MLP, LeNet, AlexNet, VGG-11 and ResNet-18.

from bench.models.archs import NETWORKS, NORMED

Source: `networks.py` of DC (arXiv:2006.05929), on which DSA, DM, MTT and DataDAM measure transfer.
Norms are instance norms by default, as there. Differs: linear layers fit the resolution instead of
32 pixels alone, and 28-pixel images are padded to 32 by the first convolution whatever their
channels.
"""

from torch import Tensor, nn
from torch.nn.functional import relu

from bench.core.errors import BadValue
from bench.models.convnet import Norm, normalisation

LEAST = {"mlp": 1, "lenet": 12, "alexnet": 8, "vgg11": 32, "resnet18": 9}  # pixels
VGG = (64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0)  # 0 is a pooling


class Classified(nn.Module):
    """Features, flattened, and a linear classifier."""

    def __init__(self, features: nn.Module, classifier: nn.Module) -> None:
        super().__init__()
        self.features, self.classifier = features, classifier

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).flatten(1))
        return logits


def dc_network(
    name: str, *, norm: Norm, num_classes: int, channels: int, resolution: int
) -> nn.Module:
    """One of NETWORKS for square images.

    Raises:
        BadValue: images that are too small for it.
    """
    side, extra = (32, 2) if resolution == 28 else (resolution, 0)
    if side < LEAST[name]:
        raise BadValue(
            f"dc-{name}: expected images of at least {LEAST[name]} pixels, given {resolution}; "
            "choose dc-mlp or a convnet"
        )
    if name == "mlp":
        return Classified(
            nn.Sequential(
                nn.Flatten(),
                nn.Linear(channels * resolution**2, 128),
                nn.ReLU(),
                nn.Linear(128, 128),
                nn.ReLU(),
            ),
            nn.Linear(128, num_classes),
        )
    if name == "lenet":
        return _lenet(num_classes, channels, side, extra)
    if name == "alexnet":
        return Classified(
            _alexnet(channels, 2 + extra), nn.Linear(192 * (side // 8) ** 2, num_classes)
        )
    if name == "vgg11":
        return Classified(
            _vgg(norm, channels, 1 + extra), nn.Linear(512 * (side // 32) ** 2, num_classes)
        )
    return Classified(_resnet(norm, channels, 1 + extra), nn.Linear(512, num_classes))


def _lenet(num_classes: int, channels: int, side: int, padding: int) -> nn.Module:
    inner = ((side - 4) // 2 - 4) // 2
    features = nn.Sequential(
        nn.Conv2d(channels, 6, 5, padding=padding),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * inner**2, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
    )
    return Classified(features, nn.Linear(84, num_classes))


def _alexnet(channels: int, padding: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, 128, 5, padding=padding),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(128, 192, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(192, 256, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(256, 192, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(192, 192, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )


def _vgg(norm: Norm, channels: int, padding: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    before = channels
    for width in VGG:
        if width:
            first = padding if not layers else 1
            layers += (
                nn.Conv2d(before, width, 3, padding=first),
                normalisation(norm, width),
                nn.ReLU(inplace=True),
            )
            before = width
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def _resnet(norm: Norm, channels: int, padding: int) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(channels, 64, 3, padding=padding, bias=False),
        normalisation(norm, 64),
        nn.ReLU(inplace=True),
    ]
    before = 64
    for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += (Block(norm, before, width, stride), Block(norm, width, width, 1))
        before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, norm: Norm, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.norm1 = normalisation(norm, width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm2 = normalisation(norm, width)
        self.downsample = nn.Sequential()
        if stride != 1 or before != width:
            self.downsample = nn.Sequential(
                nn.Conv2d(before, width, 1, stride, bias=False), normalisation(norm, width)
            )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.norm2(self.conv2(relu(self.norm1(self.conv1(x)))))
        return relu(out + self.downsample(x))
