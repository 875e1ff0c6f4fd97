"""The recipes of G-VBSM, EDC and SCDD, as changes of a base recipe of the same profile.

Their settings are those of the released scripts for the data set's kind: ImageNet-1K, Tiny
ImageNet, CIFAR-100 and CIFAR-10; other sets have those of the kind that is next in size and
classes. Teachers are trained here, padded crops of small images are rolls, the last epoch counts.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from bench.data.spec import DatasetSpec
from bench.plugin.recipes import Recipe, Relabel, Squeeze, Student

Kind = Literal["photographs", "tiny", "many", "few"]
ENSEMBLE = "fkd-mse-ensemble"
PHOTOGRAPH_SIDE = 128  # pixels from which on images are photographs
TINY_SIDE = 64  # above CIFAR's up to here
CIFAR_SIDE = 32
MANY_CLASSES = 100


def kind_of(spec: DatasetSpec) -> Kind:
    """Which script a data set gets."""
    if spec.resolution >= PHOTOGRAPH_SIDE:
        return "photographs"
    if spec.resolution > CIFAR_SIDE:
        return "tiny"
    return "many" if spec.num_classes >= MANY_CLASSES else "few"


def _squeeze(base: Recipe, kind: Kind) -> Squeeze:
    """How G-VBSM trains its backbones; EDC's are similar."""
    found = {
        "photographs": base.squeeze,
        "tiny": Squeeze(epochs=50, batch=128, lr=0.1, weight_decay=0.0),
        "many": Squeeze(epochs=50, batch=64, lr=0.05, weight_decay=0.0),
        "few": Squeeze(epochs=5, batch=64, lr=0.05, weight_decay=0.0),
    }
    return found[kind]


def g_vbsm(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """G-VBSM by its official scripts: 4000 iterations, MSE to the ensemble's logits, hard labels.

    Source: arXiv:2311.17950 and its repository; methods.md 7.2. It is meant for the distiller
    `g-vbsm`. Differs: backbones on CIFAR have a cosine instead of a constant rate.
    """
    kind = kind_of(spec)
    large, cifar = kind == "photographs", kind in ("many", "few")
    momentum, drop = (0.4, 0.0) if large else (0.8, 0.4)
    sgd = Student(lr=0.1, weight_decay=5e-4, optimizer="sgd", decay="all")
    relabel = {
        "photographs": Relabel(epochs=300, batch=1024),
        "tiny": Relabel(epochs=100, batch=100),
        "many": Relabel(epochs=1000, batch=64),
        "few": Relabel(epochs=1000, batch=100),
    }[kind]
    return replace(
        base,
        name="g-vbsm",
        squeeze=_squeeze(base, kind),
        recover=replace(
            base.recover,
            iterations=4000,
            lr=0.1 if large else 0.05,
            batch=80 if large else 100,
            crop_min=0.08 if large else 1.0,
            roll=32,
            codec="jpeg-q75" if large else "png",
        ),
        relabel=relabel,
        student=replace(
            sgd if kind in ("tiny", "many") else Student(), ce_weight=0.15 if cifar else 0.1
        ),
        evaluator=ENSEMBLE,
        presets=_presets(base, "g-vbsm", momentum=momentum, drop=drop),
    )


def edc(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """EDC by its official scripts: real images as a start, a smoothed rate, averaged weights.

    Source: arXiv:2404.13733 and its repository; methods.md 8. It is meant for the distiller `edc`.
    Differs: labels of small images are stored; CIFAR-100's rate is a cosine to the end.
    """
    kind = kind_of(spec)
    recover = replace(base.recover, lr=0.05, crop_min=0.5, roll=0)
    sgd = Student(lr=0.1, weight_decay=5e-4, optimizer="sgd", decay="all")
    lengths = {"photographs": (1000, 80), "tiny": (2000, 100), "many": (2000, 100), "few": (75, 10)}
    iterations, batch = lengths[kind]
    relabel, taught = {
        "photographs": (
            Relabel(epochs=300, batch=100, crop_min=0.5, shuffle_patches=2),
            Student(schedule="cosine-half"),
        ),
        "tiny": (Relabel(epochs=300, batch=100, crop_min=0.5), sgd),
        "many": (Relabel(epochs=1000, batch=50, crop_min=0.5), sgd),
        "few": (Relabel(epochs=1000, batch=10, crop_min=0.5), Student(schedule="step")),
    }[kind]
    return replace(
        base,
        name="edc",
        squeeze=_squeeze(base, kind),
        recover=replace(recover, iterations=iterations, batch=batch),
        relabel=relabel,
        student=replace(taught, ce_weight=0.025, ema=0.99),
        evaluator=ENSEMBLE,
        presets=_presets(
            base,
            "edc",
            statistics_weight=0.1 if kind == "photographs" else 0.01,
            drop=0.0 if kind == "photographs" else 0.4,
        ),
    )


def scdd(base: Recipe, spec: DatasetSpec, ipc: int, student: str) -> Recipe:
    """SCDD by its official scripts: 1000 iterations, student batch 64; its own SGD for teachers.

    Source: arXiv:2404.07976, its scripts, and its table where there is no script (Tiny ImageNet);
    methods.md 6. It is meant for the distiller `scdd`. Differs: the supervised teacher that labels
    is trained for as long as the unsupervised one; on CIFAR, CutMix stands for mixup.
    """
    kind = kind_of(spec)
    large, cifar = kind == "photographs", kind in ("many", "few")
    recover = {
        "photographs": replace(base.recover, lr=0.1, batch=50),
        "tiny": replace(base.recover, lr=0.6, roll=4),
        "many": replace(base.recover, lr=0.4, crop_min=1.0, roll=4),
    }
    relabel, taught = {
        "photographs": (Relabel(epochs=300, batch=64), Student()),
        "tiny": (
            Relabel(epochs=500, batch=64),
            Student(lr=0.2, weight_decay=1e-4, optimizer="sgd", decay="all"),
        ),
        "many": (
            Relabel(epochs=200, batch=64, crop_min=0.6),
            Student(temperature=30.0, schedule="cosine-half"),
        ),
    }["many" if cifar else kind]
    return replace(
        base,
        name="scdd",
        squeeze=replace(base.squeeze, epochs=200, batch=256, lr=0.03 if large else 0.06),
        objective=replace(base.objective, sre2l_bn_weight=0.005 if cifar else 0.01),
        recover=replace(recover["many" if cifar else kind], iterations=1000),
        relabel=relabel,
        student=taught,
        evaluator="online-kd",
    )


def _presets(base: Recipe, distiller: str, **values: object) -> Mapping[str, Mapping[str, object]]:
    return {**base.presets, distiller: values}
