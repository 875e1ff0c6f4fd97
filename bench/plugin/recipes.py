"""Recipes: frozen bundles of every hyper-parameter of a pipeline, named and hashed.

`wmdd-code` follows the released code and `wmdd-paper` the text (arXiv:2311.18531); they disagree
in places that change the result and are never mixed silently. A deviation changes the recipe's id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal

from bench.core.errors import BadValue
from bench.core.fingerprint import LATER, digest_of

Profile = Literal["smoke", "quick", "paper"]
Precision = Literal["fp32", "bf16"]
ScheduleName = Literal["cosine", "cosine-half", "step"]
_ADDED = {LATER: True}


def _require(ok: bool, name: str, expected: str, given: object) -> None:
    if not ok:
        raise BadValue(f"{name}: expected {expected}, given {given!r}")


@dataclass(frozen=True)
class Squeeze:
    """How the teacher is trained: SGD with momentum, cosine to zero, random resized crops.

    Attributes:
        warmup: epochs over which the rate rises linearly before the cosine begins.
    """

    arch: str = "resnet18"
    epochs: int = 50
    batch: int = 32
    lr: float = 0.025
    momentum: float = 0.9
    weight_decay: float = 1e-4
    crop_min: float = 0.08
    flip: float = 0.5
    seed: int = 0
    warmup: int = field(default=0, metadata=_ADDED)

    def __post_init__(self) -> None:
        _require(self.epochs >= 1, "squeeze.epochs", "at least 1", self.epochs)
        _require(self.warmup >= 0, "squeeze.warmup", "0 or more epochs", self.warmup)
        _require(self.batch >= 2, "squeeze.batch", "at least 2", self.batch)


@dataclass(frozen=True)
class Observe:
    """How the teacher looks at the real set: unaugmented, in batches of one class."""

    batch: int = 100
    layers: tuple[str, ...] = ("penultimate",)

    def __post_init__(self) -> None:
        _require(self.batch >= 1, "observe.batch", "at least 1", self.batch)


@dataclass(frozen=True)
class Recover:
    """How synthetic images are optimised: Adam with cosine decay, one crop shared by the batch.

    Attributes:
        variance: which per-class variance of the real set is the target: the mean of within-batch
            variances (released code) or the pooled variance.
        roll: images are rolled by 0..roll pixels in both directions.
        codec: how images are stored; the released code writes JPEG at quality 75.
    """

    iterations: int = 2000
    lr: float = 0.25
    beta1: float = 0.5
    beta2: float = 0.9
    batch: int = 100
    crop_min: float = 0.08
    flip: float = 0.5
    roll: int = 32
    variance: Literal["within-batch", "pooled"] = "within-batch"
    codec: Literal["jpeg-q75", "png"] = "jpeg-q75"

    def __post_init__(self) -> None:
        _require(self.iterations >= 1, "recover.iterations", "at least 1", self.iterations)
        _require(self.batch >= 1, "recover.batch", "at least 1", self.batch)
        _require(self.lr > 0, "recover.lr", "a positive number", self.lr)
        _require(self.roll >= 0, "recover.roll", "0 or more pixels", self.roll)


@dataclass(frozen=True)
class Relabel:
    """How soft labels are made and replayed (FKD): crops, flips, CutMix, epochs and batch."""

    epochs: int = 300
    batch: int = 100
    crop_min: float = 0.08
    flip: float = 0.5
    cutmix: bool = True

    def __post_init__(self) -> None:
        _require(self.epochs >= 1, "relabel.epochs", "at least 1", self.epochs)
        _require(self.batch >= 1, "relabel.batch", "at least 1", self.batch)


@dataclass(frozen=True)
class Student:
    """How students are trained: by default AdamW, cosine to zero, KL without the T² factor.

    Epochs, batch, crops and mixing are those of the relabelled batches, in `Relabel`.

    Attributes:
        arch: "teacher" means the teacher's architecture.
        momentum: of SGD; AdamW has its usual betas.
        schedule: "cosine" ends at 0, "cosine-half" at half the rate (RDED's smoothed rate),
            "step" at a tenth from the middle on (the ConvNet line).
        warmup: epochs over which the rate rises linearly before the schedule begins.
        decay: weight decay on tensors with more than one dimension only, or on all.
        squared: whether the KL is multiplied by the squared temperature.
    """

    arch: str = "teacher"
    lr: float = 1e-3
    weight_decay: float = 0.01
    temperature: float = 20.0
    optimizer: Literal["adamw", "sgd"] = field(default="adamw", metadata=_ADDED)
    momentum: float = field(default=0.9, metadata=_ADDED)
    schedule: ScheduleName = field(default="cosine", metadata=_ADDED)
    warmup: int = field(default=0, metadata=_ADDED)
    decay: Literal["weights", "all"] = field(default="weights", metadata=_ADDED)
    squared: bool = field(default=False, metadata=_ADDED)

    def __post_init__(self) -> None:
        _require(self.warmup >= 0, "student.warmup", "0 or more epochs", self.warmup)
        _require(0 <= self.momentum < 1, "student.momentum", "in [0, 1)", self.momentum)
        _require(self.temperature > 0, "student.temperature", "positive", self.temperature)
        _require(self.lr > 0, "student.lr", "a positive number", self.lr)


@dataclass(frozen=True)
class Recipe:
    """Every hyper-parameter of one pipeline.

    Attributes:
        presets: distiller name -> values of its fields that this recipe fixes.
        precision: of convolutions; statistics and losses are always float32.
        deviations: "key=value" of every override, part of the id.
    """

    name: str
    profile: Profile
    squeeze: Squeeze = Squeeze()
    observe: Observe = Observe()
    recover: Recover = Recover()
    relabel: Relabel = Relabel()
    student: Student = Student()
    presets: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    precision: Precision = "fp32"
    deviations: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Name, profile and a hash of every value, such as `wmdd-code·quick@3fa21c`."""
        mark = "+" if self.deviations else ""
        return f"{self.name}{mark}·{self.profile}@{digest_of(replace(self, deviations=()))[:6]}"

    def values(self) -> dict[str, object]:
        """Every value by its key: `precision`, `relabel.epochs`, `wmdd.bn_weight`."""
        found: dict[str, object] = {"precision": self.precision}
        for section in SECTIONS:
            part = getattr(self, section)
            found |= {f"{section}.{item.name}": getattr(part, item.name) for item in fields(part)}
        for distiller, preset in self.presets.items():
            found |= {f"{distiller}.{name}": value for name, value in preset.items()}
        return found


SECTIONS: Mapping[str, type] = {
    "squeeze": Squeeze,
    "observe": Observe,
    "recover": Recover,
    "relabel": Relabel,
    "student": Student,
}
