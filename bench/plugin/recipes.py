"""Recipes: frozen bundles of every hyper-parameter of a pipeline, named and hashed.

`wmdd-code` follows the released code and `wmdd-paper` the text (arXiv:2311.18531); they disagree
in places that change the result and are never mixed silently. A deviation changes the recipe's id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Literal, get_args

from bench.core.errors import BadValue
from bench.core.fingerprint import LATER, digest_of

Profile = Literal["smoke", "quick", "paper"]
Precision = Literal["fp32", "bf16"]
ScheduleName = Literal["cosine", "cosine-half", "step"]
Form = Literal["norm", "squares"]
_ADDED = {LATER: True}
MOST_STEPS = 10_000_000  # of any length: beyond it somebody has mistyped
MOST_IMAGES = 1_000_000  # of any batch
MOST_WEIGHT = 1e12


def _require(ok: bool, name: str, expected: str, given: object) -> None:
    if not ok:
        raise BadValue(f"{name}: expected {expected}, given {given!r}")


def require_weight(name: str, given: float) -> None:
    """Refuses a weight of a term that is negative, not a number, or absurdly large."""
    _require(0 <= given <= MOST_WEIGHT, name, f"a weight from 0 to {MOST_WEIGHT:g}", given)


def require_count(name: str, given: int, unit: str, least: int = 1, most: int = MOST_STEPS) -> None:
    """Refuses a number of steps or images outside its range."""
    _require(given >= least, name, f"at least {least}", given)
    _require(given <= most, name, f"at most {most} {unit}", given)


def _require_rate(name: str, given: float) -> None:
    _require(0 < given <= 1e6, name, "a positive number up to 1e6", given)


def _require_share(name: str, given: float, most: str = "1]") -> None:
    _require(0 <= given <= 1 and (most == "1]" or given < 1), name, f"in [0, {most}", given)


def _require_crop(name: str, given: float) -> None:
    _require(0 < given <= 1, name, "a share of the area in (0, 1]", given)


@dataclass(frozen=True)
class Setting:
    """Where a value is in a recipe, such as `objective.bn_weight`.

    A parameter of a distiller that is annotated with one, `Annotated[float, Setting(...)]`, gets
    the recipe's value; a row of a study may give one in place of a value.
    """

    key: str

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class AtMost:
    """A length that a row of a study asks for, where the profile has no shorter one."""

    most: int


@dataclass(frozen=True)
class Squeeze:
    """How the teacher is trained: SGD with momentum, cosine to zero, random resized crops.

    Attributes:
        arch: name of the teacher's network.
        epochs: passes over the real set, at least 1.
        batch: images of a step, at least 2.
        lr: highest learning rate, above 0.
        momentum: of SGD, in [0, 1).
        weight_decay: in [0, 1].
        crop_min: smallest crop as a share of the image's area, in (0, 1].
        flip: probability of a mirror image, in [0, 1].
        seed: of the initial weights and of the order and crops of the images.
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
        require_count("squeeze.epochs", self.epochs, "epochs")
        require_count("squeeze.batch", self.batch, "images", 2, MOST_IMAGES)
        require_count("squeeze.warmup", self.warmup, "epochs", 0)
        require_count("squeeze.seed", self.seed, "as a seed", 0, 2**63 - 1)
        _require_rate("squeeze.lr", self.lr)
        _require_share("squeeze.momentum", self.momentum, "1)")
        _require_share("squeeze.weight_decay", self.weight_decay)
        _require_crop("squeeze.crop_min", self.crop_min)
        _require_share("squeeze.flip", self.flip)


@dataclass(frozen=True)
class Observe:
    """How the teacher looks at the real set: unaugmented, in batches of one class.

    Attributes:
        batch: images of one class that pass the teacher together, at least 1.
        layers: names of the layers whose features are kept; "penultimate" is the one before
            the classifier.
    """

    batch: int = 100
    layers: tuple[str, ...] = ("penultimate",)

    def __post_init__(self) -> None:
        require_count("observe.batch", self.batch, "images", 1, MOST_IMAGES)
        _require(bool(self.layers), "observe.layers", "at least one layer", self.layers)
        once = len(set(self.layers)) == len(self.layers)
        _require(once, "observe.layers", "each layer once", ",".join(self.layers))


