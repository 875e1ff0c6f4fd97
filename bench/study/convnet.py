"""The recipes of the ConvNet line, as changes of a base recipe of the same profile.

They fix how students are trained, for the evaluators `convnet-dc`, `convnet-dsa` and `convnet-zca`,
and those values of the line's distillers that are published by data set and IPC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.data.spec import DatasetSpec
from bench.plugin.recipes import Recipe, Student

HIGH_SIDE = 128  # pixels from which on DataDAM's table gives another balance


@dataclass(frozen=True)
class Path:
    """MTT's published settings for one data set and IPC; `batch` 0 means all images."""

    inner: int
    ahead: int
    latest: int
    lr: float
    lr_lr: float
    lr_start: float
    zca: bool = False
    batch: int = 0

    def values(self) -> dict[str, object]:
        """By the names of the distiller's fields."""
        return {
            "inner": self.inner,
            "ahead": self.ahead,
            "latest": self.latest,
            "lr": self.lr,
            "lr_lr": self.lr_lr,
            "lr_start": self.lr_start,
            "zca": self.zca,
            "inner_batch": self.batch,
        }


# methods.md 14; ImageNette's rate is the README's, of which the authors also name 1e4 and 1e5
MTT: Mapping[tuple[str, int], Path] = {
    ("cifar10", 1): Path(50, 2, 2, 100, 1e-7, 0.01, zca=True),
    ("cifar10", 10): Path(30, 2, 20, 100, 1e-5, 0.001, zca=True),
    ("cifar10", 50): Path(30, 2, 40, 1000, 1e-5, 0.001),
    ("cifar100", 1): Path(20, 3, 20, 1000, 1e-5, 0.01, zca=True),
    ("cifar100", 10): Path(20, 2, 20, 1000, 1e-5, 0.01),
    ("cifar100", 50): Path(80, 2, 40, 1000, 1e-5, 0.01, zca=True, batch=125),
    ("tiny-imagenet", 1): Path(10, 2, 10, 1e4, 1e-4, 0.01),
    ("tiny-imagenet", 10): Path(20, 2, 40, 1e4, 1e-4, 0.01, batch=200),
    ("tiny-imagenet", 50): Path(20, 2, 40, 1e4, 1e-4, 0.01, batch=300),
    ("imagenette", 1): Path(20, 2, 10, 1000, 1e-6, 0.01),
    ("imagenette", 10): Path(20, 2, 10, 1000, 1e-6, 0.01, batch=20),
}


def distiller_presets(family: str, resolution: int, ipc: int) -> dict[str, Mapping[str, object]]:
    """What the line's papers set by data set, resolution and IPC; the rest are defaults."""
    balance = 0.02 if resolution >= HIGH_SIDE else 0.01
    attention = {"lr": 10.0 if ipc > 50 else 1.0, "balance": balance}
    found: dict[str, Mapping[str, object]] = {
        "dm": {"lr": 10.0 if ipc >= 100 else 1.0},
        "datadam": attention,
        "datadam-paper": attention,
    }
    if path := MTT.get((family, ipc)):
        found["mtt"] = path.values()
    return found


def convnet_for(resolution: int) -> str:
    """The ConvNet of the line at a resolution: depth 3 at 32 pixels, 4 at 64, 5 from 128 on.

    Smaller images, which the line has not, get depth 2: instance norms over the 2 x 2 pixels that a
    third block would see at 8 pixels leave nothing to match.
    """
    padded = 32 if resolution == 28 else resolution
    return f"convnet{min(5, max(2, padded.bit_length() - 3))}"


def convnet_dc(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """The ConvNet line without augmentation: SGD 0.01, batch 256, 300 epochs, a ConvNet.

    Source: the released code of DC (arXiv:2006.05929); methods.md 11.1. Its evaluator is
    `convnet-dc`. The depth is 3 at 32 pixels, 4 at 64, 5 from 128 on.
    """
    return _convnet(base, "convnet-dc", 300, spec, ipc)


def convnet_dsa(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """The ConvNet line with augmentation: SGD 0.01, batch 256, 1000 epochs, a ConvNet.

    Source: the released code of DSA, DM and MTT (arXiv:2102.08259, 2110.04181, 2203.11932);
    methods.md 11.1. Its evaluators are `convnet-dsa` and `convnet-zca`.
    """
    return _convnet(base, "convnet-dsa", 1000, spec, ipc)


def _convnet(base: Recipe, name: str, epochs: int, spec: DatasetSpec, ipc: int) -> Recipe:
    return replace(
        base,
        name=name,
        relabel=replace(base.relabel, epochs=epochs, batch=256),
        student=Student(
            arch=convnet_for(spec.resolution),
            lr=0.01,
            weight_decay=5e-4,
            optimizer="sgd",
            momentum=0.9,
            schedule="step",
            decay="all",
        ),
        presets={**base.presets, **distiller_presets(spec.family, spec.resolution, ipc)},
        precision="fp32",
    )