@dataclass(frozen=True)
class Solving:
    """How barycenters are solved where a distiller leaves it to the recipe.

    Attributes:
        solver: a name in `bench.transport.solvers`.
        iterations: most position updates.
    """

    solver: str = "uniform"
    iterations: int = 100

    def __post_init__(self) -> None:
        require_count("barycenter.iterations", self.iterations, "iterations")


@dataclass(frozen=True)
class Objective:
    """What a recovery minimises: the form of its terms and their weights.

    Attributes:
        bn_weight: on the BatchNorm regularizer, lambda of Eq. 15 of arXiv:2311.18531.
        sre2l_bn_weight: the same of SRe2L and its curriculum, whose scripts give it another size.
        ce_weight: on cross-entropy in WMDD; the released code adds it, Eq. 15 has none.
        form: unsquared norms averaged over classes (released), or sums of squares (Eq. 12, 13).
    """

    bn_weight: float = 10.0
    sre2l_bn_weight: float = 0.01
    ce_weight: float = 1.0
    form: Form = "norm"

    def __post_init__(self) -> None:
        require_weight("objective.bn_weight", self.bn_weight)
        require_weight("objective.sre2l_bn_weight", self.sre2l_bn_weight)
        require_weight("objective.ce_weight", self.ce_weight)
        _require(self.form in get_args(Form), "objective.form", "norm or squares", self.form)


@dataclass(frozen=True)
class Recover:
    """How synthetic images are optimised: Adam with cosine decay, one crop shared by the batch.

    Attributes:
        iterations: steps of Adam, at least 1.
        lr: highest learning rate, above 0.
        beta1, beta2: of Adam, in [0, 1).
        batch: synthetic images that are optimised together, at least 1.
        crop_min: smallest crop as a share of the image's area, in (0, 1].
        flip: probability of a mirror image, in [0, 1].
        variance: which per-class variance of the real set is the target: the mean of within-batch
            variances (released code) or the pooled variance.
        roll: images are rolled by up to this many pixels, along both axes.
        rolls: by 0..roll pixels (WMDD, SRe2L's ImageNet script), or by -roll..roll (its Tiny one).
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
    rolls: Literal["forward", "both-ways"] = "forward"

    def __post_init__(self) -> None:
        require_count("recover.iterations", self.iterations, "iterations")
        require_count("recover.batch", self.batch, "images", 1, MOST_IMAGES)
        require_count("recover.roll", self.roll, "pixels", 0, 1024)
        _require_rate("recover.lr", self.lr)
        _require_share("recover.beta1", self.beta1, "1)")
        _require_share("recover.beta2", self.beta2, "1)")
        _require_crop("recover.crop_min", self.crop_min)
        _require_share("recover.flip", self.flip)


@dataclass(frozen=True)
class Relabel:
    """How soft labels are made and replayed (FKD): crops, flips, CutMix, epochs and batch.

    Attributes:
        epochs: passes over the synthetic set that are labelled, and that a student sees.
        batch: images of a step, at least 1.
        crop_min: smallest crop as a share of the image's area, in (0, 1].
        flip: probability of a mirror image, in [0, 1].
        cutmix: whether a box of another image is pasted into each image.
        shuffle_patches: each image is cut into so many rows and columns of patches, whose order is
            drawn anew before it is cropped (RDED's ShufflePatches); 1 leaves images as they are.
    """

    epochs: int = 300
    batch: int = 100
    crop_min: float = 0.08
    flip: float = 0.5
    cutmix: bool = True
    shuffle_patches: int = field(default=1, metadata=_ADDED)

    def __post_init__(self) -> None:
        require_count("relabel.epochs", self.epochs, "epochs")
        require_count("relabel.batch", self.batch, "images", 1, MOST_IMAGES)
        _require_crop("relabel.crop_min", self.crop_min)
        _require_share("relabel.flip", self.flip)
        require_count("relabel.shuffle_patches", self.shuffle_patches, "parts a side", 1, 127)


@dataclass(frozen=True)
class Student:
    """How students are trained: by default AdamW, cosine to zero, KL without the T² factor.

    Epochs, batch, crops and mixing are those of the relabelled batches, in `Relabel`.

    Attributes:
        lr: highest learning rate, above 0.
        weight_decay: in [0, 1].
        temperature: of the soft labels and of the student's logits, above 0.
        optimizer: "adamw" or "sgd".
        arch: "teacher" means the teacher's architecture.
        momentum: of SGD; AdamW has its usual betas.
        schedule: "cosine" ends at 0, "cosine-half" at half the rate (RDED's smoothed rate),
            "step" at a tenth from the middle on (the ConvNet line).
        warmup: epochs over which the rate rises linearly before the schedule begins.
        decay: weight decay on tensors with more than one dimension only, or on all.
        squared: whether the KL is multiplied by the squared temperature.
        ce_weight: on cross-entropy to the hard labels where the logits are matched (`fkd-mse`).
        ema: decay per update of the moving average of the weights that is judged; 0 judges the
            weights themselves.
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
    ce_weight: float = field(default=0.025, metadata=_ADDED)
    ema: float = field(default=0.0, metadata=_ADDED)

    def __post_init__(self) -> None:
        require_count("student.warmup", self.warmup, "epochs", 0)
        require_weight("student.ce_weight", self.ce_weight)
        _require_share("student.ema", self.ema, "1)")
        _require_share("student.momentum", self.momentum, "1)")
        _require_share("student.weight_decay", self.weight_decay)
        _require_rate("student.temperature", self.temperature)
        _require_rate("student.lr", self.lr)


@dataclass(frozen=True)
class Recipe:
    """Every hyper-parameter of one pipeline.

    Attributes:
        name: of the recipe without its hash.
        profile: "smoke", "quick" or "paper".
        squeeze, observe, barycenter, objective, recover, relabel, student: the sections.
        precision: of convolutions; statistics and losses are always float32.
        presets: distiller -> values of its own fields that this recipe fixes.
        evaluator: by which cells are scored whose study asks for no other than `fkd`.
        deviations: "key=value" of every override, part of the id.
    """

    name: str
    profile: Profile
    squeeze: Squeeze = Squeeze()
    observe: Observe = Observe()
    barycenter: Solving = Solving()
    objective: Objective = Objective()
    recover: Recover = Recover()
    relabel: Relabel = Relabel()
    student: Student = Student()
    precision: Precision = "fp32"
    evaluator: str = "fkd"
    presets: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    deviations: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Name, profile and a hash of every value, such as `wmdd-code·quick@3fa21c`."""
        mark = "+" if self.deviations else ""
        return f"{self.name}{mark}·{self.profile}@{digest_of(replace(self, deviations=()))[:6]}"

    def value(self, setting: Setting) -> object:
        """The value at a setting."""
        section, _, name = setting.key.partition(".")
        return getattr(getattr(self, section), name)

    def values(self) -> dict[str, object]:
        """Every value by its key: `precision`, `relabel.epochs`, `objective.bn_weight`."""
        found: dict[str, object] = {"precision": self.precision, "evaluator": self.evaluator}
        for section in SECTIONS:
            part = getattr(self, section)
            found |= {f"{section}.{item.name}": getattr(part, item.name) for item in fields(part)}
        for distiller, preset in self.presets.items():
            found |= {f"{distiller}.{name}": value for name, value in preset.items()}
        return found


SECTIONS: Mapping[str, type] = {
    "squeeze": Squeeze,
    "observe": Observe,
    "barycenter": Solving,
    "objective": Objective,
    "recover": Recover,
    "relabel": Relabel,
    "student": Student,
}

# what a distiller's parameters are annotated with, to get the recipe's value
RecipeCodec = Annotated[Literal["jpeg-q75", "png"], Setting("recover.codec")]
BnWeight = Annotated[float, Setting("objective.bn_weight")]
Sre2lBnWeight = Annotated[float, Setting("objective.sre2l_bn_weight")]
CeWeight = Annotated[float, Setting("objective.ce_weight")]
RecipeForm = Annotated[Form, Setting("objective.form")]
SolverName = Annotated[str, Setting("barycenter.solver")]
SolverIterations = Annotated[int, Setting("barycenter.iterations")]
